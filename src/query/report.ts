import type { Stage } from '../operator';
import { eachArriving } from './arriving';
import type { Engine, FinishedBatch } from './engine';
import {
  byReason,
  rate,
  type QueryProgress,
  type SinkProgress,
  type SourceProgress,
  type StateOperatorProgress,
} from './progress';

/** Who speaks. */
export interface Identity {
  readonly id: string;
  readonly runId: string;
  readonly name: string | null;
}

/** Makes the progress record of each batch; remembers what the counters were before it. */
export class Reporter {
  private dropped = new Map<string, { late: number; duplicate: number }>();

  constructor(
    private readonly engine: Engine,
    private readonly identity: Identity,
  ) {}

  of(batch: FinishedBatch): QueryProgress {
    const { engine } = this;
    const durationMs = engine.timings.take();
    const batchDuration = durationMs['triggerExecution'] as number;
    const { triggeredAt } = engine.timings;
    const sinceLast = engine.timings.sinceLastTrigger;
    const rows = [...(batch.result?.rows.values() ?? [])].reduce((sum, n) => sum + n, 0);
    const holder = engine.watermarks.holder(triggeredAt);
    return {
      ...this.identity,
      timestamp: new Date(triggeredAt).toISOString(),
      batchId: batch.plan.batch,
      batchDuration,
      durationMs,
      numInputRows: rows,
      inputRowsPerSecond: rate(rows, sinceLast),
      processedRowsPerSecond: rate(rows, batchDuration),
      ...this.eventTime(batch),
      stateOperators: this.stateOperators(batch),
      sources: this.sources(batch, sinceLast, batchDuration),
      sinks: this.sinks(batch),
      rejected: byReason(batch.result?.rejections ?? []),
      ...(holder === undefined ? {} : { watermarkHolder: holder }),
    };
  }

  private eventTime({ plan, result }: FinishedBatch): Pick<QueryProgress, 'eventTime'> {
    if (result === undefined || result.proposals.size === 0) return {};
    const { watermark } = plan;
    const seen = [...result.proposals.values()].find(({ times }) => times.count > 0)?.times;
    if (seen === undefined) return { eventTime: { watermark } };
    return { eventTime: { max: seen.max, min: seen.min, avg: seen.average, watermark } };
  }

  private stateOperators({ run, plan }: FinishedBatch): StateOperatorProgress[] {
    const stages = [...(run?.stages().values() ?? [])].filter(
      (stage) => stage.stateful && stage.processor.ownsWatermark !== true,
    );
    const late = new Map<unknown, number | undefined>();
    if (stages.length > 0) eachArriving(this.engine.pipeline.outputs, plan.late, (stage, w) => late.set(stage, w));
    return stages.map((stage) => this.stateOperator(stage, late.get(stage)));
  }

  private stateOperator(stage: Stage<unknown, unknown>, late = 0): StateOperatorProgress {
    const { id, type, tally, processor } = stage;
    const before = this.dropped.get(id) ?? { late: 0, duplicate: 0 };
    const now = { late: (tally.rejected.late ?? 0) + tally.partlyLate, duplicate: tally.rejected.duplicate ?? 0 };
    // A fresh attempt counts from 0.
    const since = now.late < before.late || now.duplicate < before.duplicate ? { late: 0, duplicate: 0 } : before;
    this.dropped.set(id, now);
    const rows = processor.stateRows?.() ?? { total: stage.stateSize, updated: 0, removed: 0 };
    return {
      operatorId: id,
      operatorName: type,
      numRowsTotal: rows.total,
      numRowsUpdated: rows.updated,
      numRowsRemoved: rows.removed,
      numRowsDroppedByWatermark: now.late - since.late,
      numDroppedDuplicateRows: now.duplicate - since.duplicate,
      watermark: { late, evict: stage.evictedWith },
    };
  }

  private sources({ plan, result }: FinishedBatch, sinceLast: number, duration: number): Record<string, SourceProgress> {
    const sources: Record<string, SourceProgress> = {};
    for (const [id, { from, to }] of Object.entries(plan.sources)) {
      const rows = result?.rows.get(id) ?? 0;
      sources[id] = {
        description: describeSource(this.engine, id),
        startOffset: from,
        endOffset: to ?? null,
        numInputRows: rows,
        inputRowsPerSecond: rate(rows, sinceLast),
        processedRowsPerSecond: rate(rows, duration),
        backlog: this.engine.sources.backlogOf(id) ?? null,
        metrics: this.engine.sources.reportOf(id) ?? {},
      };
    }
    return sources;
  }

  private sinks({ outcomes }: FinishedBatch): Record<string, SinkProgress> {
    const sinks: Record<string, SinkProgress> = {};
    for (const [name, { kind, outcome, rows }] of Object.entries(outcomes)) {
      sinks[name] = { description: kind, outcome, numOutputRows: rows };
    }
    return sinks;
  }
}

function describeSource(engine: Engine, id: string): string {
  const source = engine.pipeline.sources.get(id);
  return `${source?.type ?? 'source'}[${id}]`;
}
