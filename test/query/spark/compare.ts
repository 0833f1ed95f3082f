import type { AggregateSpec, Answer, Batch, Plan, Row, WindowSpec } from './plan';

/** Where two answers to a plan differ, in words; nothing where they agree. */
export function differences(plan: Plan, own: Answer): readonly string[] {
  const { spark } = plan;
  if ('refused' in spark || 'refused' in own) {
    if ('refused' in spark && 'refused' in own) return [];
    return [`refused by ${'refused' in spark ? `Spark: ${spark.refused}` : `us: ${(own as { refused: string }).refused}`}`];
  }
  return spark.steps.flatMap((batches, i) => stepDifferences(batches, own.steps[i]!, plan).map((text) => `step ${i}: ${text}`));
}

function stepDifferences(spark: readonly Batch[], own: readonly Batch[], plan: Plan): readonly string[] {
  const ids = (batches: readonly Batch[]): string => batches.map(({ id }) => id).join();
  if (ids(spark) !== ids(own)) return [`batches ${ids(spark)} of Spark, ${ids(own)} of us`];
  return spark.flatMap((batch, i) => batchDifferences(batch, own[i]!, plan).map((text) => `batch ${batch.id}: ${text}`));
}

function batchDifferences(spark: Batch, own: Batch, plan: Plan): readonly string[] {
  const found: string[] = [];
  const watermark = (batch: Batch): string => batch.watermark ?? 'none';
  if (watermark(spark) !== watermark(own)) found.push(`W is ${watermark(spark)} in Spark, ${watermark(own)} here`);
  const state = (batch: Batch): string => [...batch.state].sort((a, b) => a - b).join();
  if (keepsAlike(plan) && state(spark) !== state(own)) found.push(`state is ${state(spark)} in Spark, ${state(own)} here`);
  if (countsRows(plan) && spark.late !== own.late) found.push(`${spark.late} late in Spark, ${own.late} here`);
  const ordered = (batch: Batch): readonly Row[] => batch.rows.map(orderless(plan));
  return [...found, ...rowDifferences(ordered(spark), ordered(own))];
}

/**
 * What both promise: Spark gives sets no order, nor the rows that a session, an aggregate or a join hands on. Its `regr_r2`
 * has dependent and independent variable the wrong way round where one of them is constant.
 */
function orderless({ query }: Plan): (row: Row) => Row {
  const last = query.at(-1)!;
  const aggs = last.op === 'aggregate' ? last.aggs : {};
  const isOrdered =
    last.op === 'aggregate' && query.every((op) => op === last || op.op.startsWith('dedup')) && !isSession(last.window);
  const value = (spec: AggregateSpec | undefined, given: unknown): unknown => {
    if (spec?.fn === 'collectSet' || (!isOrdered && spec?.fn === 'collectList'))
      return [...(given as number[])].sort((a, b) => a - b);
    if (spec?.fn === 'r2' && (given === 1 || given === null)) return null;
    return !isOrdered && (spec?.fn === 'first' || spec?.fn === 'last') ? null : given;
  };
  return (row) => {
    const entries = Object.entries(row).map(([name, given]) => [name, value(aggs[name], given)] as const);
    return Object.fromEntries(entries.filter(([, given]) => given !== null));
  };
}

function isSession(window: WindowSpec | undefined): boolean {
  return window !== undefined && !('size' in window);
}

/** Aggregates of Spark count late groups, not rows. */
function countsRows({ query }: Plan): boolean {
  return query.every((op) => op.op !== 'aggregate' && !(op.op === 'join' && op.windows !== undefined));
}

/** Where only equal times meet, a row is forgotten here once its partner would be late; by a range in Spark 1 ms later. */
function keepsAlike({ query: [first] }: Plan): boolean {
  return !(first?.op === 'join' && first.range !== undefined && first.range.min === first.range.max);
}

/** As multisets. */
function rowDifferences(spark: readonly Row[], own: readonly Row[]): readonly string[] {
  const rest = [...own];
  const missing = spark.filter((row) => {
    const at = rest.findIndex((other) => isAlike(row, other));
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
  return [
    ...missing.map((row) => `only in Spark: ${JSON.stringify(row)}`),
    ...rest.map((row) => `only here: ${JSON.stringify(row)}`),
  ];
}

const RELATIVE = 1e-9;

/** Numbers to a relative error: Spark adds in another order, without compensation. Sets have no order. */
function isAlike(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') {
    // Times are large: their relative error would be seconds.
    if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) return a === b;
    return Math.abs(a - b) <= RELATIVE * Math.max(1e-3, Math.abs(a), Math.abs(b));
  }
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => isAlike(one, b[i]));
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => isAlike((a as Row)[name], (b as Row)[name]));
}
