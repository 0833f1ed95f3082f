import { Subject } from 'rxjs';
import {
  availableNow,
  httpPollingSource,
  memorySink,
  memorySource,
  ndjson,
  observableSource,
  rateSource,
  schema,
  streamingQuery,
  type Advice,
  type Source,
} from 'tidemark';
import { socketSource } from 'tidemark/node';
import { describe, expect, it } from 'vitest';
import { fileSourceOn } from '../../src/connectors/files/fileSource';
import type { FileSourceOptions } from '../../src/connectors/files/options';
import { drain, opened, readSlice } from './drain';
import { MemoryFiles } from './memoryFiles';

const DAY = 86_400_000;
const files = (disk: MemoryFiles, limits: Partial<FileSourceOptions<unknown>> = {}): Source<unknown> =>
  fileSourceOn(disk, { path: 'in', format: ndjson(), schema: schema({ n: 'long' }), settle: 0, ...limits });

/** Files of one row. */
function diskOf(count: number): MemoryFiles {
  const disk = new MemoryFiles();
  for (let n = 0; n < count; n++) disk.put(`in/${n}`, `{"n":${n}}\n`);
  return disk;
}

describe('[L88] a batch is limited without being told to', () => {
  it('files: 1,000 of them', async () => {
    const batches = await drain(await opened(files(diskOf(2_300))));
    expect(batches.map(({ rows }) => rows.length)).toEqual([1_000, 1_000, 300]);
  });

  it('rate: 1,000,000 rows, however long nobody looked', async () => {
    let now = 0;
    const reader = await opened(rateSource({ rowsPerSecond: 100 }), { now: () => now });
    const first = (await reader.next(null)) ?? { to: null };
    now = DAY;
    const sizes: number[] = [];
    for (let at = first.to, rows = 0; ;) {
      const slice = await reader.next(at);
      if (slice === undefined) break;
      const next = (slice.to as { rows: number }).rows;
      sizes.push(next - rows);
      [at, rows] = [slice.to, next];
    }
    expect(sizes).toEqual([...Array<number>(8).fill(1_000_000), 640_000]);
  });

  it('what pushes: as many as may wait, also when a producer does not hold back at once', async () => {
    const heard = new Subject<number>();
    const reader = await opened(observableSource(heard, { maxRows: 100, overflow: 'block', pause: () => {} }));
    for (let n = 0; n < 150; n++) heard.next(n);
    const batches = await drain(reader);
    expect(batches.map(({ rows }) => rows.length)).toEqual([100, 50]);
    expect(observableSource(heard).description).toMatchObject({ maxRows: 100_000 });
    expect(socketSource({ host: 'localhost', port: 1 }).description).toMatchObject({ maxRows: 100_000 });
  });

  it('pages: one', async () => {
    const page = (offset: number | null) => Promise.resolve({ rows: [offset], next: (offset ?? 0) + 1, more: (offset ?? 0) < 2 });
    const reader = await opened(httpPollingSource({ page }));
    const slice = await reader.next(null);
    expect((await readSlice(reader, slice!)).rows).toEqual([null]);
  });

  it('a limit that was taken away is spoken of; a default never', async () => {
    const advice = async (source: Source<unknown>): Promise<readonly string[]> => {
      const said: Advice[] = [];
      const query = streamingQuery(source, (rows$) => rows$).writeStream({
        sink: memorySink<unknown>(),
        trigger: availableNow(),
        onAdvice: (one) => said.push(one),
      });
      await query.start();
      await query.awaitTermination();
      return said.filter(({ code }) => code === 'unlimited-reads').map(({ message }) => message);
    };
    const spoken = ["source 'source' reads everything there is into one batch: set a limit"];
    expect(await advice(files(diskOf(1), { maxFilesPerTrigger: Infinity }))).toEqual(spoken);
    expect(await advice(rateSource({ maxRowsPerTrigger: Infinity }))).toEqual(spoken);
    const bounded: Source<unknown>[] = [
      files(diskOf(1)),
      files(diskOf(1), { maxFilesPerTrigger: Infinity, maxBytesPerTrigger: 1_000 }),
      rateSource(),
      memorySource([1]),
    ];
    for (const source of bounded) expect(await advice(source)).toEqual([]);
  });
});
