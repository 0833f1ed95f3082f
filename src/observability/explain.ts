import type { Observable } from 'rxjs';
import type { Rejection } from '../element';
import { TidemarkError } from '../errors';
import type { Tally } from '../operator';
import { originOf, type StreamInfo } from '../rx';
import { formatDuration } from '../time/duration';
import { formatTime } from '../time/eventTime';
import type { WatermarkHolder } from '../watermark';

/** One operator of a pipe: what it is and, once it has run, how it stands. */
export interface OperatorExplanation {
  readonly id: string;
  readonly type: string;
  /** Columns, durations, versions. */
  readonly description: Readonly<Record<string, unknown>>;
  /** Ids of the operators it reads from. */
  readonly inputs: readonly string[];
  /** Absent until the stream was subscribed; of the last subscription. */
  readonly live?: LiveExplanation;
}

/** The figures of a running (or finished) operator. */
export interface LiveExplanation {
  /** The emit and drop watermark, ms. */
  readonly watermark: number;
  readonly drop: number;
  readonly counters: Tally;
  /** Entries of each state table. */
  readonly state: Readonly<Record<string, number>>;
  readonly openWindows?: number;
  /** Several inputs: which of them holds the watermark back, where it stands, and since when (processing time). */
  readonly holder?: WatermarkHolder;
  /** Whatever else the operator reports: `delayMs`, `maxEventTime`, `strategy`, … */
  readonly [figure: string]: unknown;
}

/** What `explain(stream)` gives. */
export interface Explanation {
  /** From the sources on. */
  readonly operators: readonly OperatorExplanation[];
  /** The same, to read. */
  readonly text: string;
}

/** What `explain(rejection)` gives. */
export interface RejectionExplanation {
  readonly reason: Rejection['reason'];
  /** By how much the watermark delay would have to grow to have kept the row; absent where no delay helps. */
  readonly missingDelayMs?: number;
  readonly text: string;
}

/**
 * Explains a stream, or why one row was rejected.
 *
 * Of a stream: its operators with columns and durations and, once it has been subscribed, watermarks and who holds them
 * back since when, state sizes, open windows and counters of the last subscription. Of a rejection: the reason in words
 * and the smallest further delay that would have kept the row.
 *
 * @param of - an event stream (also behind foreign operators that keep it), or a rejection
 * @throws `TIDEMARK_OPTION` for anything else
 * @example
 * ```ts
 * const windows$ = of({ t: 1 }, { t: 12 }).pipe(withWatermark('t', 0), aggregate({ window: tumbling(10), select: { n: agg.count() } }));
 * windows$.pipe(rows()).subscribe();
 * explain(windows$).operators.map((o) => o.id); // => ['source', 'withWatermark-1', 'aggregate-2']
 * ```
 */
export function explain(of: Rejection): RejectionExplanation;
export function explain(of: Observable<unknown>): Explanation;
export function explain(of: Rejection | Observable<unknown>): Explanation | RejectionExplanation {
  const info = originOf<unknown>(of);
  if (info !== undefined) return explainStream(info);
  if ('reason' in of && 'operator' in of) return explainRejection(of);
  throw new TidemarkError('TIDEMARK_OPTION', 'explain takes an event stream or a rejection');
}

function explainStream(info: StreamInfo<unknown>): Explanation {
  const seen = new Map<StreamInfo<unknown>, OperatorExplanation>();
  visit(info, seen);
  const operators = [...seen.values()];
  return { operators, text: operators.map(lineOf).join('\n') };
}

function visit(info: StreamInfo<unknown>, seen: Map<StreamInfo<unknown>, OperatorExplanation>): void {
  for (const input of info.upstream ?? []) if (input !== undefined && !seen.has(input)) visit(input, seen);
  const { id, type, description, inputs } = info.plan;
  const live = info.live?.report() as LiveExplanation | undefined;
  const base = { id, type, description, inputs: inputs.map((input) => input.id) };
  seen.set(info, live === undefined ? base : { ...base, live });
}

function lineOf(operator: OperatorExplanation): string {
  const { id, description, live } = operator;
  const head = `${id}  ${JSON.stringify(description)}`;
  if (live === undefined) return head;
  const parts = [`W ${formatTime(live.watermark)}`];
  if (live.drop !== live.watermark) parts.push(`drop ${formatTime(live.drop)}`);
  if (live.holder !== undefined) parts.push(`held back by input ${live.holder.input} since ${formatTime(live.holder.since)}`);
  if (live.openWindows !== undefined) parts.push(`${live.openWindows} open windows`);
  const state = Object.entries(live.state).map(([table, size]) => `${table} ${size}`);
  if (state.length > 0) parts.push(`state: ${state.join(', ')}`);
  parts.push(countsOf(live.counters));
  return `${head}\n    ${parts.join(' · ')}`;
}

function countsOf({ rejected, ...counts }: Tally): string {
  const counted = Object.entries(counts).filter(([name, n]) => name === 'in' || n > 0);
  return [...counted, ...Object.entries(rejected)].map(([name, n]) => `${name} ${n}`).join(', ');
}

function explainRejection(rejection: Rejection): RejectionExplanation {
  const { reason, detail } = rejection;
  const missing = detail?.missingDelayMs;
  return { reason, ...(missing === undefined ? {} : { missingDelayMs: missing }), text: textOf(rejection) };
}

function textOf({ reason, time, operator, watermark, detail }: Rejection): string {
  const at = formatTime(time);
  switch (reason) {
    case 'late':
    case 'idleAdvance':
      return lateText(at, formatTime(watermark), operator, reason, detail);
    case 'duplicate':
      return `The row of ${at} repeats one that '${operator}' has let through.`;
    case 'noWindow':
      return `The row of ${at} is in no window of '${operator}'.`;
    case 'future':
      return `The row of ${at} is further ahead of the clock than maxFutureSkew allows ('${operator}').`;
    case 'invalid':
      return `The row has no readable event time ('${operator}'): ${detail?.message ?? ''}.`;
    case 'failed':
      return `A function failed on the row of ${at} in '${operator}': ${detail?.message ?? ''}.`;
  }
}

function lateText(at: string, w: string, operator: string, reason: string, detail: Rejection['detail']): string {
  const windows = detail?.windows ?? [];
  const last = windows[windows.length - 1];
  const what =
    last === undefined
      ? `The row of ${at} came when the watermark was at ${w}`
      : `The row of ${at} belongs to ${windows.length === 1 ? 'the window' : `${windows.length} windows, the last`} [${formatTime(last.start)}, ${formatTime(last.end)}), closed by the watermark ${w}`;
  const why = reason === 'idleAdvance' ? '; the clock had moved the watermark while the input was idle' : '';
  const missing = detail?.missingDelayMs;
  const remedy = missing === undefined ? '' : ` A delay ${formatDuration(missing)} longer would have kept it.`;
  return `${what} ('${operator}')${why}.${remedy}`;
}
