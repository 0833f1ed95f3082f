import type { CheckpointLocation } from '../checkpoint/backend';
import type { Checkpoint } from '../checkpoint/checkpoint';
import type { Journal } from '../connectors/source';
import type { SchedulerLike } from '../rx';

/** What is given to the engine of a query: clock, randomness, and where its checkpoint lies. */
export interface Surroundings {
  readonly scheduler: SchedulerLike;
  newId(): string;
  newSeed(): number;
  wake(): void;
  /** A batch has its plan: its rows are on their way. */
  planned(): void;
  openCheckpoint(location: CheckpointLocation): Promise<Checkpoint>;
  /** A source's log in the checkpoint; undefined where nothing is durable. */
  openJournal(queryId: string, source: string): Promise<Journal | undefined>;
}
