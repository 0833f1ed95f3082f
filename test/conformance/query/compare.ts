/** Order of two values that are not null: numbers, text by code points, false before true. */
export function order(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return orderText(a, b);
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

function orderText(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const by = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (by !== 0) return by;
  }
  return left.length - right.length;
}

/** Nulls come last, whatever the direction. */
export function orderNullsLast(a: unknown, b: unknown, direction: 'asc' | 'desc'): number {
  const nulls = Number(isNull(a)) - Number(isNull(b));
  if (nulls !== 0 || isNull(a)) return nulls;
  return direction === 'asc' ? order(a, b) : order(b, a);
}

export function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** A value's identity as text: 1 is not '1', and null equals null. */
export function identityOf(value: unknown): string {
  return JSON.stringify(value, (_name, v: unknown) =>
    typeof v === 'number' && !Number.isFinite(v) ? { number: String(v) } : (v ?? null),
  );
}
