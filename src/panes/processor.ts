import { stampOf, type Change, type Pane, type PaneTiming, type Window } from '../element';
import { keyFrom, type KeyOf } from '../key';
import type { Out, Processor, StateRows } from '../operator/processor';
import { cell } from '../state/table';
import { changeKeyOf, type SpeakParts } from '../window/speak';
import type { WindowStore } from '../window/store';
import { Deadlines } from '../state/deadlines';
import type { Completeness } from './completeness';
import { Ledger, type Account, type Said } from './ledger';
import { sameRow } from './sameRow';
import type { Arrival, Condition, Moment, Trigger } from './trigger';

export type PaneMode = 'accumulating' | 'discarding' | 'retracting';

/** What `panes` was given, checked. */
export interface PanePlan {
  readonly trigger: Trigger;
  readonly mode: PaneMode;
  /** Panes that are said although no row came since the one before. */
  readonly unchanged: ReadonlySet<PaneTiming | 'last'>;
}

/** Speaks of each key and window whenever its trigger is due, and a last time when the window is over (`end <= drop`). */
export class Panes<T> implements Processor<T, unknown> {
  readonly tables;
  private emit = -Infinity;
  private drop = -Infinity;
  private readonly ledger: Ledger;
  /** By what the watermark of on-time results brings: the window's end, and timers before and after it. */
  private readonly waking = new Deadlines<Account>(1000, (account) => this.placeOf(account));
  /** By the end of the window. */
  private readonly closing = new Deadlines<Account>(1000, (account) => (account.gone ? NaN : account.window.end));
  /** With a timer in processing time, in no order; and the first of these. */
  private readonly ticking = new Set<Account>();
  private firstTick = Infinity;
  private readonly columns: number;

  constructor(
    private readonly plan: PanePlan,
    private readonly parts: SpeakParts<T>,
    private readonly store: WindowStore<T>,
    /** The trigger's conditions that the row last read meets. */
    private readonly met: ReadonlySet<Condition>,
    private readonly completeness: Completeness | undefined,
  ) {
    this.columns = parts.keyColumns.length;
    this.ledger = new Ledger(this.columns + 1, (account) => {
      this.closing.add(account);
      this.wake(account);
    });
    const watermarks = cell(
      1,
      () => [this.emit, this.drop],
      (value) => ([this.emit, this.drop] = value as [number, number]),
    );
    // The watermarks first: where an account stands follows from them.
    const own = { watermarks, ledger: this.ledger.table, ...completeness?.tables };
    this.tables = { ...store.tables, ...parts.previous?.tables, ...own };
  }

  onEvent(time: number, row: T, out: Out<unknown>): void {
    if (!this.store.add(time, row, this.drop, out)) return;
    this.completeness?.observe(time);
    const merged: Account[] = [];
    this.store.gone?.((key, window) => {
      this.parts.previous?.gone(key, window);
      const account = this.ledger.take(this.idOf(key, window));
      if (account === undefined) return;
      this.ticking.delete(account); // its timers are those of the window that took it in
      merged.push(account);
    });
    this.store.touched(this.drop, (key, window) => this.arrived(key, window, merged, time, out));
    // What the row has set is at least that far ahead; a tick that is open already is sooner.
    if (this.ticking.size > 0) out.tickIn(this.plan.trigger.shortestMs);
  }

  private idOf(key: KeyOf, window: Window): KeyOf {
    return keyFrom(changeKeyOf(this.parts.assigner.kind, window, key, this.columns));
  }

  private arrived(key: KeyOf, window: Window, merged: readonly Account[], time: number, out: Out<unknown>): void {
    const { trigger } = this.plan;
    const id = this.idOf(key, window);
    const account = this.ledger.get(id) ?? this.ledger.open(id, key, window, trigger.create());
    account.window = window;
    for (const from of merged) this.merge(account, from);
    account.fresh++;
    account.rows++;
    const { now, emit, end } = this.momentOf(account, out);
    const at: Arrival = { now, emit, end, time, met: this.met }; // a spread would be a fifth of a row's time
    if (!account.done) trigger.onRow(account.state, at);
    if (!account.done && trigger.isDue(account.state, at)) this.fire(account, window.end > this.emit ? 'early' : 'late', out);
    this.wake(account);
    this.ledger.touch(account);
  }

