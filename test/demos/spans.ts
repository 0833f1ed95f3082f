/** A window. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** All windows of a grid that hold a time, found by trying every start that could. */
export function drawWindows(time: number, size: number, slide: number): Span[] {
  const spans: Span[] = [];
  const first = Math.floor((time - size) / slide);
  for (let n = first; n * slide <= time; n++) {
    const start = n * slide;
    if (start <= time && time < start + size) spans.push({ start, end: start + size });
  }
  return spans;
}
