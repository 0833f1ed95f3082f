import {
  availableNow,
  mapRows,
  memoryCheckpoint,
  ndjson,
  consoleSink,
  divert,
  dropDuplicates,
  foreachBatch,
  memorySink,
  memorySource,
  streamingQuery,
  withWatermark,
  type BatchSink,
} from 'tidemark';
import { describe, expect, it } from 'vitest';
import { deadLetterSink } from '../../src/connectors/deadLetter/deadLetterSink';
import { redrive } from '../../src/connectors/deadLetter/redrive';
import { fileSink } from '../../src/connectors/fileSink/fileSink';
import { readFileSink } from '../../src/connectors/fileSink/readFileSink';
import { LossyFiles } from './lossyFiles';

interface Click {
  readonly id: string;
  readonly at: number;
}

const click = (id: string, at: number): Click => ({ id, at });
const quiet = { onAdvice: () => {} };

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

async function lettersOf(fs: LossyFiles, path: string): Promise<unknown[]> {
  const reader = await redrive({ path, fs }).open({ id: 'again', now: () => 0, wake: () => undefined });
  const slice = await reader.next(null);
  return slice === undefined ? [] : (await all(reader.read(slice, () => undefined))).flat();
}

describe('sinks in a query', () => {
  it('[D10, L50] one query feeds several sinks from one read; a slow one loses and reorders nothing', async () => {
    const fs = new LossyFiles();
    const source = memorySource<Click>([click('a', 1), click('b', 2)]);
    const [lines, table]: [string[], ReturnType<typeof memorySink<Click>>] = [[], memorySink<Click>()];
    let calls = 0;
    const slow = foreachBatch<Click>(async (batch) => {
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      calls += batch.count();
    });
    const silver = fileSink({ path: 'silver', format: ndjson(), fs });
    let read = 0;
    const query = streamingQuery(source, (rows$) => {
      const clean$ = rows$.pipe(
        mapRows((row) => {
          read++;
          return row;
        }),
        withWatermark('at', 0),
      );
      return { silver: clean$, table: clean$, slow: clean$, shown: clean$ };
    }).writeStream({ to: { silver, table, slow, shown: consoleSink({ write: (text) => lines.push(text) }) }, ...quiet });
    await query.start();
    await query.processAllAvailable();
    source.add(click('c', 3));
    await query.processAllAvailable();
    await query.stop();
    const rows = [click('a', 1), click('b', 2), click('c', 3)];
    expect(await all(readFileSink({ path: 'silver', format: ndjson(), fs }))).toEqual(rows);
    expect(table.rows()).toEqual(rows);
    expect([calls, read]).toEqual([3, 3]);
    expect(lines[0]).toContain('Batch: 0');
  });

  it('[D3, D72] rejected rows go to the dead letters, inside the batch, and can be driven again', async () => {
    const fs = new LossyFiles();
    const source = memorySource<Click>([click('a', 10), click('a', 10), click('b', 20)]);
    const table = memorySink<Click>();
    const query = streamingQuery(source, (rows$) => ({
      clean: rows$.pipe(withWatermark('at', 0), dropDuplicates(['id', 'at'], { id: 'dedup' })),
    })).writeStream({ to: { clean: table, rejected: deadLetterSink({ path: 'dlq', fs }) }, ...quiet });
    await query.start();
    await query.processAllAvailable();
    await query.stop();
    expect(table.rows()).toEqual([click('a', 10), click('b', 20)]);
    expect(await lettersOf(fs, 'dlq')).toEqual([click('a', 10)]);
  });

  it('[E4.4] a sink that is down for 3 batches: its rows go to a file, the others and the query go on', async () => {
    const fs = new LossyFiles();
    const source = memorySource<Click>([click('a', 0)]);
    let isDown = true;
    const stored: Click[] = [];
    const database: BatchSink<Click> = foreachBatch<Click>((batch) => {
      if (isDown) throw new Error('connection refused');
      stored.push(...batch);
    });
    const other = memorySink<Click>();
    const query = streamingQuery(source, (rows$) => ({ database: rows$, other: rows$ })).writeStream({
      to: { database, other },
      onSinkFailure: divert(deadLetterSink({ path: 'errors', fs })),
      ...quiet,
    });
    await query.start();
    await query.processAllAvailable();
    for (const id of ['b', 'c']) {
      source.add(click(id, 1));
      await query.processAllAvailable();
    }
    isDown = false;
    source.add(click('d', 2));
    await query.processAllAvailable();
    expect(query.isActive).toBe(true);
    await query.stop();
    expect(other.rows().map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
    expect(stored.map(({ id }) => id)).toEqual(['d']);
    expect((await lettersOf(fs, 'errors')).map((row) => (row as Click).id)).toEqual(['a', 'b', 'c']);
  });

  it.each([1, 2])('a batch that was diverted before a crash is not taken again, with %i sinks', async (sinks) => {
    const fs = new LossyFiles();
    const stored: Click[] = [];
    let isDown = true;
    const build = (dies: boolean) => {
      const database = foreachBatch<Click>(
        (batch) => {
          if (isDown) throw new Error('connection refused');
          stored.push(...batch);
        },
        { lookup: () => Promise.resolve(undefined) },
      );
      const letters = deadLetterSink({ path: 'errors', fs });
      // The process ends when the rows are in the spare sink, and nothing says so yet.
      const dying: BatchSink<never> = {
        ...letters,
        open: (context) => letters.open?.(context),
        lookup: (batchId) => letters.lookup!(batchId),
        async commit(batch, id) {
          await letters.commit(batch, id);
          if (dies) throw new Error('killed');
        },
      };
      const other = foreachBatch<Click>(() => {}, { idempotent: true });
      return streamingQuery(memorySource([click('a', 1)]), (rows$) =>
        sinks === 1 ? { database: rows$ } : { database: rows$, other: rows$ },
      ).writeStream({
        to: (sinks === 1 ? { database } : { database, other }) as { database: BatchSink<Click>; other: BatchSink<Click> },
        checkpoint,
        onSinkFailure: divert((output) => (output === 'database' ? dying : memorySink<never>())),
        trigger: availableNow(),
        ...quiet,
      });
    };
    const checkpoint = memoryCheckpoint();
    const first = build(true);
    await first.start();
    await expect(first.awaitTermination()).rejects.toThrow();
    isDown = false;
    const second = build(false);
    await second.start();
    await second.awaitTermination();
    expect(stored).toEqual([]);
    expect(await lettersOf(fs, 'errors')).toEqual([click('a', 1)]);
    expect(second.exception).toBeUndefined();
  });

  it('one spare sink cannot stand in for two outputs', async () => {
    const write = (): void => undefined;
    const query = streamingQuery(memorySource<Click>([]), (rows$) => ({ a: rows$, b: rows$ })).writeStream({
      to: { a: foreachBatch<Click>(write), b: foreachBatch<Click>(write) },
      onSinkFailure: divert(memorySink<never>()),
      ...quiet,
    });
    await expect(query.start().then(() => query.processAllAvailable())).rejects.toThrow();
  });
});
