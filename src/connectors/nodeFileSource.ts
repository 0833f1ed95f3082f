import type { FileSystem } from '../files/fileSystem';
import { nodeFileSystem } from '../files/nodeFileSystem';
import type { SchemaMode } from '../schema/rowReader';
import { fileSourceOn, type FileRow } from './files/fileSource';
import type { FileSourceOptions } from './files/options';
import type { Source } from './source';

/**
 * Watches a folder: every file in it is read once, in order of last change, then name. Or follows one file that grows.
 *
 * The folder is listed each time the query looks; a file is taken when it has come to rest (`settle`), so what is being
 * written is never read, nor are hidden and temporary names (`.x`, `_x`, `x.tmp`, `x.part`, …) and symbolic links. A file
 * that comes with an old time is new all the same: which files were taken is written down in the checkpoint, by name.
 * Later changes to a file that was taken are not looked at; use `tail` for one file that grows.
 *
 * What a batch will read is fixed in its plan, with size, time, inode and hashes of the first and last 4 KiB of each file;
 * when it is read, or read again after a crash, and something differs, the query fails with `TIDEMARK_SOURCE_CHANGED` or
 * `TIDEMARK_DATA_LOSS`, or with `onChanged: 'skip'` leaves the file out and rejects its name.
 *
 * Records that are no rows are rejected as `invalid` with their position (`part-3.ndjson:17`). Memory: two blocks of
 * 256 KiB and the longest record; a name for each file in the folder.
 *
 * @param options - `path`, `format` and `schema`; then `mode`, `maxFilesPerTrigger` (default 1,000), `maxBytesPerTrigger`,
 * `latestFirst`, `fileNameOnly`, `recursive`, `accept`, `settle` (default 1), `tail`, `endOfData`, `onChanged`,
 * `pollEvery` (default 1 second); `fileSystem`: another one than Node's
 * @returns a source for `streamingQuery`; the same rows each time a batch is repeated
 * @throws `TIDEMARK_OPTION` when the schema is missing or a limit is out of range; `TIDEMARK_SOURCE` when the folder
 * cannot be listed; `TIDEMARK_SOURCE_CHANGED`, `TIDEMARK_DATA_LOSS` as above
 * @example
 * ```ts
 * const visits = fileSource({ path: 'visits/', format: ndjson(), schema: schema({ at: 'timestamp', page: 'string' }) });
 * streamingQuery(visits, (rows$) => rows$.pipe(withWatermark('at', '1 minute'))).writeStream({
 *   sink: fileSink({ path: 'out/', format: ndjson() }),
 *   checkpoint: fileCheckpoint('checkpoint/'),
 * });
 * ```
 */
export function fileSource<T, M extends SchemaMode = 'strict'>(
  options: FileSourceOptions<T, M> & { readonly fileSystem?: FileSystem },
): Source<FileRow<T, M>> {
  return fileSourceOn(options.fileSystem ?? nodeFileSystem, options);
}