  private momentOf(account: Account, out: Out<unknown>): Moment {
    return { now: this.plan.trigger.shortestMs === Infinity ? 0 : out.now(), emit: this.emit, end: account.window.end };
  }

  /** A session took in another one: what that one had said is taken back with the next pane. */
  private merge(into: Account, from: Account): void {
    if (into.rows === 0) Object.assign(into, { state: from.state, done: from.done });
    else if (!from.done && into.done) Object.assign(into, { state: from.state, done: false });
    else if (!from.done) this.plan.trigger.merge(into.state, from.state);
    into.fresh += from.fresh;
    into.rows += from.rows;
    if (this.plan.mode === 'discarding') return; // its panes stand: each holds a part
    into.owed.push(...from.owed);
    if (from.index > 0 && this.plan.mode === 'accumulating') into.owed.push(this.unsaid(from));
  }

  /** Without keeping the row, what is taken back has window and key only. */
  private unsaid({ key, window, index }: Account): Said {
    const identity = changeKeyOf(this.parts.assigner.kind, window, key, this.columns);
    const row: Record<string, unknown> = { window };
    this.parts.keyColumns.forEach((name, i) => (row[name] = identity[i + 1]));
    return { key: identity, row, pane: { timing: 'late', index, isLast: true } };
  }

  /** Speaks if there is something to say; the trigger goes on in any case. */
  private fire(account: Account, timing: PaneTiming, out: Out<unknown>): void {
    this.speak(account, timing, out);
    account.done = this.plan.trigger.fired(account.state, this.momentOf(account, out));
  }

  private speak(account: Account, timing: PaneTiming, out: Out<unknown>): void {
    const { unchanged, mode } = this.plan;
    const { key, window } = account;
    const isLast = window.end <= this.drop;
    if (account.fresh === 0 && !unchanged.has(timing) && !(isLast && unchanged.has('last'))) return;
    const acc = this.store.peek(key, window);
    const row = this.parts.build(window, key, acc);
    this.parts.previous?.compare(row, key, window, acc);
    account.fresh = 0;
    if (mode === 'retracting' && account.owed.length === 1 && sameRow(account.owed[0]!.row, row)) return;
    const share = isLast ? undefined : this.completeness?.claim(account);
    const pane: Pane = { timing, index: account.index++, isLast, ...(share === undefined ? {} : { completeness: share }) };
    const said: Said = { key: changeKeyOf(this.parts.assigner.kind, window, key, this.columns), row, pane };
    const owed = account.owed;
    account.owed = mode === 'retracting' ? [said] : [];
    for (const one of owed) this.say('delete', one, out);
    this.say('upsert', said, out);
    if (mode === 'discarding') this.store.restart?.(key, window);
    this.parts.previous?.corrected(key, window, acc, (other, after) => this.again(other, after, out));
  }

  /** The window after a corrected one compares with it: what it has said is said again. */
  private again(key: KeyOf, window: Window, out: Out<unknown>): void {
    const account = this.ledger.get(this.idOf(key, window));
    if (account === undefined || account.index === 0) return;
    account.fresh++;
    this.speak(account, window.end > this.emit ? 'early' : 'late', out);
    this.ledger.touch(account);
  }

  private say(op: Change<unknown>['op'], { key, row, pane }: Said, out: Out<unknown>): void {
    const { end } = row['window'] as Window;
    out.event(stampOf(end), { op, key, row, pane } satisfies Change<unknown>);
  }

  onWatermark(emit: number, drop: number, out: Out<unknown>): void {
    // Taken before the watermark moves: what it is about to pass is what wakes.
    const due = new Set([...this.waking.take(emit), ...this.closing.take(drop)]);
    const before = this.emit;
    this.emit = emit;
    this.drop = drop;
    if (due.size > 0) this.pass(due, before, out);
    this.runClock(out);
    this.store.sweep(drop, drop, out); // nothing is said here, but windows close
    this.store.expire(drop, out);
    this.parts.previous?.expire(drop, this.store);
  }

