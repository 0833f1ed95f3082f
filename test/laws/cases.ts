import type { OperatorFunction } from 'rxjs';
import {
  agg,
  aggregate,
  cumulative,
  customWindows,
  globalWindow,
  onClose,
  onTime,
  onUpdate,
  session,
  sliding,
  tumbling,
} from 'tidemark';
import type { Assigner, Change, Element, Emit, Select, Signal, Window } from 'tidemark';
import { keyText, windowsOf, type Policy, type Row, type Said, type WindowPlan } from './oracle';
import type { Random } from './random';

/** The columns that every result of these tests has. */
export interface Result {
  readonly window: Window;
  readonly k?: unknown;
  readonly j?: unknown;
  readonly n?: number;
  readonly c?: number;
  readonly total?: number | null;
  readonly lo?: number | null;
  readonly hi?: number | null;
  readonly mean?: number | null;
  readonly ids?: readonly number[];
  readonly distinct?: number;
  readonly joined?: string;
}

export const SELECTS: Readonly<Record<'full' | 'lean' | 'ordered', Select<Row>>> = {
  full: {
    n: agg.count<Row>(),
    c: agg.count<Row>('v'),
    total: agg.sum<Row>('v'),
    lo: agg.min<Row>('v'),
    hi: agg.max<Row>('v'),
    mean: agg.avg<Row>('v'),
    ids: agg.collectList<Row, 'id'>('id'),
    distinct: agg.countDistinct<Row>('v'),
  },
  lean: { n: agg.count<Row>(), total: agg.sum<Row>('v') },
  /** Neither commutative nor mergeable: one accumulator for each window, in order of arrival. */
  ordered: {
    joined: agg.custom<Row, { text: string }, string>({
      create: () => ({ text: '' }),
      add: (acc, row) => void (acc.text += `${row.id} `),
      result: ({ text }) => text,
    }),
  },
};

export interface Case {
  readonly window: WindowPlan;
  readonly key: readonly ('k' | 'j')[];
  readonly select: keyof typeof SELECTS;
  readonly signals: readonly Signal<Row>[];
}

export function assignerOf(plan: WindowPlan): Assigner<Row> {
  switch (plan.kind) {
    case 'tumbling':
      return tumbling(plan.size, { offset: plan.offset });
    case 'sliding':
      return sliding(plan.size, plan.slide, { offset: plan.offset });
    case 'cumulative':
      return cumulative(plan.max, plan.step, { offset: plan.offset });
    case 'session':
      return plan.gap === 'row' ? session<Row>((row) => row.gap) : session(plan.gap);
    case 'custom':
      // In any order: the assigner sorts, and keeps the order of equal ends.
      return customWindows<Row>((time, row) => windowsOf(plan, time, row).sort((a, b) => b.end - a.end));
    case 'global':
      return globalWindow();
  }
}

const EMITS: Readonly<Record<Policy, () => Emit>> = { onClose, onTime, onUpdate: () => onUpdate() };

export type Out = Result | Change<Result>;

export function operatorOf(
  one: Pick<Case, 'window' | 'key' | 'select'>,
  emit: Policy | undefined,
): OperatorFunction<Element<Row>, Element<Out>> {
  const said = emit === undefined ? {} : { emit: EMITS[emit]() };
  const options = { window: assignerOf(one.window), select: SELECTS[one.select], ...said };
  const key = one.key.length === 1 ? one.key[0] : one.key;
  const operator = one.key.length === 0 ? aggregate(options as never) : aggregate({ ...options, key } as never);
  return operator as unknown as OperatorFunction<Element<Row>, Element<Out>>;
}

/** Windows of every kind and awkwardness. */
export function randomWindow(random: Random): WindowPlan {
  const offset = random.chance(0.3) ? random.int(-6, 6) : 0;
  switch (random.int(0, 9)) {
    case 0:
      return { kind: 'tumbling', size: random.int(7, 30), offset };
    case 1:
    case 2: {
      const size = random.int(8, 40);
      // slide that divides the size, one that does not, one that is greater (gaps), one that is as great
      const slides = [size / 2 === Math.floor(size / 2) ? size / 2 : size, random.int(7, size + 12), random.int(7, size), size];
      const slide = Math.max(7, random.pick(slides));
      return { kind: 'sliding', size, slide, offset: random.chance(0.5) ? 0 : random.int(-6, 6) };
    }
    case 3:
      return { kind: 'sliding', size: random.int(30, 90), slide: random.int(7, 11), offset };
    case 4: {
      const step = random.int(7, 12);
      return { kind: 'cumulative', step, max: step * random.int(1, 25), offset };
    }
    case 5:
    case 6:
      return { kind: 'session', gap: random.int(3, 25) };
    case 7:
      return { kind: 'session', gap: 'row' };
    case 8:
      return { kind: 'custom', sizes: random.pick([[10], [5, 20], [7, 9, 30], []]) };
    default:
      return { kind: 'global' };
  }
}

const KEYS: readonly unknown[] = ['a', 'b', 'c', null, NaN, 0, -0, '', 'undefined', '\0a', true, 1n];

