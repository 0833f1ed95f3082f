import { formatTime, type Alert, type Rejection } from 'tidemark';
import { columnOf, type WindowOutput, type WindowRow } from './flow';

/** A line of a file, before it is JSON. */
export type Line = Readonly<Record<string, unknown>>;

export function windowLine({ name, keyColumn }: WindowOutput, keyName: string, row: WindowRow): Line {
  const { window, ...columns } = row as WindowRow & Record<string, unknown>;
  const { [keyColumn]: key, ...figures } = columns as Record<string, unknown>;
  return { kind: name, start: formatTime(window.start), end: formatTime(window.end), [keyName]: key, ...figures };
}

export function alertLine({ name, status, severity, key, time, value, row }: Alert<WindowRow>): Line {
  const { start, end } = row.window;
  const window = { start: formatTime(start), end: formatTime(end) };
  return { name, status, severity, key: key[0], time: formatTime(time), value, window };
}

export function rejectionLine({ reason, operator, time, watermark, detail, row }: Rejection): Line {
  const { message, behindMs, missingDelayMs, windows } = detail ?? {};
  const at = Number.isFinite(time) ? formatTime(time) : null;
  const line = columnOf(Object(row) as object, 'line');
  return { reason, operator, line, message, time: at, watermark: formatTime(watermark), behindMs, missingDelayMs, windows, row };
}
