import type { Observable } from 'rxjs';
import type { Signal } from '../element';
import { checkOption } from '../errors';
import { timeline, type Frame } from '../rx/timeline';

/** What the symbols of a weave stand for: a row with its time, or, a number, a watermark. */
export type WeaveValues<T> = Readonly<Record<string, { readonly time: number; readonly row: T } | number>>;

/**
 * Lays a marble string of rows and one of watermarks on one another: a cold Observable of signals for `fromSignals()`.
 *
 * `-` is a frame, `(ab)` a group in one frame (it takes as many frames as it has characters, as in RxJS), `|` completes,
 * `#` fails with `'error'`, spaces are only for aligning. Where one string has a symbol the other has `-` or has ended.
 *
 * @param rows - marble string of rows
 * @param watermarks - marble string of watermarks, aligned with it
 * @param values - the meaning of the symbols
 * @throws `TIDEMARK_OPTION` at call: two symbols in one column, a symbol without a value, a watermark that falls
 * @example
 * ```ts
 * const input = weave('-a-|', '--V', { a: { time: 1, row: 'x' }, V: 1 });
 * ```
 */
export function weave<T>(rows: string, watermarks: string, values: WeaveValues<T>): Observable<Signal<T>> {
  const cells = [...cellsOf(rows), ...cellsOf(watermarks)].sort(([a], [b]) => a - b);
  const frames = cells.map(([at, symbols]) => frameOf(at, symbols, values));
  frames.forEach((frame, i) =>
    checkOption(frame.at !== frames[i - 1]?.at, `two symbols share column ${frame.at}`, { rows, watermarks }),
  );
  checkRising(frames.flatMap((frame) => frame.say));
  return timeline(frames);
}

/** The symbols of a marble string by frame; a group takes as many frames as it has characters. */
function cellsOf(marbles: string): [at: number, symbols: string][] {
  const cells: [number, string][] = [];
  for (const { 0: text, index } of marbles.replace(/\s/g, '').matchAll(/\(([^)]*)\)|[^-]/g)) {
    cells.push([index, text.startsWith('(') ? text.slice(1, -1) : text]);
  }
  return cells;
}

function frameOf<T>(at: number, symbols: string, values: WeaveValues<T>): Frame<Signal<T>> {
  const say: Signal<T>[] = [];
  let then: Frame<unknown>['then'];
  for (const symbol of symbols) {
    if (symbol === '|') then = 'complete';
    else if (symbol === '#') then = 'error';
    else say.push(signalOf(symbol, values));
  }
  return then === undefined ? { at, say } : { at, say, then };
}

function signalOf<T>(symbol: string, values: WeaveValues<T>): Signal<T> {
  const value = values[symbol];
  checkOption(value !== undefined, `the symbol '${symbol}' has no value`, { symbol });
  return typeof value === 'number' ? { kind: 'watermark', time: value } : { kind: 'event', ...value };
}

function checkRising<T>(signals: readonly Signal<T>[]): void {
  let last = -Infinity;
  for (const signal of signals) {
    if (signal.kind !== 'watermark') continue;
    checkOption(signal.time >= last, `the watermark falls from ${last} to ${signal.time}`);
    last = signal.time;
  }
}
