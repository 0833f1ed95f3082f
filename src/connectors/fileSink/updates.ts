import { TidemarkError } from '../../errors';
import { createKeyMap, readerOf } from '../../key';
import type { OutputBatch } from '../sink';
import type { SinkFolder } from './folder';
import { decodeRows } from './format';
import type { Manifest, PartFile } from './manifest';
import type { ManifestLog } from './manifestLog';
import { partitioned } from './partitions';
import { hiddenName, type Layout } from './parts';
import { digestOf } from './paths';

/**
 * `versioned`: rows get `_batch`, `_op` (`upsert` or `delete`) and, from a ChangeStream, `_key`; the newest of each key counts.
 * `replacePartition`: the folders that a batch touches are written anew, with its rows in the place of those of the same key.
 */
export type UpdateAs = 'versioned' | 'replacePartition';

/** The rows of an update with what tells their versions apart. */
export function versioned({ rows, changes }: OutputBatch<unknown>, batchId: number): unknown[] {
  const marked = (row: unknown, op: string, key?: readonly unknown[]): unknown => {
    const taken = ['_batch', '_op', '_key'].find((name) => name in (row as object));
    if (taken !== undefined)
      throw new TidemarkError('TIDEMARK_NAME_CLASH', `a row has a column ${taken} already`, { column: taken });
    return { ...(row as object), _batch: batchId, _op: op, ...(key !== undefined && { _key: JSON.stringify(key) }) };
  };
  return changes === undefined
    ? rows.map((row) => marked(row, 'upsert'))
    : changes.map(({ op, row, key }) => marked(row, op, key));
}

/** The new content of the folders that a batch touches, and the files it takes the place of. */
export async function replacing(
  batch: OutputBatch<unknown>,
  folder: SinkFolder,
  log: ManifestLog,
  layout: Layout,
  key: readonly string[],
): Promise<{ rows: readonly unknown[]; removed: readonly string[] }> {
  const changes = batch.changes ?? batch.rows.map((row) => ({ op: 'upsert' as const, row }));
  const places = new Set(
    (
      await partitioned(
        changes.map(({ row }) => row),
        layout.partitionBy,
      )
    ).keys(),
  );
  const old = liveFiles((await log.all()).values()).filter(({ path }) =>
    places.has(path.slice(0, Math.max(0, path.lastIndexOf('/')))),
  );
  const { read, columns } = readerOf<Readonly<Record<string, unknown>>>(key);
  const table = createKeyMap<unknown>(columns.length);
  for (const file of old) {
    for (const row of await readPart(folder, file, layout)) table.set(read(row as Readonly<Record<string, unknown>>), row);
  }
  for (const { op, row } of changes) {
    const id = read(row as Readonly<Record<string, unknown>>);
    if (op === 'delete') table.delete(id);
    else table.set(id, row);
  }
  return { rows: [...table.entries()].map(([, row]) => row), removed: old.map(({ path }) => path) };
}

/** The files that count, in the order of their batches. */
export function liveFiles(manifests: Iterable<Manifest>): PartFile[] {
  const live = new Map<string, PartFile>();
  for (const { files, removed = [] } of manifests) {
    for (const path of removed) live.delete(path);
    for (const file of files) live.set(file.path, file);
  }
  return [...live.values()];
}

/**
 * The rows of a file that a manifest lists.
 *
 * @throws `TIDEMARK_SINK_CORRUPT`: it is gone, or not what was written
 */
export async function readPart(folder: SinkFolder, file: PartFile, { format }: Pick<Layout, 'format'>): Promise<unknown[]> {
  const bytes = (await folder.read(file.path)) ?? (await folder.read(hiddenName(file.path))); // not shown yet
  const corrupt = (what: string): TidemarkError =>
    new TidemarkError('TIDEMARK_SINK_CORRUPT', `${file.path} ${what}`, { path: folder.at(file.path) });
  if (bytes === undefined) throw corrupt('is listed, and not there');
  if ((await digestOf(bytes)) !== file.sha256) throw corrupt('is not what was written');
  return decodeRows(format, bytes, (_raw, message, line) => {
    throw corrupt(`cannot be read at line ${line}: ${message}`);
  });
}
