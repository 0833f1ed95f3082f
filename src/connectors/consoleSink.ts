import { checkOption } from '../errors';
import { columnsOf, showTable } from './showTable';
import type { BatchSink } from './sink';

/** Options of `consoleSink`. */
export interface ConsoleSinkOptions {
  /** Rows shown of a batch at most; a whole number >= 0; default 20. */
  readonly numRows?: number;
  /** Longest value in characters, `true` for 20, `false` for whole values. Default true. */
  readonly truncate?: boolean | number;
  /** Takes the text of a batch, several lines. Default: `console.log`. */
  readonly write?: (text: string) => void;
}

const RULER = '-'.repeat(43);

/**
 * A sink that prints each batch as a table, as Spark's console sink does: batch number, columns, rows. For looking at.
 *
 * A batch without rows prints an empty table. Control characters and ANSI sequences in values and names are written out, so
 * data cannot steer the terminal. It is volatile: after a crash a batch may be printed twice, and then says `(replayed)`.
 *
 * @param options - `numRows` (20), `truncate` (20 characters), `write` (`console.log`)
 * @throws `TIDEMARK_OPTION` at call
 * @example
 * ```ts
 * const lines: string[] = [];
 * const sink = consoleSink({ write: (text) => lines.push(...text.split('\n')) });
 * sink.commit({ mode: 'append', rows: [{ word: 'dog', count: 3 }] }, { queryId: 'q', batchId: 7, attemptId: 'a', epoch: 1, replayed: false, time: 0 });
 * lines.slice(1, 2); // => ['Batch: 7']
 * lines.slice(4, 5); // => ['|word|count|']
 * lines.slice(6, 7); // => ['| dog|    3|']
 * ```
 */
export function consoleSink(options: ConsoleSinkOptions = {}): BatchSink<unknown> {
  const { numRows = 20, truncate = true, write = print } = options;
  checkOption(Number.isInteger(numRows) && numRows >= 0, 'numRows is a whole number >= 0', { numRows });
  checkOption(
    typeof truncate === 'boolean' || (Number.isInteger(truncate) && truncate >= 0),
    'truncate is a boolean or a whole number',
    {
      truncate,
    },
  );
  let known: readonly string[] = []; // so that an empty batch has the columns of the one before
  return {
    type: 'console',
    description: { numRows, truncate },
    modes: ['append', 'update', 'complete'],
    delivery: 'volatile',
    commit: ({ rows }, { batchId, replayed }) => {
      if (rows.length > 0) known = columnsOf(rows.slice(0, Math.max(1, numRows)));
      const title = `Batch: ${batchId}${replayed ? ' (replayed)' : ''}`;
      write([RULER, title, RULER, showTable(rows, { numRows, truncate, columns: known }), ''].join('\n'));
    },
  };
}

function print(text: string): void {
  console.log(text); // eslint-disable-line no-console -- what this sink is for
}
