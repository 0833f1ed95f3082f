import type {
  CommitRecord,
  Json,
  OperatorDelta,
  OperatorImage,
  PlanRecord,
  StagedOutput,
  StageRecord,
  StateImage,
} from './records';

/** A stateful operator as its state knows it. */
export interface OperatorState {
  readonly type: string;
  /** What must not change while the state lives. Of an older version, `migrate` says how. */
  readonly schema: Json;
  /** Version of the schema; default 1. */
  readonly version?: number;
  /** From version n (the key) to n + 1. All steps that are needed run at the start, and become durable with the next commit. */
  readonly migrate?: Readonly<Record<number, (state: OperatorImage) => OperatorImage>>;
}

/** What a query tells its checkpoint about itself. */
export interface CheckpointOptions {
  readonly name: string | null;
  /** Stateful operators by id: compared with what the state was written by. */
  readonly operators: ReadonlyMap<string, OperatorState>;
  /** Names of sources and sinks. */
  readonly sources: readonly string[];
  readonly sinks: readonly string[];
  /** The plan as plain data: shown in the difference when it has changed. */
  readonly plan: Json;
  /** State of these operators may be dropped; of any other, a missing operator is an error. */
  readonly allowDroppedState: readonly string[];
  /** Types of operators whose state goes when it no longer fits, or is found under another id: it keeps nothing of value. */
  readonly disposable?: ReadonlySet<string>;
  /** Batches whose plans and commits are kept besides the newest. Default 100. */
  readonly minBatchesToRetain: number;
  now(): number;
  /** 128 random bits as text. */
  newId(): string;
  /** Who this is: process, tab. */
  readonly owner: string;
}

/** The durable side of a query: identity, plans, stages, commits, state. One holder at a time. */
export interface Checkpoint {
  /** Random, made with the checkpoint, survives restarts. */
  readonly queryId: string;
  readonly epoch: number;
  /** The newest commit. */
  readonly last: CommitRecord | undefined;
  /** The newest plan, if its batch is not committed. */
  readonly pending: PlanRecord | undefined;
  /** The newest plan of all: its W is one of the two that a restart compares. */
  readonly lastPlan: PlanRecord | undefined;
  /** The state as of `last`. */
  readState(): Promise<StateImage>;
  /** The published stages of the pending batch; outputs are read on demand. */
  stages(): Promise<readonly StoredStage[]>;
  plan(record: PlanRecord): Promise<void>;
  /** The same plan with rows left out: replaces the pending one under a new name. */
  amend(record: PlanRecord): Promise<void>;
  stage(record: StageRecord): Promise<void>;
  /** Ends the pending batch with the stage of `record.attempt`. */
  commit(record: CommitRecord): Promise<void>;
  /**
   * Between batches: snapshots, retention, garbage.
   * @param state - the whole state as of `last`, where it is at hand: a snapshot then need not read its deltas again
   */
  maintain(state?: WholeState): Promise<void>;
  /** Takes the newest commit back, so that its batch is repeated. */
  dropLastCommit(): Promise<void>;
  /** Ids still kept, rising. */
  offsetIds(): Promise<readonly number[]>;
  commitIds(): Promise<readonly number[]>;
  /** @param state - as in `maintain` */
  close(state?: WholeState): Promise<void>;
}

/** Everything that the operators hold, each table whole; asked only when it is needed. */
export type WholeState = () => readonly OperatorDelta[];

/** A stage found at recovery: verified. */
export interface StoredStage {
  readonly attempt: string;
  readonly hasOutputs: boolean;
  readonly nextWatermark: number;
  readonly counters: Readonly<Record<string, Json>>;
  readonly to?: Readonly<Record<string, Json>>;
  outputs(): Promise<readonly StagedOutput[]>;
}
