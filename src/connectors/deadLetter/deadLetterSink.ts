import { checkOption } from '../../errors';
import type { FileSystem } from '../../files/fileSystem';
import { ndjson } from '../../formats/ndjson';
import { fileSink } from '../fileSink/fileSink';
import type { BatchSink } from '../sink';
import { letterOf } from './record';

/** Options of `deadLetterSink`. */
export interface DeadLetterSinkOptions {
  /** The folder; made if it is not there. */
  readonly path: string;
  /** A longer row, as JSON, is cut to so many characters, and cannot be re-driven; default 65,536. */
  readonly maxRecordLength?: number;
  /** Where the files are; in Node the system's by default. */
  readonly fs: FileSystem;
}

/**
 * The sink for a query's output `rejected`: each rejection becomes one line of JSON with the row, the reason, the operator,
 * the watermark, the message and the batch, in files that are committed with the batch (exactly-once, as `fileSink`). Also for
 * `divert`: its rows are marked `diverted`.
 *
 * Rows are written so that they come back as they were (dates, bigints, Maps, …) whatever is in them; see `redrive`.
 *
 * @param options - `path`, `maxRecordLength`, `fs`
 * @throws `TIDEMARK_OPTION` at call; as `fileSink` at run time: a queue that cannot be written stops the query
 */
export function deadLetterSink(options: DeadLetterSinkOptions): BatchSink<unknown> {
  const { path, maxRecordLength = 65_536, fs } = options;
  checkOption(Number.isInteger(maxRecordLength) && maxRecordLength > 0, 'maxRecordLength is a whole number above 0', {
    maxRecordLength,
  });
  const files = fileSink({ path, format: ndjson(), visibility: 'strict', fs });
  return {
    type: 'deadLetters',
    description: { path, maxRecordLength },
    modes: ['append', 'update', 'complete'], // a divert sink takes what the other could not
    delivery: files.delivery,
    open: (context) => files.open?.({ ...context, mode: 'append' }),
    commit: async ({ rows }, id) => {
      const letters = [];
      for (const row of rows) letters.push(await letterOf(row, id.batchId, id.time, maxRecordLength));
      return files.commit({ rows: letters, mode: 'append' }, id);
    },
    lookup: async (batchId) => files.lookup?.(batchId),
    lastBatch: async () => files.lastBatch?.(),
  };
}
