export { connect, DEFAULT_TRAITS, leave, rowSource, signalSource, subscribeRows, UNKNOWN_PLAN } from './connect';
export { after, defaultScheduler, isSystemClock, type SchedulerLike } from './clock';
export { Kind, signalOf } from './edge';
export { Graph, type LiveStage } from './graph';
<<<<<<< HEAD
export { ManualRun, type Batch, type OutputMode, type Run } from './run';
export { Pulse } from './pulse';
=======
export { ManualRun, type Batch, type EventTimes, type OutputMode, type Proposal, type Run } from './run';
>>>>>>> f4634b1 (Query graph: sources, outputs, watermarks and the clock of a batch)
export { FusedStream, infoOf, originOf, type StreamInfo } from './stream';
export { TASK, type Entry } from './trampoline';
