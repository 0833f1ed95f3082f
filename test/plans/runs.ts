import { Subject } from 'rxjs';
import {
  explain,
  fromSignals,
  memoryCheckpoint,
  memorySink,
  memorySource,
  outcomes,
  streamingQuery,
  withWatermark,
  type Element,
  type OperatorExplanation,
  type Outcome,
  type Rejection,
  type Signal,
  type StreamingQuery,
} from 'tidemark';
import type { Observable } from 'rxjs';
import { streamOf, type Stream } from './build';
import type { Batch, Input } from './data';
import { nodesOf, type Plan, type Row } from './plan';

/** A plan and what flows through it. */
export interface Case {
  readonly plan: Plan;
  readonly inputs: readonly [Input, Input];
  readonly batches: readonly Batch[];
}

/** What came out. */
export interface Ran {
  readonly rows: readonly Row[];
  readonly rejected: readonly Rejection[];
  /** Operators that lost count of rows. */
  readonly unbalanced: readonly string[];
}

/** A batch as the query ran it. */
export interface Ended {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly watermark: number;
}

const NAMES = ['left', 'right'] as const;

/** The sources that a plan reads. */
export function usedBy(plan: Plan): (0 | 1)[] {
  const used = new Set(nodesOf(plan).flatMap((node) => (node.op === 'source' ? [node.source] : [])));
  return [...used].sort((a, b) => a - b);
}

/** Without a query: W moves with every row. */
export function plainly({ plan, inputs, batches }: Case): Ran {
  const subjects = inputs.map(() => new Subject<Row>());
  const streams = subjects.map((subject, i) => subject.pipe(withWatermark('t', inputs[i]!.delay)));
  return observed(streamOf(plan, streams as unknown as Stream[]), () => {
    let from: readonly [number, number] = [0, 0];
    for (const { to } of batches) {
      for (const i of [0, 1] as const) for (const row of inputs[i].rows.slice(from[i], to[i])) subjects[i]!.next(row);
      from = to;
    }
    for (const subject of subjects) subject.complete();
  });
}

/** Without a query, but W moves as it did in one: behind the rows of each batch. */
export function likeQuery({ plan, inputs }: Case, ended: readonly Ended[]): Ran {
  const subjects = inputs.map(() => new Subject<Signal<Row>>());
  const streams = subjects.map((subject) => subject.pipe(fromSignals<Row>({ timeColumn: 't' })));
  const say = (signal: Signal<Row>, i: number): void => subjects[i]!.next(signal);
  return observed(streamOf(plan, streams), () => {
    for (const i of [0, 1]) say({ kind: 'watermark', time: 0 }, i);
    for (const { from, to, watermark } of ended) {
      for (const i of [0, 1] as const) {
        for (const row of inputs[i].rows.slice(from[i], to[i])) say({ kind: 'event', time: row.t, row }, i);
      }
      for (const i of [0, 1]) say({ kind: 'watermark', time: watermark }, i);
    }
  });
}

function observed(stream: Stream, feed: () => void): Ran {
  const rows: Row[] = [];
  const rejected: Rejection[] = [];
  const failures: unknown[] = [];
  const next = (outcome: Outcome<Row>): void => {
    if (outcome.kind === 'row') rows.push(outcome.row);
    else rejected.push(outcome);
  };
  stream.pipe(outcomes()).subscribe({ next, error: (cause: unknown) => failures.push(cause) });
  feed();
  if (failures.length > 0) throw failures[0];
  return { rows, rejected, unbalanced: unbalanced(explain(stream).operators, new Map()) };
}

/** As a query: batch by batch, and where the case says so a new query on the checkpoint of the one before. */
export async function inQuery({ plan, inputs, batches }: Case): Promise<Ran & { readonly ended: readonly Ended[] }> {
  const sources = inputs.map(() => memorySource<Row>());
  const [sink, rejected, checkpoint] = [memorySink<Row>(), memorySink<Rejection>(), memoryCheckpoint()];
  const ended: Ended[] = [];
  const lost: string[] = [];
  const used = usedBy(plan);
  const start = async (): Promise<StreamingQuery> => {
    const given = Object.fromEntries(used.map((i) => [NAMES[i], sources[i]!]));
    const query = streamingQuery(given, (streams: Readonly<Record<string, Observable<Element<Row, 'untimed'>>>>) =>
      streamOf(
        plan,
        inputs.map(({ delay }, i) => streams[NAMES[i]!]?.pipe(withWatermark('t', delay)) as Stream),
      ),
    ).writeStream({ sink, rejected, checkpoint, onAdvice: () => {} });
    query.progress$.subscribe(({ sources: read, eventTime }) => {
      const offset = (i: 0 | 1, end: 'startOffset' | 'endOffset'): number => Number(read[NAMES[i]]?.[end] ?? 0);
      const [from, to] = (['startOffset', 'endOffset'] as const).map((end) => [offset(0, end), offset(1, end)] as const);
      ended.push({ from: from!, to: to!, watermark: eventTime?.watermark ?? 0 });
    });
    return query.start();
  };
  let held = new Map<string, number>();
  let heldAt = 0;
  let query = await start();
  const settle = (): void => {
    if (ended.length === heldAt) return; // it has not run
    heldAt = ended.length;
    const operators = Object.values(query.explain().outputs).flatMap((output) => output.operators);
    lost.push(...unbalanced(operators, held));
    held = new Map(operators.map(({ id, live }) => [id, live?.counters.held ?? 0]));
  };
  let from: readonly [number, number] = [0, 0];
  for (const { to, restart } of batches) {
    for (const i of [0, 1] as const) sources[i]!.add(...inputs[i].rows.slice(from[i], to[i]));
    from = to;
    await query.processAllAvailable();
    if (!restart) continue;
    await query.stop();
    settle();
    query = await start();
  }
  for (const source of sources) source.complete();
  await query.awaitTermination();
  settle();
  return { rows: sink.rows(), rejected: rejected.rows(), unbalanced: lost, ended };
}

/** Operators for which rows in (and those that it began with) are not rows accounted for. */
function unbalanced(operators: readonly OperatorExplanation[], began: ReadonlyMap<string, number>): string[] {
  return operators.flatMap(({ id, live }) => {
    if (live === undefined) return [];
    const { counters } = live;
    const rejected = Object.values(counters.rejected).reduce((sum, n) => sum + n, 0);
    const used = counters.forwarded + counters.absorbed + counters.held + counters.filtered + rejected;
    const taken = counters.in + (began.get(id) ?? 0);
    return used === taken ? [] : [`${id}: ${taken} rows, ${used} accounted for: ${JSON.stringify(counters)}`];
  });
}
