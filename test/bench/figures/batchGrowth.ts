import {
  agg,
  aggregate,
  alertWhen,
  deduplicate,
  dropDuplicates,
  filterRows,
  flatMapGroupsWithState,
  intervalJoin,
  memorySink,
  memorySource,
  previousRows,
  session,
  streamingQuery,
  threshold,
  topN,
  tumbling,
  withWatermark,
  type EventStream,
  type GroupState,
  type UntimedStream,
} from '../library';
import { collectGarbage, cpuMsOf } from '../measure';
import { rounded, type Result } from '../report';

/** Rows, and as many keys, in the smaller state; the larger one has four times as many. */
const ROWS = 10_000;
const FACTOR = 4;
const SMALL = 10;
/** So many small batches that a snapshot of everything is among them, once: it comes every forty at the most. */
const BATCHES = 40;
const START = 1_699_999_200_000;

interface Row {
  readonly t: number;
  readonly k: string;
  readonly v: number;
}

type Timed = EventStream<Row>;
interface Query {
  readonly mode: 'append' | 'update';
  readonly pipe: (rows$: Timed) => EventStream<unknown>;
}

const select = { n: agg.count() } as const;
const append = (pipe: Query['pipe']): Query => ({ mode: 'append', pipe });
const update = (pipe: (rows$: Timed) => unknown): Query => ({ mode: 'update', pipe: pipe as Query['pipe'] });

const queries: Readonly<Record<string, Query>> = {
  tumbling: append((rows$) => rows$.pipe(aggregate({ id: 'a', key: 'k', window: tumbling(1000), select }))),
  session: append((rows$) => rows$.pipe(aggregate({ id: 'a', key: 'k', window: session(1000), select }))),
  'for ever': update((rows$) => rows$.pipe(aggregate({ id: 'a', key: 'k', select }))),
  dropDuplicates: append((rows$) => rows$.pipe(dropDuplicates(['k', 't'], { id: 'a' }))),
  deduplicate: update((rows$) => rows$.pipe(deduplicate({ id: 'a', key: 'k', keep: 'last' }))),
  topN: append((rows$) => rows$.pipe(topN({ id: 'a', key: 'k', n: 3, by: 'v', window: tumbling(1000) }))),
  previousRows: append((rows$) => rows$.pipe(previousRows({ id: 'a', key: 'k', n: 2, select: { s: agg.sum('v') } }))),
  alertWhen: append((rows$) =>
    rows$.pipe(alertWhen({ id: 'a', key: 'k', when: threshold({ metric: 'v', threshold: 500 }), for: 500, resolved: true })),
  ),
  flatMapGroupsWithState: update((rows$) =>
    rows$.pipe(
      flatMapGroupsWithState({
        id: 'a',
        key: 'k',
        update: (key, rows, state: GroupState<number>) => {
          state.update((state.getOption() ?? 0) + rows.length);
          return key;
        },
      }),
    ),
  ),
  intervalJoin: append((rows$) =>
    rows$.pipe(
      intervalJoin(rows$.pipe(filterRows(({ v }) => v < 500)), {
        id: 'a',
        on: 'k',
        within: { before: 1000, after: 1000 },
        select: ({ t }) => t,
      }),
    ),
  ),
};

/** How much longer small batches take when four times as much lies in state: 1 where they cost what they change. */
export async function batchGrowth(): Promise<Result[]> {
  const results: Result[] = [];
  for (const [name, query] of Object.entries(queries)) {
    await smallBatches(query, ROWS);
    const [one, four] = [await smallBatches(query, ROWS), await smallBatches(query, ROWS * FACTOR)];
    const details = { 'ms/batch': rounded(four) };
    results.push({
      workload: `small batches: ${name}`,
      value: rounded(four / one, 1),
      unit: `× for ${FACTOR} × the state`,
      details,
    });
  }
  return results;
}

/** CPU ms of one batch of ten rows, with `count` keys in state. */
async function smallBatches({ mode, pipe }: Query, count: number): Promise<number> {
  const source = memorySource<Row>([], { retain: 'uncommitted' });
  const timed = (rows$: UntimedStream<Row>): Timed => rows$.pipe(withWatermark('t', '1 hour', { id: 'time' }));
  const query = streamingQuery(source, (rows$) => pipe(timed(rows$))).writeStream({
    sink: memorySink(),
    outputMode: mode,
    onAdvice: () => {},
  });
  await query.start();
  let next = 0;
  const feed = (rows: number): Promise<unknown> => {
    for (let i = 0; i < rows; i++, next++) source.add({ t: START + next, k: `key${next % count}`, v: (next * 7919) % 1000 });
    return query.processAllAvailable();
  };
  await feed(count);
  collectGarbage();
  const ms = await cpuMsOf(async () => {
    for (let i = 0; i < BATCHES; i++) await feed(SMALL);
  });
  await query.stop();
  return ms / BATCHES;
}
