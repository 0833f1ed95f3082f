import { formatDuration } from 'tidemark';
import type { DataSet } from './data';
import type { Dot } from './live';

/** A time of the data as people read it: minutes and seconds (the generated rows last five minutes), or day and hour. */
export function clockOf(ms: number, unit: DataSet['unit']): string {
  if (!Number.isFinite(ms)) return ms > 0 ? 'the end' : 'none';
  const text = new Date(ms).toISOString();
  return unit === 'second' ? text.slice(14, 19) : `${text.slice(5, 10)} ${text.slice(11, 16)}`;
}

/** In whole units: '37 seconds', '3 days 4 hours'. */
export function spanOf(ms: number, unitMs: number): string {
  return formatDuration(Math.ceil(ms / unitMs) * unitMs);
}

/** What became of a row, and why: a headline and lines. */
export function explain(
  { row, fate, rejection }: Dot,
  { unit, unitMs }: DataSet,
  delayMs: number | null,
): { headline: string; lines: string[] } {
  const who = `${row.station}, value ${row.value}, at ${clockOf(row.time, unit)}, arrived ${clockOf(row.arrival, unit)}`;
  if (rejection === undefined) {
    const said =
      fate === 'correction' ? 'Its window had spoken already, and was corrected.' : 'It was on time for all its windows.';
    return { headline: fate === 'correction' ? 'Correction' : 'On time', lines: [who, said] };
  }
  if (rejection.reason === 'duplicate')
    return { headline: 'Rejected: duplicate', lines: [who, `A row with the id ${row.id} had come before.`] };
  const { windows = [], behindMs = 0, missingDelayMs = 0 } = rejection.detail ?? {};
  const missed = windows.map(({ start, end }) => `${clockOf(start, unit)} to ${clockOf(end, unit)}`).join(', ');
  return {
    headline: `Rejected: ${rejection.reason}`,
    lines: [
      who,
      `Windows missed: ${missed || 'none'}.`,
      `The last of them closed at ${clockOf(rejection.watermark - behindMs, unit)}; the watermark was at ${clockOf(rejection.watermark, unit)}.`,
      `${spanOf(missingDelayMs, unitMs)} more delay would have kept it${delayMs === null ? '' : `: ${spanOf(delayMs + missingDelayMs, unitMs)}`}.`,
    ],
  };
}
