import type { CommitId } from '../sink';
import type { SinkFolder } from './folder';
import { encodeRows, type FileFormat } from './format';
import { numbered, type PartFile } from './manifest';
import { escapeSegment, partitioned } from './partitions';
import { beside, digestOf, join, nameOf } from './paths';

/** How the rows of a batch are laid out. */
export interface Layout {
  readonly format: FileFormat;
  readonly partitionBy: readonly string[];
  readonly maxRowsPerFile: number;
  /** Files keep a leading dot until their manifest is durable. */
  readonly hidden: boolean;
  /** A folder for each batch, `batch_7`. */
  readonly folderPerBatch: boolean;
}

/** The name of a file before its batch is committed, in folders that any program may list. */
export const hiddenName = (path: string): string => beside(path, `.${nameOf(path)}`);

/** Is it a file of ours, and of which attempt? Also while it is hidden, or not whole yet. */
export function partOf(
  path: string,
): { readonly batch: number; readonly attempt: string; readonly state: PartState } | undefined {
  const [, dot, batch, attempt, temp] = /^(\.*)part-(\d{16})-(.+)-\d{5,}\.[A-Za-z][\w.]*?(\.\d+\.tmp)?$/.exec(nameOf(path)) ?? [];
  if (batch === undefined || attempt === undefined) return undefined;
  return { batch: Number(batch), attempt, state: temp !== undefined ? 'temporary' : dot === '' ? 'shown' : 'hidden' };
}

export type PartState = 'temporary' | 'hidden' | 'shown';

/** An attempt as part of a file's name. */
export const attemptName = (attemptId: string): string => escapeSegment(attemptId);

/**
 * Writes the rows of a batch: whole files, durable under their names when this resolves. Nothing lists them yet.
 */
export async function writeParts(
  folder: SinkFolder,
  rows: readonly unknown[],
  id: CommitId,
  layout: Layout,
): Promise<PartFile[]> {
  const files: PartFile[] = [];
  const touched = new Set<string>();
  const top = layout.folderPerBatch ? `batch_${id.batchId}` : '';
  for (const [partition, group] of await partitioned(rows, layout.partitionBy)) {
    const place = join(top, partition);
    await folder.make(place);
    touched.add(place);
    for (let start = 0; start < group.length; start += layout.maxRowsPerFile) {
      const part = group.slice(start, start + layout.maxRowsPerFile);
      const bytes = encodeRows(layout.format, part);
      const number = String(files.length).padStart(5, '0');
      const path = join(place, `part-${numbered(id.batchId)}-${attemptName(id.attemptId)}-${number}${layout.format.extension}`);
      await folder.write(layout.hidden ? hiddenName(path) : path, bytes, 'replace');
      files.push({ path, rows: part.length, bytes: bytes.length, sha256: await digestOf(bytes) });
    }
  }
  for (const place of touched) await folder.sync(place);
  return files;
}

/** Brings the folder to what a durable manifest says: files shown, those it replaces gone. May be repeated. */
export async function settleParts(
  folder: SinkFolder,
  { files, removed = [] }: { readonly files: readonly PartFile[]; readonly removed?: readonly string[] },
  hidden: boolean,
): Promise<void> {
  for (const path of removed) await folder.remove(folder.at(path));
  if (hidden) for (const { path } of files) await folder.show(hiddenName(path), path);
  const paths = [...removed, ...(hidden ? files.map(({ path }) => path) : [])];
  for (const place of new Set(paths.map((path) => path.slice(0, Math.max(0, path.lastIndexOf('/')))))) await folder.sync(place);
}
