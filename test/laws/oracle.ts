import type { RejectionReason, Signal, Window } from '../../src/element';

/**
 * A second oracle, written from the rule table alone: it shares no code with the engine, not even the assigners or the
 * aggregates. It keeps every row of every window and says, signal by signal, what each emit policy must say.
 */
export interface Row {
  readonly id: number;
  readonly k: unknown;
  readonly j: unknown;
  readonly v: number | null;
  /** Its own session gap, ms; null: in no session. */
  readonly gap: number | null;
}

export type WindowPlan =
  | { readonly kind: 'tumbling'; readonly size: number; readonly offset: number }
  | { readonly kind: 'sliding'; readonly size: number; readonly slide: number; readonly offset: number }
  | { readonly kind: 'cumulative'; readonly max: number; readonly step: number; readonly offset: number }
  | { readonly kind: 'session'; readonly gap: number | 'row' }
  | { readonly kind: 'custom'; readonly sizes: readonly number[] }
  | { readonly kind: 'global' };

export type Policy = 'onClose' | 'onTime' | 'onUpdate';

export interface OraclePlan {
  readonly window: WindowPlan;
  readonly key: readonly ('k' | 'j')[];
  readonly emit: Policy;
  /** Aggregates that cannot share slices get one accumulator for each window: only the order within one end differs. */
  readonly perWindow?: boolean;
}

/** One thing that is said. */
export interface Said {
  /** Number of the signal that caused it. */
  readonly at: number;
  readonly op: 'row' | 'upsert' | 'delete';
  readonly start: number;
  readonly end: number;
  readonly overlapsClosed: boolean;
  readonly key: string;
  readonly rows: readonly Row[];
  readonly timing?: 'early' | 'onTime' | 'late';
  readonly index?: number;
  readonly isLast?: boolean;
}

export interface Refused {
  readonly at: number;
  readonly reason: RejectionReason;
  readonly time: number;
  readonly windows: readonly Window[];
  readonly drop: number;
}

export interface Figures {
  readonly held: number;
  readonly absorbed: number;
  readonly rejected: number;
  readonly partly: number;
  readonly windows: number;
}

export interface Answer {
  readonly said: readonly Said[];
  readonly refused: readonly Refused[];
  /** After each signal. */
  readonly figures: readonly Figures[];
}

/** Text that is equal exactly when two keys are. */
export function keyText(values: readonly unknown[]): string {
  return values.map(valueText).join('|');
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Date) return `date ${value.getTime()}`;
  if (value === 0) return 'number 0';
  return `${typeof value} ${String(value)}`;
}

/** Every window that holds the time, found by trying; ascending by end. */
export function windowsOf(plan: WindowPlan, time: number, row: Pick<Row, 'gap'>): Window[] {
  switch (plan.kind) {
    case 'tumbling':
      return tried(time, plan.size, plan.size, plan.offset);
    case 'sliding':
      return tried(time, plan.size, plan.slide, plan.offset);
    case 'cumulative': {
      const [run] = tried(time, plan.max, plan.max, plan.offset) as [Window];
      const windows: Window[] = [];
      for (let end = run.start + plan.step; end <= run.end; end += plan.step) {
        if (time < end) windows.push({ start: run.start, end });
      }
      return windows;
    }
    case 'session': {
      const gap = plan.gap === 'row' ? row.gap : plan.gap;
      return gap !== null && gap > 0 ? [{ start: time, end: time + gap }] : [];
    }
    case 'custom':
      return plan.sizes.flatMap((size) => tried(time, size, size, 0)).sort((a, b) => a.end - b.end);
    case 'global':
      return [{ start: -Infinity, end: Infinity }];
  }
}

function tried(time: number, size: number, slide: number, offset: number): Window[] {
  const windows: Window[] = [];
  const around = Math.round((time - offset) / slide);
  const reach = Math.ceil(size / slide) + 2;
  for (let i = around - reach; i <= around + reach; i++) {
    const start = i * slide + offset;
    if (start <= time && time < start + size) windows.push({ start, end: start + size });
  }
  return windows;
}

interface Group {
  start: number;
  end: number;
  readonly key: string;
  rows: [arrival: number, row: Row][];
  /** Order of the window, then of the key in it. */
  opened: number;
  arrival: number;
  overlapsClosed: boolean;
  spoken: boolean;
  firings: number;
}

/** How many rows are where, by their last window. */
interface Kept {
  readonly key: string;
  lastEnd: number;
}

class Oracle {
  readonly said: Said[] = [];
  readonly refused: Refused[] = [];
  readonly figures: Figures[] = [];
  private groups: Group[] = [];
  /** The same, but for sessions, by window and key. */
  private readonly byName = new Map<string, Group>();
  private kept: Kept[] = [];
  private readonly keySince = new Map<string, number>();
  private readonly closedEnd = new Map<string, number>();
  private readonly openedWindows = new Map<string, number>();
  private emit = -Infinity;
  private drop = -Infinity;
  private arrival = 0;
  private absorbed = 0;
  private partly = 0;
  private at = -1;

  constructor(private readonly plan: OraclePlan) {}

  play(signals: readonly Signal<Row>[]): void {
    for (const signal of signals) {
      this.at++;
      if (signal.kind === 'event') this.event(signal.time, signal.row);
      if (signal.kind === 'watermark') this.watermark(signal.time, signal.drop ?? signal.time);
      this.figures.push({
        held: this.isSession ? this.groups.reduce((n, g) => n + g.rows.length, 0) : this.kept.length,
        absorbed: this.absorbed,
        rejected: this.refused.length,
        partly: this.partly,
        windows: this.groups.length,
      });
    }
  }

