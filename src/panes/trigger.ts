/** What a trigger looks at besides its own state. */
export interface Moment {
  /** Processing time. */
  readonly now: number;
  /** The watermark of on-time results. */
  readonly emit: number;
  /** End of the window. */
  readonly end: number;
}

/** A row that came to the window. */
export interface Arrival extends Moment {
  /** Its event time. */
  readonly time: number;
  /** Which of the trigger's conditions it meets. */
  readonly met: ReadonlySet<Condition>;
}

/** A user's function over rows, by identity. */
export type Condition = (row: never) => unknown;

/**
 * Says when the window of a key speaks. A trigger itself is immutable and shared; what it has to remember of one window
 * is its state, plain data that a checkpoint holds. `T` is the row it can be used on.
 *
 * Source: Beam's triggers (Akidau et al., The Dataflow Model, VLDB 2015).
 */
export interface Trigger<in T = never> {
  /** Absent: phantom, so that a condition over other rows does not compile. */
  readonly row?: (row: T) => void;
  /** The state of a window that has no row yet. */
  create(): unknown;
  onRow(state: unknown, at: Arrival): void;
  /** Is it to speak now? */
  isDue(state: unknown, at: Moment): boolean;
  /** It has spoken, being due. True: it is done, and never due again. */
  fired(state: unknown, at: Moment): boolean;
  /** Sessions that become one: `from` goes into `into`. */
  merge(into: unknown, from: unknown): void;
  /** It may be due once the watermark is above this event time; Infinity: not by event time. */
  eventTimer(state: unknown): number;
  /** It may be due at this processing time; Infinity: not by processing time. */
  clockTimer(state: unknown): number;
  /** Everything in it that the rows are tested with. */
  readonly conditions: readonly Condition[];
  /** The shortest processing time it may set a timer ahead; Infinity: it sets none. */
  readonly shortestMs: number;
  /** As plain data, for `explain()` and the plan. */
  describe(): unknown;
}

/** What most triggers have in common. */
export const QUIET = {
  onRow: () => undefined,
  merge: () => undefined,
  eventTimer: () => Infinity,
  clockTimer: () => Infinity,
  conditions: [],
  shortestMs: Infinity,
} as const;
