import type { UntimedStream } from 'tidemark';
import type { Flow } from './flow';

/** Rows, what is made of them, and what is said about it. */
export interface Job<Raw = unknown> {
  readonly title: string;
  /** Where the rows come from, and why the delay is what it is. */
  readonly about: readonly string[];
  /** Everything that decides what comes out, as plain data: a run goes on only as the job that it began as. */
  readonly identity: object;
  /** In the same order whenever they are asked for. */
  readonly rows: AsyncIterable<Raw> | Iterable<Raw>;
  /** How many rows there are, where that is known before. */
  readonly total?: number;
  /** The delay of the watermark, where rows are judged by it one by one. */
  readonly delayMs: number;
  /** True where duplicates are looked for: that operator judges each row, not its windows. */
  readonly judgesRows: boolean;
  /** What the key is called in the files. */
  readonly keyName: string;
  /**
   * A method, so that a job of earthquakes is a job of anything.
   *
   * @param now - when the job was first started, epoch ms
   */
  flow(raw$: UntimedStream<Raw>, now: number): Flow;
}
