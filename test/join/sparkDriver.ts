import type { Observable, OperatorFunction } from 'rxjs';
import { intervalJoin, windowJoin, type Element, type JoinType, type Signal, type Window } from 'tidemark';
import { ManualRun, operatorHarness, type OperatorHarness } from 'tidemark/testing';
import type { Stage } from '../../src/operator';
import { Columns, type Row } from '../conformance/query/columns';
import { testOf } from '../conformance/query/predicate';

type Names = readonly (string | readonly [string, string])[];

/** One operator of a case, as it is written. */
interface Op {
  readonly op: string;
  readonly id?: string;
  readonly in?: string;
  readonly column: string;
  readonly columns: Names;
  readonly as: string;
  readonly delayMs: number;
  readonly sizeMs: number;
  readonly where: unknown;
  readonly type: string;
  readonly left: string;
  readonly right: string;
  readonly on: readonly (readonly [string, string])[];
  readonly timeRange?: {
    readonly minMs?: number;
    readonly maxMs?: number;
    readonly minInclusive?: boolean;
    readonly maxInclusive?: boolean;
  };
}

interface Step {
  readonly add?: Readonly<Record<string, readonly (readonly unknown[])[]>>;
  readonly run?: true;
  readonly restart?: object;
  readonly expectNew?: readonly unknown[];
  readonly expectWatermarkMs?: number;
  readonly expectState?: { readonly join: object };
}

function pairsOf(columns: Names): readonly (readonly [string, string])[] {
  return columns.map((column) => (typeof column === 'string' ? [column, column] : column));
}

export interface SparkCase {
  readonly name: string;
  readonly streams: Readonly<Record<string, { readonly columns: readonly (readonly [string, string])[] }>>;
  readonly query: readonly Op[];
  readonly steps: readonly Step[];
}

const TYPES: Readonly<Record<string, JoinType>> = {
  inner: 'inner',
  left_outer: 'left',
  right_outer: 'right',
  full_outer: 'full',
  left_semi: 'leftSemi',
};

/** What is written before one side of the join: filters, event time, a window, names. */
class SidePlan {
  readonly ops: Op[] = [];
  timeColumn: string | undefined;
  window: string | undefined;
  delayMs: number | undefined;
  max: number | undefined;
  columns: Columns;

  constructor(
    readonly stream: string,
    names: readonly string[],
  ) {
    this.columns = new Columns(names);
  }

  follow(op: Op): void {
    this.ops.push(op);
    if (op.op === 'withWatermark') {
      this.delayMs = op.delayMs;
      this.timeColumn = op.column;
    } else if (op.op === 'window') {
      this.timeColumn ??= op.column;
      this.window = op.as;
      this.columns = this.columns.with(op.as, true);
    } else if (op.op === 'select') {
      const pairs = pairsOf(op.columns);
      this.columns = new Columns(
        pairs.map(([, name]) => name!),
        pairs.filter(([name]) => name === this.window).map(([, name]) => name!),
      );
    } else if (op.op !== 'filter') throw new Error(`a side cannot have ${op.op}`);
  }

  /** Does what is written to one row; undefined when it is filtered out. */
  apply(given: Row): { readonly time: number; readonly row: Row } | undefined {
    let row = given;
    let time = NaN;
    const known = new Columns(Object.keys(given));
    for (const op of this.ops) {
      if (op.op === 'filter' && !testOf(op.where, known, 'where')(row)) return undefined;
      if (op.op === 'withWatermark') {
        time = row[op.column] as number;
        this.max = Math.max(this.max ?? -Infinity, time);
      }
      if (op.op === 'window') {
        const t = row[op.column] as number | null;
        if (t === null) return undefined;
        time = t;
        const start = Math.floor(t / op.sizeMs) * op.sizeMs;
        row = { ...row, [op.as]: { start, end: start + op.sizeMs } satisfies Window };
      }
      if (op.op === 'select') {
        const pairs = pairsOf(op.columns);
        row = Object.fromEntries(pairs.map(([from, to]) => [to!, row[from!]]));
      }
    }
    return { time, row };
  }
}

/** Which operators stand before which side, and what is taken of the result. */
function sidesOf({ query, streams }: SparkCase): {
  join: Op;
  left: SidePlan;
  right: SidePlan;
  outputs: readonly string[] | undefined;
} {
  const at = query.findIndex(({ op }) => op === 'join');
  const join = query[at]!;
  const named = new Map<string, SidePlan>();
  let side: SidePlan | undefined;
  for (const op of query.slice(0, at)) {
    if (side === undefined || op.in !== undefined)
      side = new SidePlan(
        op.in!,
        streams[op.in!]!.columns.map(([name]) => name),
      );
    side.follow(op);
    if (op.id !== undefined) {
      named.set(op.id, side);
      side = undefined;
    }
  }
  const [after, ...more] = query.slice(at + 1);
  if (more.length > 0 || (after !== undefined && after.op !== 'select')) throw new Error('only a select may follow the join');
  const outputs = after?.columns as readonly string[] | undefined;
  return { join, left: named.get(join.left)!, right: named.get(join.right)!, outputs };
}

