import { isLate, latenessOf, type TieRule } from '../element';
import { ownKey, type KeyReader } from '../key';
import type { Out, Processor } from '../operator';
import { cell, type StateTable, type StateTables } from '../state/table';
import { alertOf, type Alert, type Fact, type Labels, type Moment } from './alert';
import type { Judge } from './condition';
import { Groups } from './groups';
import { KeyStates, type KeyState } from './keyStates';
import { Waiting } from './waiting';

/** The options of `alertWhen`, read and checked. */
export interface AlertPlan<T> {
  readonly reader: KeyReader<T>;
  readonly when: Judge<T>;
  /** Default: clears when `when` does not hold. */
  readonly clear: Judge<T> | undefined;
  readonly group: KeyReader<T> | undefined;
  readonly severity: ((row: T) => string) | undefined;
  readonly message: ((row: T) => string) | undefined;
  /** A key fires once and then not until it has cleared; else every row for which the condition holds fires. */
  readonly episodes: boolean;
  readonly resolved: boolean;
  readonly ordered: boolean;
  readonly forMs: number;
  readonly coolDownMs: number;
  /** How long past figures are kept after a key's last row. */
  readonly forgetAfterMs: number;
}

const NONE: number[] = [];
const UNLABELLED: Labels = { severity: null, message: null, group: null };

/** Without state: each row is judged on its own. */
export function eachRow<T>(name: string, plan: AlertPlan<T>): Processor<T, Alert<T>> {
  const columns = plan.reader.columns.length;
  return {
    onEvent(time, row, out) {
      const when = plan.when.read(row);
      if (!plan.when.holds(when, NONE)) return out.filter();
      const fact = { time, row, key: plan.reader.read(row), when, clear: null, labels: labelsOf(plan, row) };
      const alert = alertOf(name, columns, { status: 'firing', time, startedAt: time }, fact);
      out.absorb(1);
      out.event(time, alert);
    },
  };
}

/** With state: what was said of a key decides what is said next. The watermark decides when, not what. */
export class Alerting<T> implements Processor<T, Alert<T>> {
  readonly tables: StateTables;
  readonly speaksAt: 'emit' | 'drop';
  private readonly states: KeyStates<T>;
  private readonly groups: Groups<T> | undefined;
  /** `ordered`: rows that the watermark has not passed. */
  private readonly waiting = new Waiting<T>();
  private drop = -Infinity;

  constructor(
    private readonly name: string,
    private readonly ties: TieRule,
    private readonly plan: AlertPlan<T>,
  ) {
    const remembers = plan.when.remembers || plan.clear?.remembers === true;
    this.states = new KeyStates(plan.reader.columns.length, remembers ? plan.forgetAfterMs : 0);
    this.groups = plan.group === undefined ? undefined : new Groups(plan.group.columns.length);
    this.speaksAt = plan.ordered ? 'drop' : 'emit';
    this.tables = {
      keys: this.states.table,
      ...(this.groups !== undefined && { groups: this.groups.table }),
      ...(plan.ordered && { rows: this.waiting.table, drop: this.dropTable() }),
    };
  }

  onEvent(time: number, row: T, out: Out<Alert<T>>): void {
    if (!this.plan.ordered) return this.judge(this.read(time, row), out);
    if (isLate(time, this.drop, this.ties)) return out.reject('late', time, row, latenessOf(time, this.drop, this.ties));
    this.waiting.add(this.read(time, row));
  }

  /** Runs all user code of a row. */
  private read(time: number, row: T): Fact<T> {
    const { reader, when, clear } = this.plan;
    const key = ownKey(reader.read(row));
    const reading = when.read(row);
    const labels = when.mayHold(reading) ? labelsOf(this.plan, row) : UNLABELLED;
    return { time, row, key, when: reading, clear: clear === undefined ? null : clear.read(row), labels };
  }

  private judge(fact: Fact<T>, out: Out<Alert<T>>): void {
    const { when, clear, episodes } = this.plan;
    const state = this.states.of(fact.key);
    if (fact.time > state.seen) state.seen = fact.time;
    const holds = when.holds(fact.when, state.memory);
    const clears = clear === undefined ? !holds : clear.holds(fact.clear, state.clearMemory);
    if (episodes) this.episode(state, fact, holds, clears, out);
    else this.single(state, fact, holds, out);
    this.states.settle(state);
  }

