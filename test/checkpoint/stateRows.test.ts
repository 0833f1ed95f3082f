import type { Observable } from 'rxjs';
import { readCheckpoint } from 'tidemark/node';
import {
  agg,
  aggregate,
  availableNow,
  flatMapGroupsWithState,
  memoryCheckpoint,
  memorySink,
  memorySource,
  optional,
  schema,
  streamingQuery,
  transformWithState,
  tumbling,
  withWatermark,
  type Collector,
  type Element,
  type UntimedStream,
} from 'tidemark';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import type { CheckpointReader } from '../../src/checkpoint/reader';

interface View {
  readonly at: number;
  readonly video: string;
  readonly views: number;
  readonly engagement: number | null;
}

/** What the window of a row has been so far. */
interface Figures {
  readonly window_end: number;
  readonly last_updated: number | null;
  readonly video_count: number;
  readonly total_views: number;
  readonly avg_engagement: number;
  readonly internal: string;
}

const HOUR = 3_600_000;
const startOf = (row: View): number => Math.floor(row.at / HOUR) * HOUR;

const stats = schema({
  window_start: 'timestamp',
  window_end: 'timestamp',
  video_count: 'long',
  total_views: 'long',
  avg_engagement: 'double',
  last_updated: 'timestamp',
});

const VIEWS: readonly View[] = [
  { at: HOUR + 1, video: 'a', views: 10, engagement: 0.5 },
  { at: HOUR + 2, video: 'b', views: 5, engagement: 0.25 },
  { at: 2 * HOUR, video: 'a', views: 7, engagement: 1 },
];

/** The reader of what a query keeps after these batches, each of a run of its own. */
async function stateOf(
  pipeline: (rows$: UntimedStream<View>) => Observable<Element<unknown, 'event' | 'untimed'>>,
  ...batches: readonly (readonly View[])[]
): Promise<CheckpointReader> {
  const checkpoint = memoryCheckpoint();
  const source = memorySource<View>([]);
  for (const batch of batches) {
    source.add(...batch);
    const query = streamingQuery(source, pipeline as (rows$: UntimedStream<View>) => UntimedStream<unknown>).writeStream({
      sink: memorySink<unknown>(),
      checkpoint,
      trigger: availableNow(),
      onAdvice: () => {},
    });
    await query.start();
    await query.awaitTermination();
  }
  return readCheckpoint(checkpoint);
}

/** Windows in the hands of a user: `last_updated` is what `stamp` says. */
const windows =
  (stamp: (row: View) => number | null) =>
  (rows$: UntimedStream<View>): UntimedStream<never> =>
    rows$.pipe(
      flatMapGroupsWithState({
        id: 'windows',
        key: { window_start: startOf },
        update: ({ window_start }, rows, state: { getOption(): Figures | undefined; update(next: Figures): void }) => {
          const before = state.getOption();
          const n = (before?.video_count ?? 0) + rows.length;
          const sum = (before?.avg_engagement ?? 0) * (before?.video_count ?? 0);
          state.update({
            window_end: window_start + HOUR,
            last_updated: stamp(rows.at(-1)!),
            video_count: n,
            total_views: (before?.total_views ?? 0) + rows.reduce((total, { views }) => total + views, 0),
            avg_engagement: (sum + rows.reduce((total, { engagement }) => total + (engagement ?? 0), 0)) / n,
            internal: 'not asked for',
          });
          return [];
        },
      }),
    );

/** What it is refused with. */
const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing',
    (cause: unknown) => cause,
  );

