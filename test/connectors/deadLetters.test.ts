import { describe, expect, it } from 'vitest';
import { deadLetterQueue } from '../../src/connectors/deadLetter/deadLetterQueue';
import { deadLetterSink } from '../../src/connectors/deadLetter/deadLetterSink';
import type { DeadLetter } from '../../src/connectors/deadLetter/record';
import { redrive, type RedriveOptions } from '../../src/connectors/deadLetter/redrive';
import { fromSafeJson, toSafeJson } from '../../src/connectors/deadLetter/safeJson';
import type { BadRecord, Rejection } from 'tidemark';
import { failure, LossyFiles } from './lossyFiles';
import { batchOf, contextOf, idOf } from './sinks';

const through = (value: unknown): unknown => fromSafeJson(JSON.parse(JSON.stringify(toSafeJson(value))));

const lettersIn = (fs: LossyFiles): DeadLetter[] =>
  [...fs.files()]
    .filter(([path]) => /\.(nd)?json$/.test(path))
    .flatMap(([, bytes]) => new TextDecoder().decode(bytes).split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as DeadLetter);

async function redriven(
  fs: LossyFiles,
  options: Partial<RedriveOptions> = {},
  now = 1e12,
): Promise<{ rows: unknown[]; bad: BadRecord[] }> {
  const rows: unknown[] = [];
  const bad: BadRecord[] = [];
  const reader = await redrive({ path: 'dlq', fs, ...options }).open({ id: 'again', now: () => now, wake: () => undefined });
  for (let slice = await reader.next(null); slice !== undefined; slice = await reader.next(slice.to)) {
    for await (const chunk of reader.read(slice, (record) => bad.push(record))) rows.push(...chunk);
  }
  await reader.close();
  return { rows, bad };
}

