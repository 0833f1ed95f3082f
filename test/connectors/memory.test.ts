import { memorySource } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { contextOf, drain, opened, readSlice } from './drain';

describe('memorySource', () => {
  it('gives what was added, once, with the number of rows as offset', async () => {
    const source = memorySource(['a', 'b']);
    expect(source.end).toBe(2);
    const reader = await opened(source);
    expect(await drain(reader)).toEqual([{ slice: { from: null, to: 2 }, rows: ['a', 'b'], bad: [] }]);
    expect(source.add('c')).toBe(3);
    expect(await drain(reader, 2)).toEqual([{ slice: { from: 2, to: 3 }, rows: ['c'], bad: [] }]);
    expect(await reader.next(3)).toBeUndefined();
    expect(await readSlice(reader, { from: 1, to: 3 })).toEqual({ rows: ['b', 'c'], bad: [] });
  });

  it('wakes every open query when rows come, and none that is closed', async () => {
    const source = memorySource<number>();
    const [one, two] = [contextOf(), contextOf()];
    const reader = await source.open(one);
    await source.open(two);
    source.add(1);
    source.add();
    await reader.close();
    source.add(2, 3);
    source.complete();
    expect([one.woken, two.woken]).toEqual([1, 3]);
  });

  it('keeps to its limit, and reads in chunks', async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => i);
    const reader = await opened(memorySource(rows, { maxRowsPerTrigger: 2000 }));
    const batches = await drain(reader);
    expect(batches.map((batch) => batch.rows.length)).toEqual([2000, 2000, 1000]);
    expect(batches.flatMap((batch) => batch.rows)).toEqual(rows);
    const sizes: number[] = [];
    for await (const chunk of reader.read({ from: 0, to: 2500 }, () => {})) sizes.push(chunk.length);
    expect(sizes).toEqual([1024, 1024, 452]);
    expect(() => memorySource([], { maxRowsPerTrigger: 0 })).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
  });

  it('stands still once frozen, and ends once complete', async () => {
    const source = memorySource([1]);
    const reader = await opened(source);
    await reader.freeze?.();
    source.add(2);
    expect(await reader.next(null)).toEqual({ from: null, to: 1 });
    expect(await reader.next(1)).toBeUndefined();
    expect(reader.ended?.(2)).toBe(false);
    source.complete();
    expect([reader.ended?.(1), reader.ended?.(2)]).toEqual([false, true]);
    expect(() => source.add(3)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
  });

  it('lets committed rows go when told to, and says so to a query that wants them again', async () => {
    const source = memorySource([1, 2, 3], { retain: 'uncommitted' });
    const reader = await opened(source);
    await reader.committed?.(2);
    expect((await readSlice(reader, { from: 2, to: 3 })).rows).toEqual([3]);
    const lost = expect.objectContaining({ code: 'TIDEMARK_DATA_LOSS' });
    await expect(readSlice(reader, { from: 1, to: 3 })).rejects.toEqual(lost);
    await expect(readSlice(await opened(memorySource([1, 2, 3])), { from: 2, to: 4 })).rejects.toEqual(lost);
    await expect((async () => (await opened(memorySource([1]))).next(5))()).rejects.toEqual(lost);
  });
});
