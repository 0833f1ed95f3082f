/**
 * The order of values for `minBy`, `maxBy`, `topK`, ties of `mode`: booleans (false first), numbers and bigints by value
 * with NaN last, Dates by time, texts by code points, then everything else (all equal), then null and undefined.
 *
 * @returns negative, 0 or positive, as `Array.prototype.sort` wants it
 */
export function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return compareNumbers(a, b);
  const kind = kindOf(a);
  const other = kindOf(b);
  if (kind !== other) return kind - other;
  if (kind === TEXT) return compareText(a as string, b as string);
  return kind < TEXT ? compareNumbers(Number(a), Number(b)) || compareExactly(a as number, b as number) : 0;
}

const TEXT = 3;

function kindOf(value: unknown): number {
  if (value === null || value === undefined) return 5;
  const type = typeof value;
  if (type === 'boolean') return 0;
  if (type === 'number' || type === 'bigint') return 1;
  if (type === 'string') return TEXT;
  return value instanceof Date ? 2 : 4;
}

/** Ascending; NaN is greater than any number and equals itself; 0 equals -0. */
export function compareNumbers(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/** Tells bigints apart that are one number as doubles. */
function compareExactly(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * By code points, as UTF-8 bytes and databases order text. `<` compares UTF-16 units, which puts U+10000 (a surrogate pair)
 * before U+E000.
 */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rotateSurrogates(x) - rotateSurrogates(y);
  }
  return a.length - b.length;
}

/** Moves the surrogates behind all other units, without changing the order on either side. */
function rotateSurrogates(unit: number): number {
  return unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit;
}
