import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Aggregate } from '../../src/aggregate/aggregate';
import * as agg from '../../src/aggregate/index';
import { close, fold, slicedFold } from './fold';

interface Row {
  /** A number of moderate size, also NaN. */
  n: number | null;
  x: number | null;
  y: number | null | undefined;
  /** Any double. */
  d: number | null;
  any: unknown;
  big: bigint | null;
  ok: boolean;
}

const quarter = fc.integer({ min: -4000, max: 4000 }).map((i) => i / 4);
const number = fc.oneof(
  { weight: 20, arbitrary: quarter },
  { weight: 2, arbitrary: fc.constant(-0) },
  { weight: 1, arbitrary: fc.constant(NaN) },
);
const nullable = <V>(arbitrary: fc.Arbitrary<V>): fc.Arbitrary<V | null> => fc.option(arbitrary, { freq: 8 });
const mixed = fc.oneof(
  fc.integer({ min: 0, max: 5 }),
  fc.constantFrom<unknown>(
    0,
    -0,
    NaN,
    Infinity,
    1n,
    2n,
    '',
    '1',
    '\0',
    '\0d1',
    'a',
    'b',
    '\u{10000}',
    '\ue000',
    true,
    false,
    null,
    undefined,
  ),
  fc.constantFrom(0, 1, NaN).map((t) => new Date(t)),
  fc.constantFrom([1, 'a'], { a: 1 }, { b: [null] }),
);
const row: fc.Arbitrary<Row> = fc.record(
  {
    n: nullable(number),
    x: nullable(quarter),
    y: fc.oneof(nullable(quarter), fc.constant(undefined)),
    d: nullable(fc.double()),
    any: mixed,
    big: nullable(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n })),
    ok: fc.boolean(),
  },
  { noNullPrototype: true },
);
const rows = fc.array(row, { maxLength: 40 });

interface Case {
  readonly of: (options?: { where?: (row: Row) => unknown }) => Aggregate<Row, unknown, unknown>;
  /** Results of floating point: equal within 1e-9. */
  readonly approximate?: true;
}

const numeric: Record<string, Case> = {
  'count of rows': { of: (o) => agg.count<Row>(undefined, o) as never },
  count: { of: (o) => agg.count<Row>('any', o) as never },
  countIf: { of: (o) => agg.countIf<Row>((r) => r.ok && (!o?.where || o.where(r))) as never },
  sum: { of: (o) => agg.sum<Row>('n', o) as never, approximate: true },
  avg: { of: (o) => agg.avg<Row>('n', o) as never, approximate: true },
  min: { of: (o) => agg.min<Row>('n', o) as never },
  max: { of: (o) => agg.max<Row>('n', o) as never },
  stddev: { of: (o) => agg.stddev<Row>('n', o) as never, approximate: true },
  stddevPop: { of: (o) => agg.stddevPop<Row>('n', o) as never, approximate: true },
  variance: { of: (o) => agg.variance<Row>('n', o) as never, approximate: true },
  variancePop: { of: (o) => agg.variancePop<Row>('n', o) as never, approximate: true },
};

