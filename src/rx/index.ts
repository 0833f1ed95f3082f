export { connect, DEFAULT_TRAITS, leave, rowSource, signalSource, subscribeRows, UNKNOWN_PLAN } from './connect';
export { after, defaultScheduler, isSystemClock, type SchedulerLike } from './clock';
export { Kind, signalOf } from './edge';
export { Graph, type LiveStage } from './graph';
export { ManualRun, type Batch, type EventTimes, type OutputMode, type Proposal, type Run } from './run';
export { Subject } from 'rxjs';
export { Pulse } from './pulse';
export { FusedStream, infoOf, originOf, type StreamInfo } from './stream';
export { TASK, type Entry } from './trampoline';
