/**
 * The change of a figure as a fraction of what it was.
 *
 * @param current - of this window
 * @param previous - of the window before; null when there is none or it is too far away
 * @returns (current - previous) / previous; null when either is null or the previous one is 0
 *
 * @example
 * velocityOf(150, 100) // => 0.5
 * velocityOf(150, 0) // => null
 */
export function velocityOf(current: number | null, previous: number | null): number | null {
  return current === null || previous === null || previous === 0 ? null : (current - previous) / previous;
}
