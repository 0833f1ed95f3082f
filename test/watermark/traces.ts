/**
 * The six lateness traces: seeded, synthetic, 600 000 rows at 100 a second of event time. The delays are seconds that pass
 * between a row's event time and its arrival.
 */

export const ROWS = 600_000;
const STEP_MS = 10;
const SECOND = 1000;

/** Draws uniform numbers from [0, 1). */
export type Random = () => number;

/** Mulberry32: small, seeded, good enough for fixtures. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random());

/** Box-Muller. */
const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Six outages of 30 s, evenly spread: 30 % of the rows of an outage are held until it ends. */
const OUTAGE_MS = 30 * SECOND;
const OUTAGE_EVERY_MS = (ROWS * STEP_MS) / 6;
function outage(time: number, random: Random): number {
  const into = (time % OUTAGE_EVERY_MS) - OUTAGE_EVERY_MS / 2;
  const isHeld = into >= 0 && into < OUTAGE_MS && random() < 0.3;
  return exponential(random, 1) + (isHeld ? (OUTAGE_MS - into) / SECOND : 0);
}

/** Delay in seconds of the row at `time` ms; `progress` goes from 0 to 1 over the trace. */
type Delay = (random: Random, progress: number, time: number) => number;

const DELAYS = {
  exp2: (random) => exponential(random, 2),
  lognormal: (random) => Math.exp(1.2 * normal(random)),
  mobile: (random) => (random() < 0.98 ? exponential(random, 0.5) : 120 * random()),
  shift: (random, progress) => exponential(random, progress < 0.5 ? 1 : 10),
  drift: (random, progress) => exponential(random, 0.5 + 10 * progress),
  outage: (random, _progress, time) => outage(time, random),
} satisfies Record<string, Delay>;

export type TraceName = keyof typeof DELAYS;
export const TRACES = Object.keys(DELAYS) as readonly TraceName[];
/** The traces whose delays do not change over time. */
export const STATIONARY: readonly TraceName[] = ['exp2', 'lognormal', 'mobile'];

/** Event times in whole ms, in order of arrival. */
export function trace(name: TraceName, seed: number, rows = ROWS): Float64Array {
  const random = seeded(seed);
  const delay: Delay = DELAYS[name];
  // Arrival in hundredths of a ms and row number in one double: a native numeric sort, stable by construction.
  const PACK = 2 ** 20;
  const arrivals = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const arrival = i * STEP_MS + SECOND * delay(random, i / rows, i * STEP_MS);
    arrivals[i] = Math.round(arrival * 100) * PACK + i;
  }
  arrivals.sort();
  return arrivals.map((packed) => (packed % PACK) * STEP_MS);
}
