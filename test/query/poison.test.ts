import { describe, expect, it } from 'vitest';
import {
  availableNow,
  divert,
  flatMapGroupsWithState,
  mapRows,
  memorySink,
  memorySource,
  streamingQuery,
  transformWithState,
  withWatermark,
  type BatchSink,
  type GroupState,
  type Rejection,
  type UntimedStream,
} from 'tidemark';
import { simulatedFiles } from 'tidemark/testing';

interface View {
  readonly at: number;
  readonly k: string;
  readonly v: number;
}

const quiet = { trigger: availableNow(), onAdvice: () => {} };
const VIEWS: readonly View[] = [
  { at: 1, k: 'a', v: 1 },
  { at: 2, k: 'b', v: 10 },
  { at: 3, k: 'b', v: -1 },
  { at: 4, k: 'c', v: 5 },
  { at: 5, k: 'a', v: 2 },
];

/** Sums by key over batches; the function throws at a negative value, after it has written half of it down. */
const sums = (rows$: UntimedStream<View>) =>
  rows$.pipe(
    flatMapGroupsWithState({
      id: 'sums',
      key: 'k',
      update: (key: string, views: readonly View[], state: GroupState<number>) => {
        for (const { v } of views) {
          if (v < 0) throw new Error('negative');
          state.update((state.exists ? state.get() : 0) + v);
        }
        return [{ key, sum: state.get() }];
      },
    }),
  );

describe('a function of keyed state that throws', () => {
  it('leaves out the rows of that key in that batch, with the cause, and nothing else; also after a restart', async () => {
    const disk = simulatedFiles();
    const source = memorySource<View>(VIEWS);
    const [sink, rejected] = [memorySink<{ key: string; sum: number }>(), memorySink<Rejection>()];
    let isDown = true;
    const flaky: BatchSink<{ key: string; sum: number }> = {
      ...sink,
      type: 'flaky',
      delivery: 'volatile',
      modes: ['append'],
      description: {},
      commit: (batch, id) => {
        if (isDown) throw new Error('down');
        return sink.commit(batch, id);
      },
    };
    const build = () =>
      streamingQuery(source, (rows$) => ({ out: sums(rows$.pipe(mapRows((row): View => ({ ...row })))) })).writeStream({
        to: { out: flaky, rejected },
        checkpoint: disk.checkpoint(),
        ...quiet,
      });
    const first = build();
    await first.start();
    await expect(first.awaitTermination()).rejects.toMatchObject({ cause: { code: 'TIDEMARK_SINK_FAILED' } });
    isDown = false;
    source.add({ at: 6, k: 'b', v: 3 }); // the key is good again in the next batch
    const second = build();
    await second.start();
    await second.awaitTermination();
    expect(sink.rows()).toEqual([
      { key: 'a', sum: 3 },
      { key: 'c', sum: 5 },
      { key: 'b', sum: 3 },
    ]);
    expect(
      rejected.rows().map(({ reason, operator, row, detail }) => [reason, operator, (row as View).at, detail?.message]),
    ).toEqual([2, 3].map((at) => ['failed', 'sums', at, 'negative (all 2 rows of this key in the batch are left out)']));
  });

  it('stops the query with the operator, the key and the rows when errors are not to be rejected', async () => {
    const query = streamingQuery(memorySource<View>(VIEWS), sums).writeStream({
      sink: memorySink(),
      onError: 'error',
      ...quiet,
    });
    await query.start();
    await expect(query.awaitTermination()).rejects.toMatchObject({
      cause: {
        code: 'TIDEMARK_USER_FUNCTION',
        message: "a user's function threw in 'sums' at the key 'b', with 2 rows of the batch: negative",
        details: { operator: 'sums', key: ['b'], rows: [VIEWS[1], VIEWS[2]] },
      },
    });
  });

  it('stops the query when a timer fails: it has no rows that could stay out', async () => {
    const query = streamingQuery(memorySource<View>([...VIEWS.slice(0, 1), { at: 99, k: 'c', v: 1 }]), (rows$) =>
      rows$.pipe(
        withWatermark('at', 5),
        transformWithState(
          () => ({
            handleInputRows: (_key, [row], timers) => timers.register(row!.at + 1),
            handleExpiredTimer: (key) => {
              throw new Error(`no timer for ${key}`);
            },
          }),
          { id: 'timed', key: 'k', timeMode: 'eventTime' },
        ),
      ),
    ).writeStream({ sink: memorySink(), ...quiet });
    await query.start();
    await expect(query.awaitTermination()).rejects.toMatchObject({
      cause: { code: 'TIDEMARK_USER_FUNCTION', details: { operator: 'timed', key: ['a'], rows: [] } },
    });
  });
});

describe('divert', () => {
  it('a batch that went to the other sink before a crash stays there', async () => {
    const disk = simulatedFiles();
    let isDown = true;
    const taken: Record<string, number[]> = { own: [], spare: [], late: [] };
    const receipts = new Map<number, string>();
    const own: BatchSink<View> = {
      type: 'own',
      description: {},
      modes: ['append'],
      delivery: 'idempotent',
      commit: ({ rows }) => {
        if (isDown) throw new Error('down');
        taken['own']!.push(...rows.map(({ at }) => at));
      },
    };
    const spare: BatchSink<View> = {
      ...own,
      type: 'spare',
      delivery: 'transactional',
      commit: ({ rows }, { batchId, attemptId }) => {
        taken['spare']!.push(...rows.map(({ at }) => at));
        receipts.set(batchId, attemptId);
      },
      lookup: async (batchId) => {
        const attemptId = receipts.get(batchId);
        return attemptId === undefined ? undefined : { attemptId, rows: 1 };
      },
    };
    let crashes = true;
    const last: BatchSink<View> = {
      ...own,
      type: 'last',
      delivery: 'at-least-once',
      commit: ({ rows }) => {
        if (crashes) throw new Error('the process dies here');
        taken['late']!.push(...rows.map(({ at }) => at));
      },
    };
    const source = memorySource<View>(VIEWS.slice(0, 2));
    const build = () =>
      streamingQuery(source, (rows$) => ({ own: rows$, last: rows$ })).writeStream({
        to: { own, last },
        onSinkFailure: divert(
          (output) => (output === 'own' ? spare : { ...own, commit: () => Promise.reject(new Error('no')) }) as BatchSink<never>,
        ),
        checkpoint: disk.checkpoint(),
        ...quiet,
      });
    const first = build();
    await first.start();
    await expect(first.awaitTermination()).rejects.toMatchObject({ code: 'TIDEMARK_QUERY_FAILED' });
    expect(taken).toEqual({ own: [], spare: [1, 2], late: [] });
    isDown = crashes = false;
    const second = build();
    await second.start();
    await second.awaitTermination();
    expect(taken).toEqual({ own: [], spare: [1, 2], late: [1, 2] });
    expect(second.recentProgress[0]?.sinks['own']?.outcome).toBe('diverted');
  });
});