describe('safe JSON', () => {
  it('[D72] brings back dates, bigints, Maps, Sets, bytes and what numbers can be', () => {
    const row = {
      at: new Date(86_400_000),
      big: 2n ** 70n,
      map: new Map<unknown, unknown>([
        ['k', new Date(0)],
        [7, new Map([[1n, 2]])],
      ]),
      set: new Set([1, 'a']),
      bytes: Uint8Array.of(0, 255),
      odd: [NaN, Infinity, -Infinity, -0, undefined, null],
      nested: { deep: [{ at: new Date(1) }] },
      text: 'naïve \u2028 \u0000 "quoted"',
    };
    expect(through(row)).toEqual(row);
    expect(Object.is((through({ zero: -0 }) as { zero: number }).zero, -0)).toBe(true);
    expect(through(new Date(NaN))).toEqual(new Date(NaN));
  });

  it('mistakes no row for what it writes itself', () => {
    for (const row of [
      { $date: 'no date' },
      { $bigint: 1 },
      { $object: [] },
      { $x: { $map: 3 } },
      { toString: 1 },
      { $date: 1, b: 2 },
    ]) {
      expect(through(row)).toEqual(row);
    }
    const evil = JSON.parse('{"__proto__":{"polluted":true}}') as object;
    expect(JSON.stringify(through(evil))).toBe('{"__proto__":{"polluted":true}}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('takes anything: functions, symbols, circles, depth, properties that throw', () => {
    const circle: Record<string, unknown> = { name: 'loop' };
    circle.self = circle;
    let deep: unknown = 1;
    for (let i = 0; i < 500; i++) deep = { deep };
    const trap = {
      get no(): never {
        throw new Error('trap');
      },
    };
    for (const value of [circle, deep, trap, () => 1, Symbol('s'), new (class Thing {})(), new WeakMap()]) {
      expect(() => JSON.stringify(toSafeJson(value))).not.toThrow();
    }
    expect(toSafeJson(circle)).toEqual({ name: 'loop', self: { $described: 'circular' } });
    const shared = { a: 1 };
    expect(through([shared, shared])).toEqual([shared, shared]);
  });
});

describe('deadLetterQueue', () => {
  it('[D72] writes exactly original_record, error_message, timestamp and retry_count 0, and they round-trip', async () => {
    const fs = new LossyFiles();
    const row = { id: 1n, at: new Date(5), tags: new Map([['a', 1]]) };
    await deadLetterQueue({ path: 'dlq', fs, now: () => 1_700_000_000_123 }).send(row, new Error('bad row'));
    const [letter] = lettersIn(fs);
    expect(Object.keys(letter ?? {})).toEqual(['original_record', 'error_message', 'timestamp', 'retry_count']);
    expect(letter).toMatchObject({ error_message: 'bad row', timestamp: '2023-11-14T22:13:20.123Z', retry_count: 0 });
    expect(fromSafeJson(letter?.original_record)).toEqual(row);
  });

  it('[D73] appends one line a record to dlq_<unix seconds>.json', async () => {
    const fs = new LossyFiles();
    let now = 1_700_000_000_000;
    const queue = deadLetterQueue({ path: 'dlq', fs, now: () => now });
    await queue.send({ n: 1 }, 'a');
    now += 999;
    await queue.send({ n: 2 }, 'b\nc');
    now += 1;
    await queue.send({ n: 3 }, 'c');
    expect([...fs.files().keys()]).toEqual(['dlq/dlq_1700000000.json', 'dlq/dlq_1700000001.json']);
    expect(lettersIn(fs).map(({ error_message }) => error_message)).toEqual(['a', 'b\nc', 'c']);
  });

  it('[D73] parallel writers never interleave within a line', async () => {
    const fs = new LossyFiles();
    const queues = [1, 2, 3].map(() => deadLetterQueue({ path: 'dlq', fs, now: () => 1_700_000_000_000 }));
    const sent = Array.from({ length: 60 }, (_, n) => queues[n % 3]!.send({ n, text: 'x'.repeat(n * 7) }, 'late'));
    await Promise.all(sent);
    const numbers = lettersIn(fs).map(({ original_record }) => (original_record as { n: number }).n);
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n));
  });

  it('[D73] a write that fails does not stop the next, and a torn line swallows none', async () => {
    const fs = new LossyFiles();
    const queue = deadLetterQueue({ path: 'dlq', fs, now: () => 1_700_000_000_000 });
    fs.fail(3, () => failure('ENOSPC'));
    await expect(queue.send({ n: 1 }, 'x')).rejects.toMatchObject({ code: 'ENOSPC' });
    fs.fail(Infinity);
    await queue.send({ n: 2 }, 'x');
    fs.overwrite('dlq/dlq_1700000000.json', (bytes) => bytes.slice(0, -9));
    await deadLetterQueue({ path: 'dlq', fs, now: () => 1_700_000_000_000 }).send({ n: 3 }, 'x');
    const { rows, bad } = await redriven(fs, {}, 1_700_000_009_000);
    expect(rows).toEqual([{ n: 3 }]);
    expect(bad).toHaveLength(1);
  });
});

