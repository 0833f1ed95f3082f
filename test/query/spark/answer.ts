import {
  foreachBatch,
  memoryCheckpoint,
  memorySource,
  streamingQuery,
  type MemorySource,
  type QueryProgress,
  type StreamingQuery,
} from 'tidemark';
import { pipelineOf, type Stream } from './pipeline';
import { COLUMNS, type Answer, type Batch, type Plan, type Row, type Values } from './plan';

/** What this library answers to a plan. */
export async function answerOf(plan: Plan): Promise<Answer> {
  try {
    return { steps: await stepsOf(plan) };
  } catch (error) {
    return { refused: `${(error as Error).name}: ${(error as Error).message}` };
  }
}

async function stepsOf(plan: Plan): Promise<Batch[][]> {
  const sources = Object.fromEntries(
    Object.keys(plan.streams).map((name) => [name, memorySource<Row>([], { columns: [...COLUMNS] })]),
  );
  const written = new Map<number, readonly Row[]>();
  const progress: QueryProgress[] = [];
  const build = queryOf(plan, sources, written, progress);
  let query = await build().start();
  const steps: Batch[][] = [];
  for (const step of plan.batches) {
    const from = progress.length;
    if (step === 'restart') {
      await query.stop();
      query = await build().start();
    } else {
      for (const [name, rows] of Object.entries(step)) sources[name]!.add(...rows.map(rowOf));
      await query.processAllAvailable();
    }
    if (query.exception !== undefined) throw query.exception;
    steps.push(progress.slice(from).map((told) => batchOf(told, written)));
  }
  await query.stop();
  return steps;
}

function queryOf(
  plan: Plan,
  sources: Readonly<Record<string, MemorySource<Row>>>,
  written: Map<number, readonly Row[]>,
  progress: QueryProgress[],
): () => StreamingQuery {
  const checkpoint = memoryCheckpoint();
  return () => {
    const pipeline = (streams: Readonly<Record<string, Stream>>): Stream => pipelineOf(plan, streams);
    const query = streamingQuery(sources as never, pipeline as never).writeStream({
      sink: foreachBatch<Row>(({ rows }, { batchId }) => written.set(batchId, rows)),
      outputMode: plan.mode,
      checkpoint,
      watermarkPolicy: plan.policy ?? 'min',
      noDataBatches: plan.noDataBatches ?? true,
      onAdvice: () => {},
    } as never) as StreamingQuery;
    query.progress$.subscribe((told) => progress.push(told));
    return query;
  };
}

function rowOf(values: Values): Row {
  return Object.fromEntries(COLUMNS.map((name, i) => [name, i === 3 ? numberOf(values[i]!) : values[i]!]));
}

/** NaN and infinities are text in JSON. */
function numberOf(value: string | number | null): number | null {
  return typeof value === 'string' ? Number(value) : value;
}

function batchOf({ batchId, eventTime, stateOperators }: QueryProgress, written: ReadonlyMap<number, readonly Row[]>): Batch {
  const late = stateOperators.reduce((sum, { numRowsDroppedByWatermark }) => sum + numRowsDroppedByWatermark, 0);
  return {
    id: batchId,
    rows: (written.get(batchId) ?? []).map(plain),
    state: stateOperators.map(({ numRowsTotal }) => numRowsTotal),
    ...(eventTime === undefined ? {} : { watermark: new Date(eventTime.watermark).toISOString() }),
    late,
  };
}

/** As Spark's answers are written: windows as their ends, no nulls, NaN and infinities as text. */
function plain(row: Row): Row {
  const columns = Object.entries(row).map(([name, value]) => [name, plainValue(value)] as const);
  return Object.fromEntries(columns.filter(([, value]) => value !== null));
}

function plainValue(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'object' && 'start' in value && 'end' in value) return [value.start, value.end];
  return value;
}
