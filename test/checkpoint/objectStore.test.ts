import {
  agg,
  aggregate,
  availableNow,
  memorySource,
  streamingQuery,
  tumbling,
  withWatermark,
  type BatchSink,
  type CommitId,
  type OutputBatch,
  type QueryProgress,
  type Receipt,
  type Guarantee,
} from 'tidemark';
import { checkCheckpoint, readCheckpoint } from 'tidemark/node';
import { stateBackendSuite } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { letLeasesEnd, objectCheckpoint, ObjectStore } from './objectStore';

const PLACE = 'bucket/checkpoints/counts';

interface View {
  readonly at: number;
  readonly k: string;
}

const VIEWS = Array.from({ length: 24 }, (_, i): View => ({ at: 1 + i * 3, k: 'ab'[i % 2]! }));

/** A table elsewhere that takes a batch as a whole, and can be asked for it. */
class Table implements BatchSink<unknown> {
  readonly type = 'table';
  readonly description = {};
  readonly modes = ['append'] as const;
  readonly delivery = 'transactional';
  private readonly batches = new Map<number, { readonly attemptId: string; readonly rows: readonly unknown[] }>();

  lookup(batchId: number): Promise<Receipt | undefined> {
    const found = this.batches.get(batchId);
    return Promise.resolve(found && { attemptId: found.attemptId, rows: found.rows.length });
  }

  commit({ rows }: OutputBatch<unknown>, { batchId, attemptId }: CommitId): Receipt {
    if (this.batches.has(batchId)) throw new Error(`batch ${batchId} comes twice`);
    this.batches.set(batchId, { attemptId, rows });
    return { attemptId, rows: rows.length };
  }

  rows(): unknown[] {
    return [...this.batches.values()].flatMap(({ rows }) => rows);
  }
}

interface Outcome {
  readonly guarantee: Guarantee;
  readonly lastProgress: QueryProgress | null;
}

/** One process: counts of windows, a few rows a batch, until nothing is left to do; undefined: it died. */
async function run(store: ObjectStore, sink: BatchSink<unknown>): Promise<Outcome | undefined> {
  const source = memorySource(VIEWS, { maxRowsPerTrigger: 5 });
  source.complete();
  const query = streamingQuery(source, (rows$) =>
    rows$.pipe(withWatermark('at', 4), aggregate({ id: 'counts', key: 'k', window: tumbling(10), select: { n: agg.count() } })),
  ).writeStream({
    sink,
    checkpoint: objectCheckpoint(store, PLACE),
    trigger: availableNow(),
    minBatchesToRetain: 2,
    onAdvice: () => {},
  });
  try {
    await query.start();
    await query.awaitTermination();
    return { guarantee: query.guarantee, lastProgress: query.lastProgress };
  } catch {
    return undefined;
  }
}

describe('[L69] a checkpoint in an object store, by an adapter of the user', () => {
  const stores = new Map<string, ObjectStore>();
  const suite = stateBackendSuite({
    place: () => {
      const prefix = `bucket/${stores.size}`;
      const store = new ObjectStore();
      stores.set(prefix, store);
      return objectCheckpoint(store, prefix);
    },
    abandon: ({ location }) => letLeasesEnd(stores.get(location)!),
  });
  for (const { name, run: check } of suite) it(name, check);

  it('carries a query: its state, its promise, its checkpoint', async () => {
    const [store, sink] = [new ObjectStore(), new Table()];
    const query = await run(store, sink);
    expect(query!.guarantee).toEqual({ level: 'exactly-once', reasons: [] });
    expect((sink.rows() as { n: number }[]).reduce((sum, { n }) => sum + n, 0)).toBe(VIEWS.length);
    expect([...store.objects.keys()].every((name) => name.startsWith(`${PLACE}/`))).toBe(true);
    const place = objectCheckpoint(store, PLACE);
    expect((await checkCheckpoint(await place.open())).findings).toEqual([]);
    const reader = await readCheckpoint(place);
    expect(reader.checkpoints().at(-1)!.commit.batch).toBe(query!.lastProgress!.batchId);
  });

  it('goes on exactly-once, whichever request is the last of a process', async () => {
    const [whole, expected] = [new ObjectStore(), new Table()];
    await run(whole, expected);
    let deaths = 0;
    for (const answers of [true, false]) {
      for (let request = 1; request <= whole.requests; request += 5) {
        const [store, sink] = [new ObjectStore(), new Table()];
        Object.assign(store, { diesAt: request, answers });
        expect(await run(store, sink)).toBe(undefined);
        deaths++;
        store.diesAt = Infinity;
        letLeasesEnd(store);
        const second = await run(store, sink);
        expect(second, `died at request ${request}`).toBeDefined();
        expect(sink.rows()).toEqual(expected.rows());
        const findings = await checkCheckpoint(await objectCheckpoint(store, PLACE).open());
        expect(findings.findings).toEqual([]);
      }
    }
    expect(deaths).toBeGreaterThan(20);
  });
});