function operatorOf(
  op: Op,
  left: SidePlan,
  right: SidePlan,
  other$: Observable<Element<Row>>,
): OperatorFunction<Element<Row>, Element<Row>> {
  const pairs = op.on;
  const isWindow = ([column]: readonly [string, string]): boolean => left.columns.isWindow(column);
  const others = pairs.filter((pair) => !isWindow(pair));
  const on = { left: others.map(([l]) => l), right: others.map(([, r]) => r) };
  const type = TYPES[op.type]!;
  const { left: l, right: r } = (op.where ?? {}) as { left?: unknown; right?: unknown };
  const where = {
    ...(l === undefined ? {} : { left: testOf(l, left.columns, 'where.left') }),
    ...(r === undefined ? {} : { right: testOf(r, right.columns, 'where.right') }),
  };
  const window = pairs.find(isWindow);
  const unbounded = type === 'inner';
  if (window !== undefined) {
    const columns = { left: window[0], right: window[1] };
    return windowJoin(other$, { window: columns, on, type, where, unbounded } as never) as never;
  }
  const range = op.timeRange;
  const within = {
    ...(range?.maxMs === undefined ? {} : { min: -range.maxMs, minInclusive: range.maxInclusive ?? true }),
    ...(range?.minMs === undefined ? {} : { max: -range.minMs, maxInclusive: range.minInclusive ?? true }),
  };
  return intervalJoin(other$, { on, type, where, unbounded, ...(range === undefined ? {} : { within }) } as never) as never;
}

/** Runs a join the way a query does: micro-batches, W by the rules of the cases, batches without rows. */
export class SparkJoin {
  private readonly left: SidePlan;
  private readonly right: SidePlan;
  private readonly run = new ManualRun();
  private readonly harness: OperatorHarness<Row, Row>;
  private readonly outputs: readonly string[];
  private readonly columns: Columns;
  private w = 0;
  private late = 0;
  private readonly pending: [stream: string, row: Row][] = [];
  private sink: Row[] = [];
  private readonly sums = { updated: 0, dropped: 0 };
  total = 0;

  constructor(private readonly one: SparkCase) {
    const { join, left, right, outputs } = sidesOf(one);
    this.left = left;
    this.right = right;
    const columns = join.type === 'left_semi' ? left.columns : left.columns.and(right.columns);
    this.columns = columns;
    this.outputs = outputs ?? columns.names;
    this.harness = operatorHarness<Row, Row, 'event'>(([a, b]) => a!.pipe(operatorOf(join, left, right, b!)), {
      inputs: 2,
      run: this.run,
      traits: [left, right].map((side) => ({
        kind: side.timeColumn === undefined ? 'untimed' : 'event',
        watermark: side.delayMs !== undefined,
      })),
    });
  }

  private get stage(): Stage<unknown, unknown> {
    return (this.harness as unknown as { stages: readonly Stage<unknown, unknown>[] }).stages[0]!;
  }

  add(rows: Readonly<Record<string, readonly (readonly unknown[])[]>>): void {
    for (const [stream, list] of Object.entries(rows)) {
      const names = this.one.streams[stream]!.columns.map(([name]) => name);
      for (const values of list) this.pending.push([stream, Object.fromEntries(names.map((name, i) => [name, values[i]]))]);
    }
  }

  /** All rows in one batch, then batches without rows while the join asks for one. */
  drain(): void {
    if (this.pending.length > 0) this.batch(this.pending.splice(0));
    while (this.stage.processor.wantsBatch?.(this.w, 0) === true) this.batch([]);
  }

  private batch(rows: readonly [string, Row][]): void {
    const { id } = this.run.batch;
    this.run.batch = { id: id + 1, time: 0, late: this.late, watermark: this.w };
    // The right side first: a query may feed its inputs in any order.
    for (const [side, input] of [
      [this.right, 1],
      [this.left, 0],
    ] as const) {
      for (const [stream, row] of rows) {
        const made = stream === side.stream ? side.apply(row) : undefined;
        if (made !== undefined) this.harness.event(made.time, made.row, input);
      }
    }
    for (const [side, input] of [
      [this.left, 0],
      [this.right, 1],
    ] as const) {
      const w = side.delayMs === undefined ? -Infinity : this.w;
      this.harness.watermark(w, w, input);
    }
    for (const input of [0, 1]) this.harness.barrier(id + 1, input);
    this.hear(this.harness.take());
    const { total, updated } = this.stage.processor.stateRows!();
    this.total = total;
    this.sums.updated += updated;
    this.late = this.w;
    const marks = [this.left, this.right].flatMap((s) =>
      s.delayMs === undefined ? [] : [s.max === undefined ? 0 : s.max - s.delayMs],
    );
    if (marks.length > 0) this.w = Math.max(this.w, Math.min(...marks));
  }

  private hear(signals: readonly Signal<Row>[]): void {
    for (const signal of signals) {
      if (signal.kind === 'event') this.sink.push(signal.row);
      if (signal.kind === 'rejected' && signal.reason === 'late') this.sums.dropped++;
    }
  }

  /** The state is kept, what the inputs have seen is not. */
  restart(): void {
    this.harness.restore(this.harness.snapshot());
    this.stage.processor.stateRows!();
    this.left.max = this.right.max = undefined;
  }

  takeNew(): unknown[][] {
    const readers = this.outputs.map((name) => this.columns.reader(name));
    return this.sink.splice(0).map((row) => readers.map((read) => read(row)));
  }

  takeState(): { total: number; updated: number; dropped: number } {
    const state = { total: this.total, ...this.sums };
    Object.assign(this.sums, { updated: 0, dropped: 0 });
    return state;
  }

  get watermark(): number {
    return this.w;
  }
}
