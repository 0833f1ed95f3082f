import type { Metric } from '../data';
import {
  agg,
  aggregate,
  fileCheckpoint,
  flatMapGroupsWithState,
  memorySink,
  memorySource,
  streamingQuery,
  tumbling,
  withWatermark,
  type GroupState,
  type MemorySource,
  type EventStream,
  type QueryProgress,
  type StreamingQuery,
  type UntimedStream,
} from '../library';
import { fineClock } from './surroundings';

/** Rows of a batch; each has another key. */
export const CHANGED = 1000;
/** Of the batches that fill the state. */
const LIMIT = 20_000;
const START = 1_699_999_200_000;

interface Sums {
  readonly n: number;
  readonly total: number;
}

/** Which operator keeps the keys: in keyed state, or in a window that does not close. */
export type Keeper = 'keyed' | 'windows';

/** A query over rows of so many keys, with its checkpoint in files; it gives nothing, so that only its state is written. */
export class Keeping {
  readonly source: MemorySource<Metric> = memorySource<Metric>([], { retain: 'uncommitted', maxRowsPerTrigger: LIMIT });
  readonly query: StreamingQuery;
  progress: QueryProgress[] = [];
  private at = 0;

  constructor(
    folder: string,
    keeper: Keeper,
    private readonly keys: number,
  ) {
    this.query = streamingQuery(this.source, (rows$): AnyStream =>
      keeper === 'keyed' ? keyed(rows$) : windows(rows$),
    ).writeStream({
      sink: memorySink(),
      checkpoint: fileCheckpoint(`${folder}/checkpoint`),
      scheduler: fineClock,
      onAdvice: () => {},
    });
    this.query.progress$.subscribe((one) => this.progress.push(one));
  }

  /** Every key once, in larger batches. */
  async fill(): Promise<void> {
    for (let left = this.keys; left > 0; left -= LIMIT) await this.take(Math.min(left, LIMIT));
  }

  /** One batch in which `CHANGED` keys change. */
  async change(): Promise<void> {
    await this.take(CHANGED);
  }

  private async take(count: number): Promise<void> {
    this.source.add(...Array.from({ length: count }, (_, i) => ({ t: START, k: `key-${this.at++ % this.keys}`, v: i })));
    await this.query.processAllAvailable();
  }
}

type Rows = UntimedStream<Metric>;
type AnyStream = UntimedStream<unknown> | EventStream<unknown>;

const keyed = (rows$: Rows): UntimedStream<Sums> =>
  rows$.pipe(
    flatMapGroupsWithState({
      id: 'keyed',
      key: 'k',
      update: (_key, rows, state: GroupState<Sums>): Sums[] => {
        const { n, total } = state.getOption() ?? { n: 0, total: 0 };
        state.update({ n: n + rows.length, total: rows.reduce((sum, { v }) => sum + (v ?? 0), total) });
        return [];
      },
    }),
  );

const windows = (rows$: Rows): EventStream<unknown> =>
  rows$.pipe(
    withWatermark('t', '1 day', { id: 'time' }),
    aggregate({ id: 'windows', key: 'k', window: tumbling('1 hour'), select: { n: agg.count(), total: agg.sum('v') } }),
  );
