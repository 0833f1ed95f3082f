import fc from 'fast-check';

/** Values that are easily confused with one another. */
const TRAPS: readonly unknown[] = [
  ...[null, undefined, false, true, 0, -0, 1, -1, 1.5, NaN, Infinity, -Infinity, 5e-324, -5e-324, 2 ** 53, 1e300],
  ...['', '0', '1', 'null', 'NaN', '\0', '\0\0', '\0s', '\0"d0"', '\0[]', 'a\0', 'a', 'a\x01', 'é', '\u{10000}', '\uffff'],
  ...['\ud800', '\udc00', '\ud800a', '\udc00\ud800', '\ufffd', 'n1', 's1', 'd0', 'b1', '__proto__'],
  ...[0n, 1n, -1n, 255n, 256n, -256n, 2n ** 64n, -(2n ** 64n)],
  ...[new Date(0), new Date(1), new Date(-1), new Date(NaN)],
  ...[
    [],
    [null],
    [[]],
    [0],
    ['0'],
    [undefined, 1],
    {},
    { a: null },
    { a: undefined },
    { a: 1 },
    { a: '1' },
    { b: 1 },
    { a: 1, b: 2 },
  ],
  ...[{ b: 2, a: 1 }, { 1: 'x', a: 1 }, { '': 0 }, { start: 0, end: 10 }, { end: 10, start: 0 }, Object.create(null)],
  JSON.parse('{"__proto__":1}'),
  JSON.parse('{"__proto__":{"a":1}}'),
];

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes))); // prettier-ignore

/** A value that may stand in a key column. */
export const keyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...TRAPS),
    fc.double(),
    fc.integer(),
    fc.bigInt(),
    fc.date({ noInvalidDate: false }),
    text,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(text, fc.constant('__proto__')), tie('value'), { maxKeys: 4 }),
  ),
})).value;

/** A small set, so that equal keys are frequent. */
export const clashingValue: fc.Arbitrary<unknown> = fc.constantFrom(...TRAPS);

const rank = (value: unknown): number => {
  if (value === null || value === undefined) return 0;
  if (typeof value === 'boolean') return 1;
  if (typeof value === 'number') return 2;
  if (typeof value === 'bigint') return 3;
  if (value instanceof Date) return 4;
  if (typeof value === 'string') return 5;
  return Array.isArray(value) ? 6 : 7;
};

const byNumber = (a: number, b: number): number => {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
};

/** Code points, not UTF-16 units. */
const byText = (a: string, b: string): number => {
  const [left, right] = [a, b].map((s) => Array.from(s, (c) => c.codePointAt(0)!)) as [number[], number[]];
  return byItems(left, right, byNumber);
};

function byItems<T>(a: readonly T[], b: readonly T[], compare: (x: T, y: T) => number): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compare(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** The order of key values, written without bytes: the model of the codec. Zero exactly when they are equal as keys. */
export function compareKeys(a: unknown, b: unknown): number {
  const kind = rank(a);
  if (kind !== rank(b)) return kind - rank(b);
  if (kind === 0) return 0;
  if (kind === 1 || kind === 2) return byNumber(Number(a), Number(b));
  if (kind === 3) return (a as bigint) < (b as bigint) ? -1 : (a as bigint) > (b as bigint) ? 1 : 0;
  if (kind === 4) return byNumber((a as Date).getTime(), (b as Date).getTime());
  if (kind === 5) return byText(a as string, b as string);
  if (kind === 6) return byItems(Array.from(a as unknown[]), Array.from(b as unknown[]), compareKeys);
  return byItems(fieldsOf(a as object), fieldsOf(b as object), compareKeys);
}

/** Name, value, name, value, …, names sorted. */
const fieldsOf = (value: object): unknown[] =>
  Object.keys(value)
    .sort()
    .flatMap((name) => [name, (value as Record<string, unknown>)[name]]);