const others: Record<string, Case> = {
  exactSum: { of: (o) => agg.exactSum<Row>('d', o) as never },
  sumBigInt: { of: (o) => agg.sumBigInt<Row>('big', { ...o, overflow: 'wrap' }) as never },
  countDistinct: { of: (o) => agg.countDistinct<Row>('any', o) as never },
  sumDistinct: { of: (o) => agg.sumDistinct<Row>('d', o) as never },
  approxCountDistinct: { of: (o) => agg.approxCountDistinct<Row>('any', o) as never },
  'approxCountDistinct, dense': {
    of: (o) => agg.approxCountDistinct<Row>((r) => `${r.n} ${r.x} ${String(r.y)} ${r.d}`, { ...o, rsd: 0.4 }) as never,
  },
  minBy: { of: (o) => agg.minBy<Row, 'any'>('any', 'n', o) as never },
  maxBy: { of: (o) => agg.maxBy<Row, 'n'>('n', 'any', o) as never },
  first: { of: (o) => agg.first<Row, 'any'>('any', o) as never },
  last: { of: (o) => agg.last<Row, 'any'>('any', o) as never },
  mode: { of: (o) => agg.mode<Row, 'any'>('any', o) as never },
  topK: {
    of: (o) =>
      agg.topK<Row>(3, {
        ...o,
        by: [
          ['n', 'desc'],
          ['any', 'asc'],
        ],
      }) as never,
  },
  'topK of columns': {
    of: (o) => agg.topK<Row, ['x', 'any']>(2, { ...o, by: [['any', 'desc']], columns: ['x', 'any'] }) as never,
  },
  collectList: { of: (o) => agg.collectList<Row, 'any'>('any', o) as never },
  'collectList with a limit': { of: (o) => agg.collectList<Row, 'any', object>('any', { ...o, limit: 4 }) as never },
  collectSet: { of: (o) => agg.collectSet<Row, 'any'>('any', o) as never },
  'collectSet with a limit': { of: (o) => agg.collectSet<Row, 'any', object>('any', { ...o, limit: 4 }) as never },
  percentile: { of: (o) => agg.percentile<Row>('n', 0.3, o) as never },
  percentileDisc: { of: (o) => agg.percentileDisc<Row, number[]>('d', [0, 0.5, 0.95, 1], o) as never },
  percentileApprox: { of: (o) => agg.percentileApprox<Row, number[]>('d', [0, 0.5, 0.95, 1], o) as never },
  median: { of: (o) => agg.median<Row>('n', o) as never },
  corr: { of: (o) => agg.corr<Row>('x', 'y', o) as never, approximate: true },
  covarSamp: { of: (o) => agg.covarSamp<Row>('x', 'y', o) as never, approximate: true },
  covarPop: { of: (o) => agg.covarPop<Row>('x', 'y', o) as never, approximate: true },
  slope: { of: (o) => agg.slope<Row>('x', 'y', o) as never, approximate: true },
  intercept: { of: (o) => agg.intercept<Row>('x', 'y', o) as never, approximate: true },
  r2: { of: (o) => agg.r2<Row>('x', 'y', o) as never, approximate: true },
  trend: { of: (o) => agg.trend<Row>('n', { ...o, limit: 5 }) as never },
  velocity: { of: (o) => agg.velocity(agg.sum<Row>('x', o)) as never, approximate: true },
  custom: {
    of: (o) =>
      agg.custom<Row, { seen: [number, unknown][]; at: Date }, number>({
        ...o,
        create: () => ({ seen: [], at: new Date(0) }),
        add: (acc, r, arrival) => void acc.seen.push([arrival, r.n]),
        merge: (into, from) => void into.seen.push(...from.seen),
        result: ({ seen }) => [...seen].sort((a, b) => a[0] - b[0]).reduce((h, [, v]) => (h * 31 + Number(v)) % 1e9, 7),
        commutative: true,
      }) as never,
  },
};

/** Encoded form without the identity of what it came from. */
function copy(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || data instanceof Date) return data;
  if (Array.isArray(data)) return data.map(copy);
  return Object.fromEntries(
    Object.entries(data)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, copy(value)]),
  );
}

function expectPlain(data: unknown): void {
  if (data === undefined || typeof data === 'function' || typeof data === 'symbol') expect.fail(`not plain: ${String(data)}`);
  if (typeof data !== 'object' || data === null || data instanceof Date) return;
  if (Array.isArray(data)) return data.forEach(expectPlain);
  expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
  // A field that is undefined is a field that JSON leaves out: `decode` must not need it.
  for (const value of Object.values(data)) if (value !== undefined) expectPlain(value);
}

