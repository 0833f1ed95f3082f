import { addCompensated, compensatedResult, mergeCompensated, type Compensated } from './neumaier';

/**
 * Means and centred second moments of pairs: what correlation, covariance and regression are made of.
 *
 * Source: Welford 1962; Pebay 2008 for the co-moment and the merge. Two additions: values are taken relative to the first
 * pair, since a mean near 1e9 is only known to 1e-7, whatever the spread; and the sums are compensated, so that a million
 * points on a line stay on it.
 */
export interface CoMoments {
  /** Pairs. */
  n: number;
  /** The first pair; all else is relative to it. */
  x0: number;
  y0: number;
  meanX: number;
  meanY: number;
  /** Sums of (x - meanX)^2, (y - meanY)^2 and (x - meanX) (y - meanY). */
  readonly xx: Compensated;
  readonly yy: Compensated;
  readonly xy: Compensated;
}

export function createMoments(): CoMoments {
  return { n: 0, x0: 0, y0: 0, meanX: 0, meanY: 0, xx: zero(), yy: zero(), xy: zero() };
}

function zero(): Compensated {
  return { sum: 0, comp: 0 };
}

/** Adds one pair. Cost: O(1). */
export function addPair(m: CoMoments, [x, y]: readonly [x: number, y: number]): void {
  if (m.n === 0) {
    m.x0 = x;
    m.y0 = y;
  }
  m.n++;
  const u = x - m.x0;
  const v = y - m.y0;
  const dx = u - m.meanX;
  const dy = v - m.meanY;
  m.meanX += dx / m.n;
  m.meanY += dy / m.n;
  addCompensated(m.xx, dx * (u - m.meanX));
  addCompensated(m.yy, dy * (v - m.meanY));
  addCompensated(m.xy, dx * (v - m.meanY));
}

/** Adds all pairs of `from`, which stays as it is. */
export function mergeMoments(into: CoMoments, from: Readonly<CoMoments>): void {
  if (from.n === 0) return;
  if (into.n === 0) {
    into.x0 = from.x0;
    into.y0 = from.y0;
  }
  const n = into.n + from.n;
  const dx = from.x0 - into.x0 + from.meanX - into.meanX;
  const dy = from.y0 - into.y0 + from.meanY - into.meanY;
  const share = from.n / n;
  mergeSum(into.xx, from.xx, dx * dx * into.n * share);
  mergeSum(into.yy, from.yy, dy * dy * into.n * share);
  mergeSum(into.xy, from.xy, dx * dy * into.n * share);
  into.meanX += dx * share;
  into.meanY += dy * share;
  into.n = n;
}

function mergeSum(into: Compensated, from: Compensated, between: number): void {
  mergeCompensated(into, from);
  addCompensated(into, between);
}

/** The slope of the least-squares line; NaN or infinite for constant x. */
export function slopeOf({ xx, xy }: CoMoments): number {
  return compensatedResult(xy) / compensatedResult(xx);
}

/** So close to 1 a correlation is a line, blurred by rounding. */
const LINE = 1 - 2 ** -49;

/** Pearson's correlation, of columns that are not constant. */
export function correlationOf({ xx, yy, xy }: CoMoments): number {
  // Two roots: the product of the squares may leave the doubles.
  const r = compensatedResult(xy) / (Math.sqrt(compensatedResult(xx)) * Math.sqrt(compensatedResult(yy)));
  return Math.abs(r) > LINE ? Math.sign(r) : r;
}

/** A copy: plain data already. */
export function copyMoments({ n, x0, y0, meanX, meanY, xx, yy, xy }: CoMoments): CoMoments {
  return { n, x0, y0, meanX, meanY, xx: { ...xx }, yy: { ...yy }, xy: { ...xy } };
}
