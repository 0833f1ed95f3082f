import { checkOption, TidemarkError } from '../../errors';
import type { FileSystem } from '../../files/fileSystem';
import type { OutputMode } from '../../rx';
import type { BatchSink, CommitId, OutputBatch, Receipt, SinkContext } from '../sink';
import { SinkFolder } from './folder';
import type { FileFormat } from './format';
import type { Manifest } from './manifest';
import { ManifestLog } from './manifestLog';
import { checkColumns } from './partitions';
import { settleParts, writeParts, type Layout } from './parts';
import { removeOrphans } from './recovery';
import { replacing, versioned, type UpdateAs } from './updates';

/** Options of `fileSink`. */
export interface FileSinkOptions {
  /** The folder; made if it is not there. One query writes to a folder. */
  readonly path: string;
  /** `ndjson()`, `csv()`. */
  readonly format: FileFormat;
  /** Columns whose values name folders, `year=2026/month=11`. The rows keep them. */
  readonly partitionBy?: string | readonly string[];
  /**
   * `manifest` (default): readers go by the manifests (`readFileSink`); a plain listing may see files of an attempt that
   * failed. `strict`: files stay hidden (a leading dot) until their batch is committed, so that a plain listing will do.
   */
  readonly visibility?: 'manifest' | 'strict';
  /** A file has at most so many rows; default 1,000,000. */
  readonly maxRowsPerFile?: number;
  /** What update mode means for files; without it update mode is refused. */
  readonly updateAs?: UpdateAs;
  /** For `replacePartition`: the columns that say which rows are about the same thing. */
  readonly key?: string | readonly string[];
  /** Each batch in a folder of its own, `batch_7`. Default false. */
  readonly folderPerBatch?: boolean;
  /** Where the files are; in Node the system's by default. */
  readonly fs: FileSystem;
}

/**
 * A sink of files, exactly-once: files are written whole and made durable under names of their batch and attempt; then one
 * file of `_tidemark_log` lists them, published at once or not at all. That manifest is the receipt. What a crash leaves
 * behind is listed nowhere and removed at the next start.
 *
 * Folders of `partitionBy` are Hive's, `column=value`; null and missing values are `unknown`, the empty text
 * `__HIVE_DEFAULT_PARTITION__`, others are percent-encoded as UTF-8 and long ones cut with a hash, so no value leaves the
 * folder. The rows keep the columns: Spark, which has other names for null and for letters beyond ASCII, reads them from the
 * rows with `recursiveFileLookup`. Symbolic links in the folder are refused. The epoch of a
 * checkpoint that changed hands fences the writer before.
 *
 * @param options - `path`, `format`, `partitionBy`, `visibility`, `maxRowsPerFile` (1,000,000), `updateAs`, `key`,
 * `folderPerBatch`, `fs`
 * @throws `TIDEMARK_OPTION` at call; when opened or asked for a commit: `TIDEMARK_OUTPUT_MODE` (update mode without `updateAs`),
 * `TIDEMARK_FENCED`, `TIDEMARK_SINK_MISMATCH` (another query's folder), `TIDEMARK_SINK_CORRUPT`, `TIDEMARK_PATH` (a symbolic
 * link); what the file system throws
 *
 * Cost: a commit syncs each file, each folder it touches, and the log: some 3 syncs and a file without partitions. Opening
 * lists the whole folder. Every 10 manifests are put together, every 100 those, and so on.
 *
 * Source: Spark's file sink (manifest of batches), with strict visibility, checksums and fencing added.
 */
export function fileSink(options: FileSinkOptions): BatchSink<unknown> {
  const { path, format, visibility = 'manifest', maxRowsPerFile = 1_000_000, folderPerBatch = false } = options;
  const partitionBy = listOf(options.partitionBy);
  checkOption(path !== '', 'path names a folder');
  checkOption(Number.isInteger(maxRowsPerFile) && maxRowsPerFile > 0, 'maxRowsPerFile is a whole number above 0', {
    maxRowsPerFile,
  });
  checkColumns(partitionBy);
  const { updateAs } = options;
  const key = listOf(options.key);
  checkOption(
    updateAs !== 'replacePartition' || key.length > 0,
    "updateAs: 'replacePartition' needs key: the columns a row is found by",
  );
  checkOption(
    updateAs !== 'replacePartition' || !folderPerBatch,
    "updateAs: 'replacePartition' rewrites folders, folderPerBatch keeps one for each batch: choose one",
  );
  const layout: Layout = { format, partitionBy, maxRowsPerFile, hidden: visibility === 'strict', folderPerBatch };
  return new Files({ ...options, path: path.replace(/(?<=[^/])\/+$/, '') }, layout, key);
}