describe('state as rows of a schema', () => {
  it('[D47] has exactly the columns and types of the schema, key and value, as of any batch', async () => {
    const reader = await stateOf(
      windows(({ at }) => at),
      VIEWS.slice(0, 1),
      VIEWS.slice(1),
    );
    const rows = await reader.stateRows('windows', stats);
    expectTypeOf(rows[0]!).toEqualTypeOf<{
      window_start: number;
      window_end: number;
      video_count: number;
      total_views: number;
      avg_engagement: number;
      last_updated: number;
    }>();
    expect(rows).toStrictEqual([
      {
        window_start: HOUR,
        window_end: 2 * HOUR,
        video_count: 2,
        total_views: 15,
        avg_engagement: 0.375,
        last_updated: HOUR + 2,
      },
      { window_start: 2 * HOUR, window_end: 3 * HOUR, video_count: 1, total_views: 7, avg_engagement: 1, last_updated: 2 * HOUR },
    ]);
    expect(Object.keys(rows[0]!)).toEqual(stats.columns);
    expect(await reader.stateRows('windows', stats, { batch: 0 })).toMatchObject([{ video_count: 1, last_updated: HOUR + 1 }]);
  });

  it.each([
    ['a null in a column that has none', () => null, stats, 'last_updated'],
    ['a column that is not there', ({ at }: View) => at, schema({ window_start: 'timestamp', channel: 'string' }), 'channel'],
    ['a fraction in a long', ({ at }: View) => at, schema({ avg_engagement: 'long' }), 'avg_engagement'],
    ['a number in a string', ({ at }: View) => at, schema({ total_views: 'string' }), 'total_views'],
  ])('[D47] %s is an error that names operator, key and column', async (_, stamp, wanted, column) => {
    const reader = await stateOf(windows(stamp), VIEWS.slice(0, 2));
    const cause = await errorOf(reader.stateRows('windows', wanted as typeof stats));
    expect(cause).toMatchObject({ code: 'TIDEMARK_SCHEMA', details: { operator: 'windows', key: [HOUR], column } });
    expect((cause as Error).message).toContain(`the state of 'windows' at the key ${HOUR} does not fit the schema: ${column}`);
  });

  it('a column that may be null may; another library may check', async () => {
    const reader = await stateOf(
      windows(() => null),
      VIEWS.slice(0, 1),
    );
    expect(await reader.stateRows('windows', schema({ last_updated: 'timestamp?' }))).toEqual([{ last_updated: null }]);
    expect(await reader.stateRows('windows', z.object({ total_views: z.number() }))).toEqual([{ total_views: 10 }]);
    expect(await errorOf(reader.stateRows('windows', z.object({ internal: z.number() })))).toMatchObject({
      code: 'TIDEMARK_SCHEMA',
      details: { key: [HOUR], column: 'internal' },
    });
    expect(await errorOf(reader.stateRows('windows', { '~standard': {} } as never))).toMatchObject({ code: 'TIDEMARK_OPTION' });
  });

  it('a key has all its columns, null among them; where the value has a column of its name, that one counts', async () => {
    const reader = await stateOf(
      (rows$) =>
        rows$.pipe(
          flatMapGroupsWithState({
            id: 'pairs',
            key: { video: (row: View) => row.video, engagement: (row: View) => row.engagement },
            update: (_key, rows, state: { update(next: object): void }) => {
              state.update({ n: rows.length, video: `${rows[0]!.video}!` });
              return [];
            },
          }),
        ),
      [VIEWS[0]!, { ...VIEWS[1]!, engagement: null }],
    );
    const rows = await reader.stateRows('pairs', schema({ video: 'string', engagement: 'double?', n: 'long' }));
    expect(rows).toEqual([
      { video: 'a!', engagement: 0.5, n: 1 },
      { video: 'b!', engagement: null, n: 1 },
    ]);
    const cause = await errorOf(reader.stateRows('pairs', schema({ engagement: 'double' })));
    expect(cause).toMatchObject({ code: 'TIDEMARK_SCHEMA', details: { key: ['b', null], column: 'engagement' } });
    expect((cause as Error).message).toContain("at the key 'b', null does not fit");
  });

  it('values, lists and maps of transformWithState, each under its name', async () => {
    const reader = await stateOf(
      (rows$) =>
        rows$.pipe(
          transformWithState(
            (handle) => {
              const total = handle.valueState<number>('total');
              const seen = handle.listState<{ readonly at: number }>('seen');
              const hours = handle.mapState<number, Date>('hours');
              return {
                handleInputRows(_key, rows, _timers, _out: Collector<never>) {
                  for (const { at, views } of rows) {
                    total.update((total.get() ?? 0) + views);
                    seen.append({ at });
                    hours.put(Math.floor(at / HOUR), new Date(at));
                  }
                },
              };
            },
            { id: 'own', key: ['video'] },
          ),
        ),
      VIEWS,
    );
    const read = (state: string, value: Parameters<typeof schema>[0]): Promise<unknown> =>
      reader.stateRows('own', schema({ video: 'string', ...value }), { state });
    expect(await read('total', { value: 'long' })).toEqual([
      { video: 'a', value: 17 },
      { video: 'b', value: 5 },
    ]);
    expect(await read('seen', { part: 'long', at: 'timestamp', nothing: optional(['string']) })).toEqual([
      { video: 'a', part: 0, at: HOUR + 1, nothing: null },
      { video: 'a', part: 1, at: 2 * HOUR, nothing: null },
      { video: 'b', part: 0, at: HOUR + 2, nothing: null },
    ]);
    expect(await read('hours', { part: 'long', value: 'timestamp' })).toEqual([
      { video: 'a', part: 1, value: HOUR + 1 },
      { video: 'a', part: 2, value: 2 * HOUR },
      { video: 'b', part: 1, value: HOUR + 2 },
    ]);
    expect(await errorOf(read('hours', { part: 'string' }))).toMatchObject({ details: { key: ['a'], column: 'part' } });
    const several = await errorOf(reader.stateRows('own', stats));
    expect(several).toMatchObject({ code: 'TIDEMARK_OPTION', details: { names: ['total', 'seen', 'hours'] } });
    expect(await errorOf(read('none', {}))).toMatchObject({ code: 'TIDEMARK_OPTION' });
  });

  it('what only an operator itself can read is refused, and says where to go', async () => {
    const select = { n: agg.count() };
    const reader = await stateOf(
      (rows$) => rows$.pipe(withWatermark('at', 0), aggregate({ id: 'hourly', window: tumbling(HOUR), select })),
      VIEWS,
    );
    const cause = await errorOf(reader.stateRows('hourly', stats));
    expect(cause).toMatchObject({ code: 'TIDEMARK_OPTION', details: { operator: 'hourly', type: 'aggregate' } });
    expect((cause as Error).message).toContain('read it with stateTable');
    expect(await errorOf(reader.stateRows('nobody', stats))).toMatchObject({ code: 'TIDEMARK_OPTION' });
    expect(await errorOf(reader.stateRows('hourly', stats, { batch: 99 }))).toMatchObject({ code: 'TIDEMARK_OPTION' });
  });
});
