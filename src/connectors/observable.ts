import type { Observable } from 'rxjs';
import { checkOption, TidemarkError } from '../errors';
import { Inbox, type Overflow } from './inbox';
import type { Source } from './source';

/** Options of `observableSource`. */
export interface ObservableSourceOptions {
  /** At most so many rows are heard and not yet committed; default 100,000. */
  readonly maxRows?: number;
  /** At most so many rows in a batch; default: `maxRows`. */
  readonly maxRowsPerTrigger?: number;
  /**
   * What happens to a row beyond `maxRows`. `fail` (default): the query stops with `TIDEMARK_OVERFLOW`. `drop`: it is left
   * out and counted. `block`: `pause(true)` asks the producer to hold back; up to as many rows again may still come.
   */
  readonly overflow?: Overflow;
  /** For `block`. */
  readonly pause?: (isPaused: boolean) => void;
}

/**
 * Makes a source of any Observable. It is subscribed when the query starts, and left when it stops.
 *
 * An Observable cannot be asked again. With a durable checkpoint its rows are written to a journal in it before they are
 * planned: what was journaled is read exactly once; what the Observable said while no query ran is not heard. Without one
 * its rows are gone with the process. When it fails, the query fails with `TIDEMARK_SOURCE` after the rows before; when it
 * completes, the source has ended.
 *
 * @param rows - plain data: what JSON or the checkpoint's codec can write
 * @param options - `maxRows` (default 100,000), `maxRowsPerTrigger` (default `maxRows`), `overflow` (default `'fail'`), `pause`
 * @returns a journaled source; offsets are numbers of rows
 * @throws `TIDEMARK_OPTION` at call; `TIDEMARK_OVERFLOW`, `TIDEMARK_SOURCE` as above, when the query asks
 * @example
 * ```ts
 * observableSource(of({ t: 1 })).replay; // => 'journaled'
 * ```
 */
export function observableSource<T>(rows: Observable<T>, options: ObservableSourceOptions = {}): Source<T> {
  const { maxRows = 100_000, maxRowsPerTrigger = maxRows, overflow = 'fail', pause } = options;
  checkOption(Number.isInteger(maxRows) && maxRows > 0, 'maxRows is a whole number above 0', { maxRows });
  checkOption(maxRowsPerTrigger >= 1, 'maxRowsPerTrigger is at least 1', { maxRowsPerTrigger });
  checkOption(['fail', 'drop', 'block'].includes(overflow), `overflow is 'fail', 'drop' or 'block'`, { overflow });
  checkOption(overflow !== 'block' || pause !== undefined, `overflow: 'block' needs pause, which holds the producer back`);
  return {
    type: 'observable',
    description: { maxRows, overflow },
    replay: 'journaled',
    open(context) {
      const inbox = new Inbox<T>({ maxRows, maxRowsPerTrigger, overflow, pause }, context, () => subscription.unsubscribe());
      const subscription = rows.subscribe({
        next: (row) => inbox.row(row),
        error: (cause: unknown) => inbox.fail(new TidemarkError('TIDEMARK_SOURCE', 'the Observable failed', {}, { cause })),
        complete: () => inbox.complete(),
      });
      return inbox;
    },
  };
}