  private single(state: KeyState<T>, fact: Fact<T>, holds: boolean, out: Out<Alert<T>>): void {
    if (!holds || fact.time < state.coolUntil) return out.filter();
    this.cool(state, fact.time);
    this.say({ status: 'firing', time: fact.time, startedAt: fact.time }, fact, fact.labels, out);
  }

  private episode(state: KeyState<T>, fact: Fact<T>, holds: boolean, clears: boolean, out: Out<Alert<T>>): void {
    // A key stays as its last row left it: a row after the deadline, whatever it says, proves that the condition held.
    if (state.pending !== null && fact.time > state.deadline) this.fire(state, out);
    if (state.firing !== null) return clears ? this.clear(state, fact, out) : out.filter();
    if (state.pending !== null)
      out.filter(); // the row that waited gives its place to this one
    else if (holds) this.begin(state, fact.time);
    if (!holds) return this.cancel(state, out);
    state.pending = fact;
    if (fact.time >= state.deadline) this.fire(state, out);
  }

  private begin(state: KeyState<T>, time: number): void {
    state.since = time;
    this.states.await(state, Math.max(time + this.plan.forMs, state.coolUntil));
  }

  private cancel(state: KeyState<T>, out: Out<Alert<T>>): void {
    if (state.pending !== null) this.states.deadlines.remove(state.deadline, state);
    state.pending = null;
    out.filter();
  }

  private fire(state: KeyState<T>, out: Out<Alert<T>>): void {
    const fact = state.pending!;
    const { deadline: time, since: startedAt } = state;
    this.states.deadlines.remove(time, state);
    state.pending = null;
    state.firing = fact.labels;
    this.cool(state, time);
    this.say({ status: 'firing', time, startedAt }, fact, fact.labels, out);
  }

  private clear(state: KeyState<T>, fact: Fact<T>, out: Out<Alert<T>>): void {
    const labels = state.firing!;
    state.firing = null;
    if (!this.plan.resolved) return out.filter();
    this.say({ status: 'resolved', time: fact.time, startedAt: state.since }, fact, labels, out);
  }

  private cool(state: KeyState<T>, firedAt: number): void {
    if (this.plan.coolDownMs > 0) this.states.cool(state, firedAt + this.plan.coolDownMs);
  }

  private say(moment: Moment, fact: Fact<T>, labels: Labels, out: Out<Alert<T>>): void {
    const alert = alertOf(this.name, this.plan.reader.columns.length, moment, fact, labels);
    if (this.groups !== undefined) return this.groups.collect(alert, labels.group);
    out.absorb(1);
    out.event(alert.time, alert);
  }

  onWatermark(emit: number, drop: number, out: Out<Alert<T>>): void {
    this.drop = drop;
    const upTo = this.plan.ordered ? drop : emit;
    const hasPassed = (time: number): boolean => isLate(time, upTo, this.ties);
    for (const fact of this.waiting.take(hasPassed)) {
      if (out.closed) return;
      this.fireDue((deadline) => deadline < fact.time, out);
      this.judge(fact, out);
    }
    this.fireDue(hasPassed, out);
    this.groups?.release(hasPassed, out);
    this.states.expire((time) => isLate(time, drop, this.ties));
  }

  /** What has held for long enough fires at its deadline: no row can come any more that would say otherwise. */
  private fireDue(isDue: (time: number) => boolean, out: Out<Alert<T>>): void {
    for (const state of this.states.deadlines.take(isDue)) {
      if (out.closed) return;
      this.fire(state, out);
      this.states.settle(state);
    }
  }

  wantsBatch(w: number): boolean {
    const next = Math.min(this.waiting.first, this.states.deadlines.first, this.groups?.first ?? Infinity);
    return next < Infinity && isLate(next, w, this.ties);
  }

  held(): number {
    return this.waiting.size + this.states.deadlines.size + (this.groups?.held ?? 0);
  }

  private dropTable(): StateTable {
    return cell(
      1,
      () => this.drop,
      (value) => (this.drop = value as number),
    );
  }
}

function labelsOf<T>({ severity, message, group }: AlertPlan<T>, row: T): Labels {
  if (severity === undefined && message === undefined && group === undefined) return UNLABELLED;
  return {
    severity: severity?.(row) ?? null,
    message: message?.(row) ?? null,
    group: group === undefined ? null : ownKey(group.read(row)),
  };
}