const listOf = (columns: string | readonly string[] = []): readonly string[] =>
  typeof columns === 'string' ? [columns] : columns;

class Files implements BatchSink<unknown> {
  readonly type = 'files';
  readonly delivery = 'transactional';
  readonly modes: readonly OutputMode[];
  readonly description: Readonly<Record<string, unknown>>;
  private readonly folder: SinkFolder;
  private readonly log: ManifestLog;
  private context: SinkContext | undefined;

  constructor(
    private readonly options: FileSinkOptions,
    private readonly layout: Layout,
    private readonly key: readonly string[],
  ) {
    const { path, updateAs } = options;
    const { partitionBy, hidden, format } = layout;
    this.modes = updateAs === undefined ? ['append'] : ['append', 'update'];
    this.description = {
      path,
      format: format.name,
      partitionBy,
      visibility: hidden ? 'strict' : 'manifest',
      ...(updateAs !== undefined && { updateAs }),
    };
    this.folder = new SinkFolder(options.fs, path);
    this.log = new ManifestLog(this.folder);
  }

  async open(context: SinkContext): Promise<void> {
    this.checkMode(context.mode);
    this.context = context;
    await this.folder.prepare();
    await this.log.acquire(context.epoch);
    const manifests = await this.log.all();
    for (const { query } of manifests.values()) if (query !== context.queryId) throw foreignFolder(this.folder.root, query);
    await removeOrphans(this.folder, manifests);
  }

  async commit(batch: OutputBatch<unknown>, id: CommitId): Promise<Receipt> {
    this.checkMode(batch.mode);
    checkOption(this.context !== undefined, 'a sink is opened before it takes a batch');
    const known = await this.log.find(id.batchId);
    if (known !== undefined) return this.settled(known);
    const { rows, removed } = await this.rowsOf(batch, id);
    const files = await writeParts(this.folder, rows, id, this.layout);
    await this.log.checkFence();
    const { batchId, attemptId, queryId: query, epoch, time } = id;
    const plain = { version: 1, query, batch: batchId, attempt: attemptId, epoch, time, rows: batch.rows.length, files } as const;
    const manifest: Manifest = removed.length > 0 ? { ...plain, removed } : plain;
    const isOurs = await this.log.publish(manifest);
    const receipt = await this.settled(isOurs ? manifest : ((await this.log.find(batchId)) ?? manifest));
    if (isOurs) await this.log.compact(batchId);
    return receipt;
  }

  async lookup(batchId: number): Promise<Receipt | undefined> {
    const manifest = await this.log.find(batchId);
    return manifest && this.settled(manifest);
  }

  lastBatch(): Promise<number | undefined> {
    return this.log.last();
  }

  /** What is committed is shown before anybody hears of it. */
  private async settled(manifest: Manifest): Promise<Receipt> {
    await settleParts(this.folder, manifest, this.layout.hidden);
    return { attemptId: manifest.attempt, rows: manifest.rows };
  }

  private rowsOf(batch: OutputBatch<unknown>, id: CommitId): Promise<{ rows: readonly unknown[]; removed: readonly string[] }> {
    if (batch.mode === 'append') return Promise.resolve({ rows: batch.rows, removed: [] });
    if (this.options.updateAs === 'versioned') return Promise.resolve({ rows: versioned(batch, id.batchId), removed: [] });
    return replacing(batch, this.folder, this.log, this.layout, this.key);
  }

  remedy(mode: OutputMode): string {
    if (mode !== 'update') return 'use append, or a memory sink';
    return (
      "say what an update is for files: updateAs: 'versioned' adds the batch to each row, and the reader's view keeps the newest of each key; " +
      "updateAs: 'replacePartition' rewrites the partitions that a batch touches"
    );
  }

  private checkMode(mode: OutputMode): void {
    if (this.modes.includes(mode)) return;
    throw new TidemarkError('TIDEMARK_OUTPUT_MODE', `a file sink does not take ${mode} mode: ${this.remedy(mode)}`, {
      mode,
      path: this.options.path,
    });
  }
}

function foreignFolder(path: string, query: string): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_SINK_MISMATCH',
    'the folder holds batches of another query, or of one without a checkpoint; give each query a folder of its own',
    { path, query },
  );
}
