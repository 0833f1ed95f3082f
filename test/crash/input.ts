/** A row of the crash laboratory. `at` is null in rows that are no rows. */
export interface Input {
  readonly id: string;
  readonly at: number | null;
  readonly k: string;
  readonly v: number;
}

let made: readonly Input[] | undefined;

/**
 * The rows of every case: unique ones, second copies of some, and some without a time. None is late, so the outcome does
 * not hang on where a restart cuts the batches.
 */
export function inputs(): readonly Input[] {
  return (made ??= make());
}

function make(): Input[] {
  const rows: Input[] = [];
  const copies = new Map<number, Input>();
  for (let i = 0; i < 24; i++) {
    const row = { id: `r${i}`, at: 1000 + i * 3, k: 'abc'[i % 3] as string, v: i + 1 };
    rows.push(row);
    // The second copy comes some batches later: only the state knows that there was a first.
    if (i % 4 === 0) copies.set(i + 7, row);
    const copy = copies.get(i);
    if (copy !== undefined) rows.push(copy);
    if (i % 7 === 0) rows.push({ id: `bad${i}`, at: null, k: 'a', v: 0 });
  }
  return rows;
}
