import fc from 'fast-check';
import { Subject } from 'rxjs';
import { observableSource, rateSource, type Offset, type RateRow, type Slice } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { contextOf, drain, MemoryJournal, opened, readSlice } from './drain';

const coded = (code: string): unknown => expect.objectContaining({ code });

describe('rateSource', () => {
  it('[L14] gives timestamp and value at the rate, and the same again', async () => {
    let now = 10_000;
    const reader = await opened(rateSource({ rowsPerSecond: 4 }), { now: () => now });
    expect(await reader.next(null)).toBeUndefined();
    now += 1000;
    const [batch] = await drain(reader);
    expect(batch?.rows).toEqual([0, 1, 2, 3].map((value) => ({ timestamp: 10_000 + value * 250, value })));
    expect((await readSlice(await opened(rateSource({ rowsPerSecond: 4 })), batch?.slice as Slice)).rows).toEqual(batch?.rows);
  });

  it('[L14] values have no gap across restarts, at any rate, ramp, limit and pace', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ wait: fc.nat(3000), restart: fc.boolean() }), { maxLength: 15 }),
        fc.double({ min: 0.1, max: 500, noNaN: true }),
        fc.nat(4000),
        fc.integer({ min: 1, max: 3000 }),
        async (steps, rowsPerSecond, rampUpTime, maxRowsPerTrigger) => {
          let now = 5;
          const start = () => opened(rateSource({ rowsPerSecond, rampUpTime, maxRowsPerTrigger }), { now: () => now });
          let reader = await start();
          let at: Offset = null;
          const got: RateRow[] = [];
          for (const { wait, restart } of steps) {
            now += wait;
            if (restart) reader = await start();
            const slice = await reader.next(at);
            if (slice === undefined) continue;
            got.push(...(await readSlice(reader, slice)).rows);
            at = slice.to;
          }
          expect(got.map(({ value }) => value)).toEqual(got.map((_, i) => i));
          for (const [i, { timestamp }] of got.entries()) {
            expect(timestamp).toBeGreaterThanOrEqual(got[i - 1]?.timestamp ?? 5);
            expect(timestamp).toBeLessThanOrEqual(now);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('[L14] comes up to speed within rampUpTime', async () => {
    let now = 0;
    const reader = await opened(rateSource({ rowsPerSecond: 100, rampUpTime: '10 seconds' }), { now: () => now });
    await reader.next(null);
    const rowsAt = async (time: number): Promise<number> => {
      now = time;
      return ((await reader.next(null))?.to as unknown as { rows: number } | undefined)?.rows ?? 0;
    };
    expect([await rowsAt(1000), await rowsAt(10_000), await rowsAt(11_000)]).toEqual([5, 500, 600]);
    await reader.freeze?.();
    expect(await rowsAt(20_000)).toBe(600);
    expect(() => rateSource({ rowsPerSecond: 0 })).toThrow(coded('TIDEMARK_OPTION'));
  });
});

describe('observableSource', () => {
  it('journals what it hears before it is planned, and reads it again after a restart', async () => {
    const subject = new Subject<number>();
    const journal = new MemoryJournal();
    const source = observableSource(subject, { maxRowsPerTrigger: 2 });
    const context = contextOf({ journal });
    const reader = await source.open(context);
    for (const n of [1, 2, 3]) subject.next(n);
    expect(context.woken).toBe(3);
    const slice = (await reader.next(null)) as Slice;
    expect(slice).toEqual({ from: null, to: 2 });
    expect(journal.end).toBe(3);
    await reader.close();
    expect(subject.observed).toBe(false);
    const again = await opened(source, { journal });
    subject.next(4);
    expect((await readSlice(again, slice)).rows).toEqual([1, 2]);
    await again.committed?.(2);
    expect(journal.begin).toBe(2);
    expect((await drain(again, 2)).map(({ rows }) => rows)).toEqual([[3, 4]]);
    await expect(again.next(9)).rejects.toEqual(coded('TIDEMARK_DATA_LOSS'));
    await expect(readSlice(again, slice)).rejects.toEqual(coded('TIDEMARK_DATA_LOSS'));
  });

  it('without a journal goes on from where the checkpoint stands, and counts what is gone', async () => {
    const subject = new Subject<number>();
    const reader = await opened(observableSource(subject));
    subject.next(1);
    expect(await readSlice(reader, { from: 3, to: 7 })).toEqual({ rows: [], bad: [] });
    expect(reader.report?.()).toMatchObject({ lostRows: 4 });
    expect((await drain(reader, 7)).map(({ rows, slice }) => [rows, slice])).toEqual([[[1], { from: 7, to: 8 }]]);
  });

  it('is bounded: fails, drops with a count, or holds the producer back', async () => {
    const feed = async (overflow: 'fail' | 'drop' | 'block', rows: number) => {
      const subject = new Subject<number>();
      const paused: boolean[] = [];
      const reader = await opened(observableSource(subject, { maxRows: 4, overflow, pause: (is) => void paused.push(is) }));
      for (let n = 1; n <= rows; n++) subject.next(n);
      return { reader, paused };
    };
    const failing = await feed('fail', 5);
    expect(await failing.reader.next(null)).toEqual({ from: null, to: 4 });
    await expect(failing.reader.next(4)).rejects.toEqual(coded('TIDEMARK_OVERFLOW'));
    const dropping = await feed('drop', 7);
    expect((await drain(dropping.reader)).map(({ rows }) => rows)).toEqual([[1, 2, 3, 4]]);
    expect(dropping.reader.report?.()).toMatchObject({ droppedRows: 3, waitingRows: 0 });
    const blocking = await feed('block', 6);
    expect(blocking.paused).toEqual([true]);
    expect((await drain(blocking.reader)).map(({ rows }) => rows)).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
    expect(blocking.paused).toEqual([true, false]);
    const flooded = (await feed('block', 9)).reader;
    expect(await flooded.next(null)).toEqual({ from: null, to: 4 });
    expect(await flooded.next(4)).toEqual({ from: 4, to: 8 });
    await expect(flooded.next(8)).rejects.toEqual(coded('TIDEMARK_OVERFLOW'));
    expect(() => observableSource(new Subject(), { overflow: 'block' })).toThrow(coded('TIDEMARK_OPTION'));
  });

  it('ends and fails behind the rows that came before', async () => {
    const ending = new Subject<number>();
    const reader = await opened(observableSource(ending));
    ending.next(1);
    ending.complete();
    expect(reader.ended?.(null)).toBe(false);
    const [batch] = await drain(reader);
    expect(reader.ended?.(batch?.slice.to ?? null)).toBe(true);
    const failing = new Subject<number>();
    const broken = await opened(observableSource(failing));
    failing.next(1);
    failing.error(new Error('gone'));
    expect(await broken.next(null)).toEqual({ from: null, to: 1 });
    await expect(broken.next(1)).rejects.toEqual(coded('TIDEMARK_SOURCE'));
  });
});