describe('deadLetterSink', () => {
  const rejection = (more: Partial<Rejection> = {}): Rejection => ({
    reason: 'late',
    time: 5000,
    row: { id: 1, at: new Date(5000) },
    operator: 'hourly',
    watermark: 60_000,
    detail: { windows: [{ start: 0, end: 10_000 }], behindMs: 50_000, missingDelayMs: 50_001 },
    ...more,
  });
  const opened = async (fs: LossyFiles, maxRecordLength?: number): Promise<ReturnType<typeof deadLetterSink>> => {
    const sink = deadLetterSink({ path: 'dlq', fs, ...(maxRecordLength !== undefined && { maxRecordLength }) });
    await sink.open?.(contextOf());
    return sink;
  };

  it('[D72] says reason, operator, times, watermark, message, batch and position of each rejection', async () => {
    const fs = new LossyFiles();
    const sink = await opened(fs);
    const rows = [
      rejection(),
      rejection({ reason: 'invalid', time: NaN, watermark: -Infinity, detail: { message: 'no JSON', position: 'a.ndjson:17' } }),
    ];
    await sink.commit(batchOf('append', rows), idOf(3, { time: 1_700_000_000_000 }));
    const [late, invalid] = lettersIn(fs);
    expect(late).toEqual({
      original_record: { id: 1, at: { $date: '1970-01-01T00:00:05.000Z' } },
      error_message: 'late',
      timestamp: '2023-11-14T22:13:20.000Z',
      retry_count: 0,
      reason: 'late',
      operator: 'hourly',
      event_time: '1970-01-01T00:00:05.000Z',
      watermark: '1970-01-01T00:01:00.000Z',
      detail: { windows: [{ start: 0, end: 10_000 }], behindMs: 50_000, missingDelayMs: 50_001 },
      batch: 3,
    });
    expect(invalid).toMatchObject({ error_message: 'no JSON', event_time: null, watermark: null, position: 'a.ndjson:17' });
  });

  it('gives failures of one place one hash', async () => {
    const fs = new LossyFiles();
    const fail = (message: string): Error => new Error(message);
    const other = new TypeError('x');
    const rows = [fail('a'), fail('b'), other].map((cause) => rejection({ reason: 'failed', detail: { cause } }));
    await (await opened(fs)).commit(batchOf('append', rows), idOf(0));
    const [a, b, c] = lettersIn(fs).map(({ stack_hash }) => stack_hash);
    expect(a).toMatch(/^[0-9a-f]{16}$/);
    expect(a).not.toBe(c);
    expect(b).toMatch(/^[0-9a-f]{16}$/);
    expect(lettersIn(fs).map(({ error_message }) => error_message)).toEqual(['a', 'b', 'x']);
  });

  it('takes a batch once', async () => {
    const fs = new LossyFiles();
    const sink = await opened(fs);
    await sink.commit(batchOf('append', [rejection()]), idOf(0));
    await sink.commit(batchOf('append', [rejection()]), idOf(0, { replayed: true }));
    expect(lettersIn(fs)).toHaveLength(1);
    await expect(sink.lookup?.(0)).resolves.toMatchObject({ attemptId: 'attempt-0', rows: 1 });
    await expect(sink.lastBatch?.()).resolves.toBe(0);
    expect(sink.delivery).toBe('transactional');
  });

  it('[D73] re-drive gives the rows back as they were, by reason if wanted', async () => {
    const fs = new LossyFiles();
    const sink = await opened(fs);
    const rows = [{ id: 1, at: new Date(5000) }, { id: 2n }, 'text'];
    await sink.commit(batchOf('append', [rejection({ row: rows[0] })]), idOf(0));
    await sink.commit(batchOf('append', [rejection({ row: rows[1], reason: 'failed' }), rejection({ row: rows[2] })]), idOf(1));
    expect(await redriven(fs)).toEqual({ rows, bad: [] });
    expect((await redriven(fs, { where: ({ reason }) => reason === 'failed' })).rows).toEqual([{ id: 2n }]);
  });

  it('re-drive goes on behind what was read, and stops where it is frozen', async () => {
    const fs = new LossyFiles();
    const sink = await opened(fs);
    const reader = await redrive({ path: 'dlq', fs }).open({ id: 'again', now: () => 0, wake: () => undefined });
    await expect(reader.next(null)).resolves.toBeUndefined();
    await sink.commit(batchOf('append', [rejection()]), idOf(0));
    const slice = await reader.next(null);
    await expect(reader.next(slice!.to)).resolves.toBeUndefined();
    await reader.freeze?.();
    await sink.commit(batchOf('append', [rejection()]), idOf(1));
    await expect(reader.next(slice!.to)).resolves.toBeUndefined();
  });

  it('cuts a row that is too long, and re-drive says so', async () => {
    const fs = new LossyFiles();
    await (await opened(fs, 20)).commit(batchOf('append', [rejection({ row: { text: 'x'.repeat(100) } })]), idOf(0));
    expect(lettersIn(fs)[0]?.original_record).toEqual({ $cut: `{"text":"${'x'.repeat(11)}` });
    const { rows, bad } = await redriven(fs);
    expect(rows).toEqual([]);
    expect(bad).toMatchObject([{ reason: 'invalid' }]);
  });

  it('[E4.4] stands in for a sink that fails: its rows are marked diverted, and can be driven again', async () => {
    const fs = new LossyFiles();
    const sink = await opened(fs);
    for (let batch = 0; batch < 3; batch++) await sink.commit(batchOf('update', [{ id: batch }]), idOf(batch));
    expect(lettersIn(fs).map(({ reason, batch }) => [reason, batch])).toEqual([
      ['diverted', 0],
      ['diverted', 1],
      ['diverted', 2],
    ]);
    expect((await redriven(fs)).rows).toEqual([{ id: 0 }, { id: 1 }, { id: 2 }]);
  });
});
