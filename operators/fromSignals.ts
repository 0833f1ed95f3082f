import type { OperatorFunction } from 'rxjs';
import type { Element, Signal, TieRule } from '../src/element';
import { FusedStream, signalSource } from '../src/rx';
import type { ErrorPolicy } from '../src/traits';

/** Options of `fromSignals`. */
export interface FromSignalsOptions {
  /** How a row on the watermark is judged: `instant` (late, as for rows; default) or `ordered` (on time, as for results). */
  readonly ties?: TieRule;
  /** The column that holds the event time, for operators that ask (`dropDuplicates`). */
  readonly timeColumn?: string;
  readonly onError?: ErrorPolicy;
}

/**
 * Makes an event stream from its readable form: the way back from `signals()`, and the way into a marble test.
 *
 * The watermark is what the signals say. Completion is only completion: open windows are released by a signal
 * `{ kind: 'watermark', time: Infinity }`, nothing else.
 *
 * @param options - `ties`, `timeColumn`, `onError`
 * @example
 * ```ts
 * const out: unknown[] = [];
 * of<Signal<string>>({ kind: 'event', time: 1, row: 'a' }, { kind: 'watermark', time: 1 })
 *   .pipe(fromSignals(), rows()).subscribe((row) => out.push(row));
 * out; // => ['a']
 * ```
 */
export function fromSignals<T>(options: FromSignalsOptions = {}): OperatorFunction<Signal<T>, Element<T>> {
  const { ties = 'instant', timeColumn, onError = 'error' } = options;
  return (source) =>
    new FusedStream<T>(
      signalSource(source, {
        kind: 'event',
        ties,
        watermark: true,
        windowColumns: [],
        ...(timeColumn === undefined ? {} : { timeColumn }),
        allowedLatenessMs: 0,
        onError,
      }),
    );
}