describe.each(Object.entries({ ...numeric, ...others }))('agg.%s', (_name, { of, approximate }) => {
  const aggregate = of();
  const same = (a: unknown, b: unknown): void => {
    if (!approximate || !close(a, b)) expect(a).toEqual(b);
  };
  const resultOf = (data: readonly Row[]): unknown => aggregate.result(fold(aggregate, data));

  it('gives for merged slices what one pass gives, with interleaved arrivals', () => {
    expect(aggregate.commutative).toBe(true);
    const property = fc.property(rows, fc.array(fc.nat({ max: 3 }), { minLength: 40, maxLength: 40 }), (data, slices) => {
      same(aggregate.result(slicedFold(aggregate, data, (i) => slices[i]!, 4)), resultOf(data));
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('leaves the accumulator it merges from as it is, and apart', () => {
    const property = fc.property(rows, rows, (a, b) => {
      const [into, from, later] = [fold(aggregate, a), fold(aggregate, b), fold(aggregate, b)];
      const before = copy(aggregate.encode(from));
      aggregate.merge!(into, from);
      expect(aggregate.encode(from)).toEqual(before);
      for (const r of a) aggregate.add(into, r, 1000);
      expect(aggregate.encode(from)).toEqual(before);
      same(aggregate.result(from), aggregate.result(later));
    });
    fc.assert(property, { numRuns: 100 });
  });

  it('goes on after encode and decode as if nothing had been', () => {
    const property = fc.property(rows, rows, (a, b) => {
      const acc = fold(aggregate, a);
      const encoded = aggregate.encode(acc);
      expectPlain(encoded);
      const kept = copy(encoded);
      const restored = aggregate.decode(kept);
      expect(aggregate.result(restored)).toEqual(aggregate.result(acc));
      b.forEach((r, i) => {
        aggregate.add(acc, r, 100 + i);
        aggregate.add(restored, r, 100 + i);
      });
      expect(aggregate.result(restored)).toEqual(aggregate.result(acc));
      expect(encoded).toEqual(copy(encoded));
      expect(aggregate.result(aggregate.decode(encoded))).toEqual(aggregate.result(fold(aggregate, a)));
    });
    fc.assert(property, { numRuns: 150 });
  });

  it('does not change by giving its result', () => {
    const property = fc.property(rows, rows, (a, b) => {
      const [asked, unasked] = [fold(aggregate, a), fold(aggregate, a)];
      const before = copy(aggregate.encode(unasked));
      const result = aggregate.result(asked);
      const kept = copy(result);
      expect(aggregate.result(asked)).toEqual(kept);
      expect(aggregate.encode(asked)).toEqual(before);
      b.forEach((r, i) => {
        aggregate.add(asked, r, 100 + i);
        aggregate.add(unasked, r, 100 + i);
      });
      expect(result).toEqual(kept);
      expect(aggregate.result(asked)).toEqual(aggregate.result(unasked));
    });
    fc.assert(property, { numRuns: 100 });
  });

  it('uses exactly the rows that `where` admits', () => {
    const filtered = of({ where: (r) => (r.ok ? 'yes' : '') });
    const property = fc.property(rows, (data) => {
      const numbered = data.map((r, i) => ({ r, i })).filter(({ r }) => r.ok);
      const acc = aggregate.create();
      for (const { r, i } of numbered) aggregate.add(acc, r, i + 1);
      expect(filtered.result(fold(filtered, data))).toEqual(aggregate.result(acc));
    });
    fc.assert(property, { numRuns: 100 });
  });

  it('describes itself as plain data', () => {
    expect(aggregate.version).toBe(1);
    expect(aggregate.name.length).toBeGreaterThan(0);
    expectPlain(aggregate.parameters ?? {});
  });
});

describe('null and missing values', () => {
  const nothing: Row[] = [null, undefined].map((v) => ({ n: v, x: v, y: v, d: v, any: v, big: v, ok: false }) as never);

  it.each(Object.entries(others).filter(([name]) => !name.startsWith('topK') && !name.includes('dense') && name !== 'custom'))(
    'leave agg.%s as if empty',
    (_name, { of }) => {
      const aggregate = of();
      const empty = aggregate.result(aggregate.create());
      expect(aggregate.result(fold(aggregate, nothing))).toEqual(
        _name.includes('limit') ? { values: [], seen: 0, complete: true } : empty,
      );
      const zero = _name.includes('ount') || _name === 'trend';
      if (!_name.startsWith('collect')) expect(empty).toBe(zero ? 0 : null);
      else if (!_name.includes('limit')) expect(empty).toEqual([]);
    },
  );
});
