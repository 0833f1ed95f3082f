import type { QueryExplanation, QueryProgress } from 'tidemark';
import { RejectionCounts, type Kind } from './ledger';
import type { Line } from './lines';
import type { OutputName } from './query';

/** How far a run has come, as far as it is committed: what a restart would go on from. */
export class Live {
  /** Rows read. */
  read = 0;
  watermark = -Infinity;
  alerts = 0;
  /** Windows that have spoken and that are open, by kind. */
  readonly closed: Record<string, number> = {};
  readonly open: Record<string, number> = {};
  /** The newest windows of the first kind. */
  latest: Line[] = [];
  readonly rejections: RejectionCounts;

  constructor(
    readonly kinds: readonly Kind[],
    readonly total: number | undefined,
    private readonly delayMs: number,
    /** The source's offsets are numbers of rows. Else only this run's rows are counted. */
    private readonly countsFromStart: boolean,
  ) {
    this.rejections = new RejectionCounts(kinds.map(({ name }) => name));
    for (const { name } of kinds) this.closed[name] = this.open[name] = 0;
  }

  /** Lines of an output that are committed. */
  take(output: OutputName, lines: readonly Line[]): void {
    if (output === 'alerts') this.alerts += lines.length;
    else if (output === 'rejected') for (const line of lines) this.rejections.add(line);
    else for (const line of lines) this.window(line);
  }

  private window(line: Line): void {
    const kind = String(line['kind']);
    this.closed[kind] = (this.closed[kind] ?? 0) + 1;
    if (kind === this.kinds[0]!.name) this.latest = [...this.latest.slice(-7), line];
  }

  progressed({ sources }: QueryProgress, { watermark, outputs }: QueryExplanation): void {
    const { endOffset, numInputRows = 0 } = sources['source'] ?? {};
    this.read = this.countsFromStart ? Number(endOffset ?? this.read) : this.read + numInputRows;
    this.watermark = watermark;
    for (const { id, live } of outputs['windows']?.operators ?? []) if (id in this.open) this.open[id] = live?.openWindows ?? 0;
  }

  /** The newest event time: the delay is what the watermark is behind. */
  get maxTime(): number {
    return this.watermark + this.delayMs;
  }

  /** The share of rows that came too late; a row counts once, though several kinds of windows may have missed it. */
  get late(): number {
    return (this.rejections.byReason['late'] ?? 0) + (this.rejections.byWindow[this.kinds[0]!.name] ?? 0);
  }
}