  private get isSession(): boolean {
    return this.plan.window.kind === 'session';
  }

  private event(time: number, row: Row): void {
    const windows = windowsOf(this.plan.window, time, row);
    const open = windows.filter((window) => window.end > this.drop);
    if (open.length === 0) {
      this.refused.push({ at: this.at, reason: windows.length === 0 ? 'noWindow' : 'late', time, windows, drop: this.drop });
      return;
    }
    if (open.length < windows.length) this.partly++;
    const key = keyText(this.plan.key.map((column) => row[column]));
    const arrival = this.arrival++;
    if (!this.keySince.has(key)) this.keySince.set(key, arrival);
    this.kept.push({ key, lastEnd: Math.max(...open.map((window) => window.end)) });
    for (const window of open) {
      const group = this.isSession ? this.session(key, window, arrival, row) : this.grouped(key, window, arrival, row);
      this.afterRow(group);
    }
  }

  private grouped(key: string, window: Window, arrival: number, row: Row): Group {
    const name = `${window.start} ${window.end}`;
    const full = `${name} ${key}`;
    if (!this.openedWindows.has(name)) this.openedWindows.set(name, this.openedWindows.size);
    let group = this.byName.get(full);
    if (group === undefined) {
      const opened = this.openedWindows.get(name) as number;
      group = { ...window, key, rows: [], opened, arrival, overlapsClosed: false, spoken: false, firings: 0 };
      this.groups.push(group);
      this.byName.set(full, group);
    }
    group.rows.push([arrival, row]);
    return group;
  }

  private session(key: string, window: Window, arrival: number, row: Row): Group {
    const met = this.groups.filter((g) => g.key === key && g.start <= window.end && window.start <= g.end);
    met.sort((a, b) => a.start - b.start);
    const start = Math.min(window.start, ...met.map((g) => g.start));
    const end = Math.max(window.end, ...met.map((g) => g.end));
    const heir = met.find((g) => g.start === start);
    const firstArrival = Math.min(arrival, ...met.map((g) => g.arrival));
    const overlapsClosed = start <= (this.closedEnd.get(key) ?? -Infinity);
    const group: Group = {
      start,
      end,
      key,
      rows: [...met.flatMap((g) => g.rows).sort(([a], [b]) => a - b), [arrival, row]],
      opened: 0,
      arrival: firstArrival,
      overlapsClosed: overlapsClosed || met.some((g) => g.overlapsClosed),
      spoken: (heir?.spoken ?? false) && heir?.end === end,
      firings: heir?.firings ?? 0,
    };
    this.groups = [...this.groups.filter((g) => !met.includes(g)), group];
    for (const gone of met) if (gone !== heir && gone.firings > 0) this.say('delete', gone);
    return group;
  }

  private afterRow(group: Group): void {
    const { emit } = this.plan;
    if (emit === 'onUpdate') this.say('upsert', group, group.end <= this.emit ? 'late' : 'early');
    if (emit === 'onTime' && group.end <= this.emit) {
      group.spoken = true;
      this.say('upsert', group, 'late');
    }
  }

  private watermark(emit: number, drop: number): void {
    this.emit = Math.max(this.emit, emit);
    this.drop = Math.max(this.drop, drop);
    if (this.plan.emit === 'onClose') for (const group of this.due(this.drop)) this.say('row', group);
    if (this.plan.emit === 'onTime') {
      for (const group of this.due(this.emit)) {
        if (group.spoken) continue;
        group.spoken = true;
        this.say('upsert', group, 'onTime', group.end <= this.drop);
      }
    }
    this.close();
  }

  private close(): void {
    const closed = this.groups.filter((g) => g.end <= this.drop);
    this.groups = this.groups.filter((g) => g.end > this.drop);
    for (const group of closed) {
      this.byName.delete(`${group.start} ${group.end} ${group.key}`);
      this.closedEnd.set(group.key, Math.max(this.closedEnd.get(group.key) ?? -Infinity, group.end));
      if (this.isSession) this.absorbed += group.rows.length;
    }
    if (this.isSession) return;
    this.absorbed += this.kept.filter((row) => row.lastEnd <= this.drop).length;
    this.kept = this.kept.filter((row) => row.lastEnd > this.drop);
    for (const key of [...this.keySince.keys()]) if (!this.kept.some((row) => row.key === key)) this.keySince.delete(key);
  }

  /** In (end, key arrival) order. Sliced windows number a key when it comes into the state, the others window by window. */
  private due(upTo: number): Group[] {
    const { window, perWindow } = this.plan;
    const sliced =
      perWindow !== true && (window.kind === 'cumulative' || (window.kind === 'sliding' && window.slide < window.size));
    const rank = (g: Group): number => (sliced ? (this.keySince.get(g.key) as number) : g.arrival);
    return this.groups
      .filter((g) => g.end <= upTo)
      .sort((a, b) => a.end - b.end || (sliced ? 0 : a.opened - b.opened) || rank(a) - rank(b));
  }

  private say(op: Said['op'], group: Group, timing?: Said['timing'], isLast = false): void {
    const { start, end, key, overlapsClosed } = group;
    const rows = group.rows.map(([, row]) => row);
    const common = { at: this.at, op, start, end, key, overlapsClosed, rows };
    if (op === 'upsert' && timing !== undefined) this.said.push({ ...common, timing, index: group.firings++, isLast });
    else this.said.push(common);
  }
}

export function oracle(signals: readonly Signal<Row>[], plan: OraclePlan): Answer {
  const answer = new Oracle(plan);
  answer.play(signals);
  return answer;
}
