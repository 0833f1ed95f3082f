import type { Random } from '../laws/random';
import type { Row } from './plan';

/** The rows of a source in order of arrival, and the delay of its watermark. */
export interface Input {
  readonly rows: readonly Row[];
  readonly delay: number;
}

/** Up to which row of each source a batch goes, and whether a new query goes on behind it. */
export interface Batch {
  readonly to: readonly [number, number];
  readonly restart: boolean;
}

/** Random rows out of order and repeated. `late`: some come later than the delay allows. */
export function randomInput(random: Random, late: boolean, begin: number): Input {
  const disorder = random.pick([0, 3, 12, 30]);
  const delay = disorder + random.int(1, 12);
  const step = random.pick([1, 3, 8]);
  const rows: Row[] = [];
  let now = begin;
  for (let i = random.int(3, 45); i > 0; i--) {
    now += random.chance(0.04) ? random.int(50, 300) : random.int(0, step);
    const behind = late && random.chance(0.15) ? random.int(delay, delay + 80) : random.int(0, disorder);
    const again = random.chance(0.12) ? random.pick(rows) : undefined;
    const isOnTime = again !== undefined && again.t > now - delay;
    rows.push(again !== undefined && (isOnTime || late) ? { ...again } : rowOf(random, Math.max(1, now - behind)));
  }
  return { rows, delay };
}

function rowOf(random: Random, t: number): Row {
  return {
    t,
    k: random.pick(['a', 'a', 'b', 'c', null]),
    j: random.int(0, 2),
    v: random.chance(0.1) ? null : random.int(-20, 50),
    id: random.int(1, 9999),
  };
}

/** Cuts both sources into micro-batches, some of them empty on one side. */
export function randomBatches(random: Random, [left, right]: readonly [Input, Input]): Batch[] {
  const count = random.pick([1, 2, 4, 8]);
  const ends = [left, right].map(({ rows }) =>
    Array.from({ length: count - 1 }, () => random.int(0, rows.length)).sort((a, b) => a - b),
  );
  const restarts = random.pick([0, 0.3, 0.6]);
  return Array.from({ length: count }, (_, i) => ({
    to: [ends[0]![i] ?? left.rows.length, ends[1]![i] ?? right.rows.length],
    restart: random.chance(restarts),
  }));
}
