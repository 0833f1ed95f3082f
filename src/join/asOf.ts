import type { KeyOf, KeyReader } from '../key';
import type { Out, Processor, StateRows } from '../operator/processor';
import { cell, type StateEntry, type StateTable, type StateTables } from '../state/table';
import { Calendar } from '../state/calendar';
import { Journal } from './journal';
import { hasNull } from './keys';
import type { Results } from './result';
import { History } from './versions';

/** When a row is joined: once no version for its time can come, so many ms behind the newest row, or at once. */
export type Wait =
  { readonly kind: 'watermark' } | { readonly kind: 'behind'; readonly ms: number } | { readonly kind: 'nothing' };

export interface AsOfPlan<L, R, O> {
  readonly left: KeyReader<L>;
  readonly right: KeyReader<R>;
  readonly results: () => Results<L, R, O>;
  readonly keepsAll: boolean;
  readonly deleted: (row: R) => boolean;
  readonly wait: Wait;
  /** The left side's times are instants: a row on the watermark is late. */
  readonly isInstant: boolean;
}

interface Waiting<L> {
  readonly time: number;
  readonly row: L;
  readonly seq: number;
}

type Scalars = [drop: number, newest: number, lateVersions: number, lost: number, settled: number];

const STEP_MS = 1000;

/**
 * Joins each row with the version of its key that was in force at its time: the last one with `version time <= row time`.
 * Rows wait, and go out in (time, arrival) order. Of the versions that are past only the last one of a key is kept.
 */
export class AsOf<L, R, O> implements Processor<L | R, O> {
  readonly tables: StateTables;
  readonly speaksAt = 'drop';
  private readonly results: Results<L, R, O>;
  private readonly history: History<R>;
  private readonly waiting = new Calendar<Waiting<L>>(STEP_MS);
  private readonly journal = new Journal<Waiting<L>>(entryOf);
  private readonly live = new Set<Waiting<L>>();
  private next = 0;
  private stored = 0;
  private gone = 0;
  private spoken = { stored: 0, gone: 0 };
  private drop = -Infinity;
  private newest = -Infinity;
  private lateVersions = 0;

  constructor(private readonly plan: AsOfPlan<L, R, O>) {
    this.results = plan.results();
    this.history = new History<R>(plan.right, plan.deleted, plan.wait.kind === 'nothing');
    const { history } = this;
    const scalars = cell(
      1,
      () => [this.drop, this.newest, this.lateVersions, history.lost, history.settled],
      (value) => ([this.drop, this.newest, this.lateVersions, history.lost, history.settled] = value as Scalars),
    );
    this.tables = {
      scalars,
      ...(this.results.table === undefined ? {} : { columns: this.results.table }),
      versions: this.history.table,
      waiting: this.table,
    };
  }

  onEvent(time: number, row: L | R, out: Out<O>, input: number): void {
    if (input === 1) return this.version(time, row as R, out);
    const { wait, left } = this.plan;
    const key = left.read(row as L);
    this.results.learn(true, row as L);
    if (wait.kind === 'nothing') return this.answer(time, row as L, key, out);
    this.put({ time, row: row as L, seq: this.next++ });
    this.stored++;
    if (wait.kind === 'watermark') return;
    if (time > this.newest) this.newest = time;
    this.release(this.newest - wait.ms, out);
  }

  private version(time: number, row: R, out: Out<O>): void {
    if (!this.plan.deleted(row)) this.results.learn(false, row);
    if (time < this.drop) this.lateVersions++;
    if (this.history.add(time, row)) this.stored++;
    else out.absorb(1); // it replaces, or deletes what is not there
    this.forget(out);
  }

  /** Joins and hands on what has `time <= upTo`. */
  private release(upTo: number, out: Out<O>): void {
    for (const one of this.waiting.take(upTo)) {
      this.live.delete(one);
      this.gone++;
      this.journal.forgot(one);
      if (!out.closed) this.answer(one.time, one.row, this.plan.left.read(one.row), out);
    }
    this.history.settle(upTo);
    this.forget(out);
  }

  /** Versions that nobody can ask for any more. */
  private forget(out: Out<O>): void {
    const dropped = this.history.takeDropped();
    this.gone += dropped;
    out.absorb(dropped);
  }

  private answer(time: number, row: L, key: KeyOf, out: Out<O>): void {
    const found = hasNull(key) ? undefined : this.history.at(key, time);
    if (found === 'lost') return out.reject('late', time, row, { behindMs: this.drop - time, missingDelayMs: this.drop - time });
    if (found !== undefined) return out.forward(time, this.results.build(row, found));
    if (this.plan.keepsAll) out.forward(time, this.results.build(row, null));
    else out.filter();
  }

  onWatermark(_emit: number, drop: number, out: Out<O>): void {
    this.drop = drop;
    if (this.plan.wait.kind !== 'nothing') this.release(drop === Infinity ? drop : drop - 1, out);
  }

  /** A row on the watermark still waits, so the watermark that goes on must not call it late. */
  propagate(w: number): number {
    return this.plan.wait.kind === 'nothing' || !this.plan.isInstant ? w : w - 1;
  }

  wantsBatch(w: number): boolean {
    return w > this.drop && this.live.size > 0;
  }

  held(): number {
    return this.live.size + this.history.size;
  }

  stateRows(): StateRows {
    const { stored, gone, spoken } = this;
    this.spoken = { stored, gone };
    return { total: this.held(), updated: stored - spoken.stored, removed: gone - spoken.gone };
  }

  report(): Readonly<Record<string, unknown>> {
    return { lateVersions: this.lateVersions };
  }

  private put(one: Waiting<L>): void {
    this.waiting.add(one);
    this.live.add(one);
    this.journal.wrote(one);
  }

  private get table(): StateTable {
    return {
      version: 1,
      size: () => this.live.size,
      entries: () => this.entries(),
      load: (saved) => {
        this.waiting.clear();
        this.live.clear();
        for (const [[seq], value] of [...saved].sort(([[a]], [[b]]) => (a as number) - (b as number))) {
          const [time, row] = value as [number, L];
          this.put({ time, row, seq: seq as number });
          this.next = Math.max(this.next, (seq as number) + 1);
        }
        this.journal.begin(this.next);
      },
      changes: () => this.journal.take(() => this.entries(), this.next),
    };
  }

  private *entries(): Iterable<StateEntry> {
    for (const one of this.live) yield entryOf(one);
  }
}

function entryOf<L>({ seq, time, row }: Waiting<L>): StateEntry {
  return [[seq], [time, row]];
}
