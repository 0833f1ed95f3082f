/**
 * The events of the benchmark: plain objects made once, before anything is timed, from a seed, so that every run and both
 * sides see the same rows. Times lie in the past, so that the future guard of `withWatermark` has nothing to do.
 */

export interface Metric {
  readonly t: number;
  readonly k: string;
  readonly v: number | null;
}

export interface Delivery extends Metric {
  readonly id: string;
}

/** What the rows of a workload look like in time and by key. */
export interface Shape {
  readonly events: number;
  readonly keys: number;
  /** Event time between two rows, ms. */
  readonly stepMs: number;
  readonly delayMs: number;
  /** The disorder of ordinary rows: they come up to this much late. Below the delay, none of them is late. */
  readonly jitterMs: number;
  /** One row in 500 is this late, or anything up to it: some miss all their windows, some only a part. */
  readonly veryLateMs: number;
  /** Share of rows that are a second delivery of an earlier one. */
  readonly duplicates?: number;
  /** Values with decimals instead of whole numbers. */
  readonly decimals?: boolean;
  /** All keys get as many rows; otherwise few get most. */
  readonly uniform?: boolean;
  readonly seed?: number;
}

/** 2023-11-14, on a full hour. */
const START = 1_699_999_200_000;

/** Mulberry32: 32-bit integer arithmetic only, so the same everywhere. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `key${i}`);
}

/** Few keys get most rows: the cube of a uniform number, as zipf-like as a formula of one line can be. */
function skewed(random: () => number, count: number): number {
  return Math.floor(random() ** 3 * count);
}

function timeOf(i: number, shape: Shape, random: () => number): number {
  const now = START + i * shape.stepMs;
  const behind = random() < 0.002 ? random() * shape.veryLateMs : random() * shape.jitterMs;
  return Math.floor(now - behind);
}

function valueOf(shape: Shape, random: () => number): number | null {
  const cents = Math.floor(random() * 10_000);
  if (random() < 0.002) return null;
  return shape.decimals === true ? cents / 100 : cents;
}

/** Rows `{ t, k, v }`. */
export function metrics(shape: Shape): Metric[] {
  const random = randomFrom(shape.seed ?? 7);
  const names = namesOf(shape.keys);
  const rows: Metric[] = [];
  for (let i = 0; i < shape.events; i++) {
    const t = timeOf(i, shape, random);
    const k = names[skewed(random, shape.keys)] ?? '';
    rows.push({ t, k, v: valueOf(shape, random) });
  }
  return rows;
}

/** Rows `{ id, t, k, v }`; a second delivery has the same content, but is another object with another text as id. */
export function deliveries(shape: Shape): Delivery[] {
  const random = randomFrom(shape.seed ?? 11);
  const names = namesOf(shape.keys);
  const rows: Delivery[] = [];
  for (let i = 0; i < shape.events; i++) {
    const back = Math.floor(random() * (0.8 * shape.delayMs)) / shape.stepMs;
    const earlier = random() < (shape.duplicates ?? 0) ? rows[i - 1 - Math.floor(back)] : undefined;
    if (earlier !== undefined) {
      rows.push({ ...earlier, id: `id-${Number(earlier.id.slice(3))}` });
      continue;
    }
    const t = timeOf(i, shape, random);
    const k = names[shape.uniform === true ? Math.floor(random() * shape.keys) : skewed(random, shape.keys)] ?? '';
    rows.push({ id: `id-${i}`, t, k, v: valueOf(shape, random) });
  }
  return rows;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** W moves once per so many rows, on both sides. */
export const WATERMARK_EVERY = 1000;

/** The windows and data of the workloads, and a name for each. */
export const W1 = {
  sizeMs: 10 * SECOND,
  shape: {
    events: 1_000_000,
    keys: 10_000,
    stepMs: 1,
    delayMs: 5 * SECOND,
    jitterMs: 5 * SECOND,
    veryLateMs: MINUTE,
    decimals: true,
  },
} as const;

const hourly = { delayMs: 10 * MINUTE, jitterMs: 10 * MINUTE, veryLateMs: 3 * HOUR };

/** Results per event: about 0.43, 5.8 and 74. */
export const W2 = {
  12: { sizeMs: HOUR, slideMs: 5 * MINUTE, shape: { events: 300_000, keys: 1000, stepMs: 130, ...hourly } },
  60: { sizeMs: HOUR, slideMs: MINUTE, shape: { events: 150_000, keys: 1000, stepMs: 345, ...hourly } },
  720: { sizeMs: HOUR, slideMs: 5 * SECOND, shape: { events: 20_000, keys: 100, stepMs: 3700, ...hourly } },
} as const;

export const W3 = {
  gapMs: 30 * SECOND,
  shape: {
    events: 300_000,
    keys: 10_000,
    stepMs: 10,
    delayMs: 10 * SECOND,
    jitterMs: 10 * SECOND,
    veryLateMs: 2 * MINUTE,
    decimals: true,
  },
} as const;

export const W4 = {
  shape: {
    events: 300_000,
    keys: 1000,
    stepMs: 10,
    delayMs: 10 * MINUTE,
    jitterMs: 5 * MINUTE,
    veryLateMs: HOUR,
    duplicates: 0.05,
  },
} as const;

/** Keys are as likely as each other: with hot ones the pairs are all there is to see. */
export const W5 = {
  afterMs: 10 * MINUTE,
  shape: {
    events: 285_000,
    keys: 5000,
    stepMs: 20,
    delayMs: MINUTE,
    jitterMs: MINUTE,
    veryLateMs: HOUR,
    uniform: true,
  },
} as const;

export const W6 = {
  sizeMs: 10 * MINUTE,
  slideMs: MINUTE,
  /** Rows below are of no interest. */
  least: 500,
  /** A mean above it is an alert. */
  threshold: 5500,
  shape: {
    events: 300_000,
    keys: 1000,
    stepMs: 20,
    delayMs: 10 * MINUTE,
    jitterMs: 5 * MINUTE,
    veryLateMs: HOUR,
    duplicates: 0.05,
  },
} as const;
