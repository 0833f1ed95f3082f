/**
 * Time on the CPU, not on the wall: others use the machine too. The alternatives of a set run in turn in one process, with
 * a collection before each, and only ratios within a round are compared, so that what slows a round slows all of it.
 */

export interface Measured {
  /** Of each alternative, the time of each round, ns per unit. */
  readonly times: readonly (readonly number[])[];
  /** Median over the rounds of each alternative's time, ns per unit. */
  readonly ns: readonly number[];
  /** Median of the per-round ratios to the first alternative. */
  readonly ratios: readonly number[];
}

/** Shorter runs are repeated: the clock of the CPU time may tick in ms. */
const LEAST_MS = 120;

export function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  globalThis.gc();
}

/** ms on the CPU, all threads: the collector's helpers count for whom they work. */
export function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The same for work that waits: only when nothing else of this process is at work. */
export async function cpuMsOf(run: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

/** One round to warm up and to see how often a run must be repeated, then `rounds` that count. */
export function compare(alternatives: readonly (() => void)[], units: number, rounds: number): Measured {
  const repeats = alternatives.map((run) => Math.max(1, Math.ceil(LEAST_MS / Math.max(1, cpuMs(run)))));
  const times = alternatives.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    alternatives.forEach((run, i) => times[i]!.push(timed(run, repeats[i]!) / units));
  }
  const ratiosOf = (own: number[]): number[] => own.map((time, round) => time / times[0]![round]!);
  return { times, ns: times.map(median), ratios: times.map((own) => median(ratiosOf(own))) };
}

/** ns on the CPU of one run. */
function timed(run: () => void, repeats: number): number {
  collectGarbage();
  const ms = cpuMs(() => {
    for (let i = 0; i < repeats; i++) run();
  });
  return (ms * 1e6) / repeats;
}

/** Bytes of heap that `make` leaves behind, and what it made, so that the caller decides how long it lives. */
export function heapOf<T>(make: () => T): { readonly bytes: number; readonly made: T } {
  collectGarbage();
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const made = make();
  collectGarbage();
  collectGarbage();
  return { bytes: process.memoryUsage().heapUsed - before, made };
}