  /** Everything that the watermark brings, in (end, arrival) order; one pane at most for each window. */
  private pass(due: ReadonlySet<Account>, before: number, out: Out<unknown>): void {
    const inOrder = [...due].sort((a, b) => a.window.end - b.window.end || a.arrival - b.arrival);
    for (const account of inOrder) {
      if (out.closed) return;
      const { end } = account.window;
      const timing: PaneTiming = end > this.emit ? 'early' : end > before ? 'onTime' : 'late';
      account.wakesAt = Infinity;
      if (end <= this.drop) this.close(account, timing, out);
      else {
        if (!account.done && this.plan.trigger.isDue(account.state, this.momentOf(account, out))) this.fire(account, timing, out);
        this.wake(account);
        this.ledger.touch(account);
      }
    }
  }

  private close(account: Account, timing: PaneTiming, out: Out<unknown>): void {
    this.speak(account, timing, out);
    this.completeness?.learn(account);
    this.ticking.delete(account);
    this.ledger.take(account.id);
  }

  /** What the watermark will not wake leaves the wheel: it may be over long before W = Infinity. */
  private placeOf(account: Account): number {
    if (account.gone) return NaN;
    account.wakesAt = this.wakeTime(account);
    return account.wakesAt === Infinity ? NaN : account.wakesAt;
  }

  private wakeTime({ state, done, window: { end } }: Account): number {
    const timer = done ? Infinity : this.plan.trigger.eventTimer(state) + 1; // `time < W`
    return end > this.emit ? Math.min(end, timer) : timer;
  }

  /** Puts the account where the watermark and the clock will find it. */
  private wake(account: Account): void {
    const at = this.wakeTime(account);
    if (at < account.wakesAt) this.waking.add(account);
    const tick = account.done ? Infinity : this.plan.trigger.clockTimer(account.state);
    if (tick < Infinity) this.ticking.add(account);
    else this.ticking.delete(account);
    this.firstTick = Math.min(this.firstTick, tick);
  }

  onTick(_now: number, out: Out<unknown>): void {
    this.runClock(out);
    this.requestTick(out);
  }

  onRestore(out: Out<unknown>): void {
    this.requestTick(out);
  }

  /** Fires what the processing time has brought, in (end, arrival) order. */
  private runClock(out: Out<unknown>): void {
    if (this.firstTick === Infinity || this.firstTick > out.now()) return;
    const { trigger } = this.plan;
    const now = out.now();
    const due = [...this.ticking].filter(({ state }) => trigger.clockTimer(state) <= now);
    due.sort((a, b) => a.window.end - b.window.end || a.arrival - b.arrival);
    for (const account of due) {
      if (out.closed) return;
      if (account.gone) continue;
      if (trigger.isDue(account.state, this.momentOf(account, out))) {
        this.fire(account, account.window.end > this.emit ? 'early' : 'late', out);
      }
      this.wake(account);
      this.ledger.touch(account);
    }
    this.firstTick = Infinity;
    for (const { state } of this.ticking) this.firstTick = Math.min(this.firstTick, trigger.clockTimer(state));
  }

  /** One request is open at a time, so it is for no more than the shortest time that a timer can be ahead. */
  private requestTick(out: Out<unknown>): void {
    if (this.firstTick === Infinity) return;
    out.tickIn(Math.max(0, Math.min(this.firstTick - out.now(), this.plan.trigger.shortestMs)));
  }

  wantsBatch(w: number, now: number): boolean {
    return (w > this.drop && this.ledger.size > 0) || this.firstTick <= now;
  }

  held(): number {
    return this.store.held();
  }

  stateRows(): StateRows {
    const { size: total, updated, removed } = this.ledger;
    this.ledger.updated = this.ledger.removed = 0;
    return { total, updated, removed };
  }

  report(): Readonly<Record<string, unknown>> {
    return { openWindows: this.store.windows() };
  }
}
