import { ndjson, type BatchSink, type CommitId, type OutputBatch, type Receipt, type SinkContext } from 'tidemark';
import { fileSink } from 'tidemark/node';
import type { Line } from './lines';

/** Where lines go and who hears of them. */
export interface LineSinkOptions<R> {
  readonly path: string;
  readonly line: (row: R) => Line;
  /** A plain listing shows only what is committed. Default: readers go by the manifests. */
  readonly isStrict?: boolean;
  /** Told of the lines of a batch once they are committed. */
  readonly onLines?: (lines: readonly Line[]) => void;
}

/** A folder of NDJSON files that takes rows as the lines that people read. */
export function lineSink<R>(options: LineSinkOptions<R>): BatchSink<R> {
  return new LineSink(options);
}

class LineSink<R> implements BatchSink<R> {
  readonly type = 'lines';
  readonly delivery = 'transactional';
  readonly modes = ['append'] as const;
  readonly description: Readonly<Record<string, unknown>>;
  private readonly files: BatchSink<unknown>;

  constructor(private readonly options: LineSinkOptions<R>) {
    const { path, isStrict = false } = options;
    this.files = fileSink({ path, format: ndjson(), visibility: isStrict ? 'strict' : 'manifest' });
    this.description = { path };
  }

  open(context: SinkContext): Promise<void> | void {
    return this.files.open?.(context);
  }

  async commit({ rows, mode }: OutputBatch<R>, id: CommitId): Promise<Receipt | void> {
    const lines = rows.map(this.options.line);
    const receipt = await this.files.commit({ rows: lines, mode }, id);
    this.options.onLines?.(lines);
    return receipt;
  }

  async lookup(batchId: number): Promise<Receipt | undefined> {
    return this.files.lookup?.(batchId);
  }

  async lastBatch(): Promise<number | undefined> {
    return this.files.lastBatch?.();
  }

  close(): Promise<void> | void {
    return this.files.close?.();
  }
}
