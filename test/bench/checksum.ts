import type { Window } from './rows';

/** Any result row of the workloads; rows without a window are rows of the input. */
export interface AnyRow {
  readonly window?: Window;
  readonly t?: number;
  readonly id?: string;
  readonly other?: string;
  readonly k: string | number;
  readonly n?: number;
  readonly total?: number | null;
  readonly mean?: number | null;
  readonly top?: number | null;
}

/** A summary of results that does not depend on their order. Cheap, so that it can run while the clock does. */
export class Tally {
  count = 0;
  private rows = 0;
  private sum = 0;

  readonly take = (row: AnyRow): void => {
    this.count++;
    this.rows += row.n ?? 1;
    this.sum += row.total ?? row.mean ?? row.t ?? 0;
  };

  reset(): void {
    this.count = this.rows = this.sum = 0;
  }

  agrees(other: Tally): boolean {
    return this.count === other.count && this.rows === other.rows && close(this.sum, other.sum);
  }
}

/** The same over every column, each value weighted by what row it stands in. Runs once, outside the clock. */
export class Fingerprint {
  private count = 0;
  private exact = 0;
  private readonly sums = [0, 0, 0, 0];

  readonly take = (row: AnyRow): void => {
    const hash = identity(row);
    const weight = 1 + (hash % 1024);
    const columns = `${row.total === null} ${row.mean === null} ${row.top === null} ${Object.keys(row).sort().join(' ')}`;
    this.count++;
    this.exact = (this.exact + hash + Math.imul(textHash(columns, 1), weight)) >>> 0;
    [row.n, row.total, row.mean, row.top].forEach((value, i) => (this.sums[i]! += (value ?? 0) * weight));
  };

  agrees(other: Fingerprint): boolean {
    return this.count === other.count && this.exact === other.exact && this.sums.every((sum, i) => close(sum, other.sums[i]!));
  }

  toString(): string {
    return `${this.count} rows, ${this.exact}, ${this.sums.join(' ')}`;
  }
}

/** Float sums are compensated on one side and plain on the other. */
function close(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1);
}

function identity(row: AnyRow): number {
  const times = row.window === undefined ? `${row.t} ${row.id} ${row.other}` : `${row.window.start} ${row.window.end}`;
  return textHash(times, textHash(String(row.k), 17));
}

function textHash(text: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}