export function randomKey(random: Random): unknown {
  if (random.chance(0.15)) return new Date(random.int(0, 1));
  return random.chance(0.6) ? random.pick(['a', 'b', 'c', 'd']) : random.pick(KEYS);
}

/** Out of order rows, and watermarks that regress, stand still, jump and run ahead of their drop side. */
export function randomSignals(random: Random, events: number, spread: number, lateness: number): Signal<Row>[] {
  const signals: Signal<Row>[] = [];
  const disorder = random.int(1, 60);
  let now = random.int(-400, 400);
  let emit = -Infinity;
  const say = (time: number): void => {
    const drop = time - lateness;
    signals.push(lateness === 0 ? { kind: 'watermark', time } : { kind: 'watermark', time, drop });
  };
  for (let id = 0; id < events; id++) {
    now += random.chance(0.1) ? random.int(0, spread * 8) : random.int(0, spread);
    const time = now - (random.chance(0.5) ? 0 : random.int(0, disorder));
    const v = random.chance(0.1) ? null : random.chance(0.5) ? random.int(-50, 50) / 8 : random() * 1000 - 500;
    const gap = random.chance(0.05) ? null : random.int(0, 30);
    signals.push({ kind: 'event', time, row: { id, k: randomKey(random), j: randomKey(random), v, gap } });
    if (random.chance(0.35)) {
      // Exactly on a row's time, or on a boundary, more often than chance would have it.
      const w = random.pick([
        now - disorder,
        now - random.int(0, disorder),
        time,
        now - random.int(0, 200),
        Math.round(now / 10) * 10,
      ]);
      emit = Math.max(emit, w);
      say(random.chance(0.8) ? w : emit);
    }
    if (random.chance(0.01)) say(now + random.int(0, 200)); // a jump: what follows may be late
    if (random.chance(0.03)) signals.push({ kind: 'barrier', batchId: id });
  }
  if (random.chance(0.85)) signals.push({ kind: 'watermark', time: Infinity });
  return signals;
}

export function randomCase(random: Random, options: { lateness?: boolean } = {}): Case {
  const window = randomWindow(random);
  const key = random.pick<readonly ('k' | 'j')[]>([[], ['k'], ['k'], ['k'], ['j', 'k']]);
  const lateness = options.lateness === true && random.chance(0.7) ? random.int(1, 80) : 0;
  const signals = randomSignals(random, random.int(5, 90), random.pick([1, 4, 12, 60]), lateness);
  return { window, key, select: random.chance(0.8) ? 'full' : 'ordered', signals };
}

export function close(a: unknown, b: number, scale: number): boolean {
  return typeof a === 'number' && Math.abs(a - b) <= 1e-9 * Math.max(1, scale);
}

/** What was said must be what the oracle says, figure for figure. Plain comparisons: `expect` costs more than the operator. */
export function expectSame(got: Out, want: Said, columns: readonly ('k' | 'j')[], select: keyof typeof SELECTS): void {
  const change = want.op === 'row' ? undefined : (got as Change<Result>);
  const row = change === undefined ? (got as Result) : change.row;
  const where = `at signal ${want.at}, window [${want.start}, ${want.end}) of ${want.key}`;
  const same = (what: string, a: unknown, b: unknown): void => {
    if (!Object.is(a, b)) throw new Error(`${where}: ${what} is ${String(a)}, not ${String(b)}`);
  };
  same('start', row.window.start, want.start);
  same('end', row.window.end, want.end);
  same('overlapsClosed', row.window.overlapsClosed ?? false, want.overlapsClosed);
  same('key', keyText(columns.map((column) => row[column])), want.key);
  if (change !== undefined) {
    same('op', change.op, want.op);
    same('change key', keyText(change.key.slice(1)), want.key);
  }
  if (want.op === 'delete') return;
  if (want.op === 'upsert') {
    same('timing', change?.pane.timing, want.timing);
    same('index', change?.pane.index, want.index);
    same('isLast', change?.pane.isLast, want.isLast);
  }
  expectFigures(row, want.rows, select, same);
}

type Same = (what: string, a: unknown, b: unknown) => void;

function expectFigures(row: Result, rows: readonly Row[], select: keyof typeof SELECTS, same: Same): void {
  if (select === 'ordered') return same('joined', row.joined, rows.map(({ id }) => `${id} `).join(''));
  same('n', row.n, rows.length);
  const values = rows.flatMap(({ v }) => (v === null ? [] : [v]));
  const sum = values.reduce((a, b) => a + b, 0);
  const scale = values.reduce((a, b) => a + Math.abs(b), 0);
  if (values.length === 0) same('total', row.total, null);
  else if (!close(row.total, sum, scale)) same('total', row.total, sum);
  if (select === 'lean') return;
  same('c', row.c, values.length);
  same('lo', row.lo, values.length === 0 ? null : Math.min(...values));
  same('hi', row.hi, values.length === 0 ? null : Math.max(...values));
  same('distinct', row.distinct, new Set(values).size);
  same('ids', row.ids?.join(), rows.map(({ id }) => id).join());
  if (values.length === 0) same('mean', row.mean, null);
  else if (!close(row.mean, sum / values.length, scale)) same('mean', row.mean, sum / values.length);
}
