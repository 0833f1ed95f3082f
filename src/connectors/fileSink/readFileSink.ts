import { checkOption, isTidemarkError } from '../../errors';
import type { FileSystem } from '../../files/fileSystem';
import { createKeyMap, readerOf, type KeySpec } from '../../key';
import { SinkFolder } from './folder';
import type { FileFormat } from './format';
import { ManifestLog } from './manifestLog';
import { liveFiles, readPart } from './updates';

/** Options of `readFileSink`. */
export interface ReadFileSinkOptions {
  readonly path: string;
  readonly format: FileFormat;
  /**
   * The view of `updateAs: 'versioned'`: only the newest row of each key, without `_batch`, `_op` and `_key`. `true`: by the
   * key of the ChangeStream; else by these columns.
   */
  readonly latest?: true | string | readonly string[];
  readonly fs: FileSystem;
}

/**
 * The rows that a file sink has committed, in the order of batches: files that no manifest lists do not count. Contents are
 * checked against the manifest.
 *
 * @param options - `path`, `format`, `latest`, `fs`
 * @returns rows, file by file; with `latest` all at once. A CSV's cells are text
 * @throws `TIDEMARK_SINK_CORRUPT` while reading: a manifest or a listed file is not what was written
 */
export async function* readFileSink<R = Readonly<Record<string, unknown>>>(
  options: ReadFileSinkOptions,
): AsyncGenerator<R, void> {
  const { latest } = options;
  if (latest === undefined) return yield* committed(options) as AsyncGenerator<R, void>;
  checkOption(latest === true || latest.length > 0, 'latest names at least one column');
  const { read, columns } = readerOf<Row>(latest === true ? '_key' : (latest as KeySpec<Row>));
  const table = createKeyMap<R>(columns.length);
  for await (const row of committed(options)) {
    const { _batch, _op, _key, ...plain } = row;
    checkOption(latest !== true || _key !== undefined, 'the rows carry no key: latest names the columns', { path: options.path });
    const key = read(row);
    if (_op === 'delete') table.delete(key);
    else table.set(key, plain as R);
  }
  for (const [, row] of table.entries()) yield row;
}

type Row = Readonly<Record<string, unknown>>;

async function* committed(options: ReadFileSinkOptions): AsyncGenerator<Row, void> {
  const folder = new SinkFolder(options.fs, options.path);
  const log = new ManifestLog(folder);
  let begun = false;
  for (let tries = 3; ; tries--) {
    try {
      for (const file of liveFiles((await log.all()).values())) {
        const rows = (await readPart(folder, file, options)) as Row[];
        begun = true;
        yield* rows;
      }
      return;
    } catch (cause) {
      // A writer that replaces partitions removes files while we list them; what it wrote instead is listed by now.
      if (begun || tries === 1 || !isTidemarkError(cause)) throw cause;
    }
  }
}
