import { isLate, latenessOf, type Change, type Pane, type TieRule } from '../element';
import { createKeyMap, keyFrom, keyValues, type KeyMap, type KeyReader } from '../key';
import type { Out, Processor, StateRows } from '../operator/processor';
import { Recorder } from '../state/recorder';
import { cell, type StateTable } from '../state/table';

export interface KeepPlan {
  readonly keep: 'first' | 'last';
  readonly retracts: boolean;
  /** Processing time after which a key that has not changed is forgotten. */
  readonly ttlMs: number;
}

interface Kept {
  time: number;
  row: unknown;
  pane: Pane;
  writtenAt: number;
}

/** One row of each key, the first or the last by event time, as changes. */
export class KeepOne<T> implements Processor<T, Change<T>> {
  readonly tables;
  private readonly kept: KeyMap<Kept>;
  private readonly recorder: Recorder;
  private readonly columns: number;
  private drop = -Infinity;
  private updated = 0;
  private removed = 0;

  constructor(
    private readonly plan: KeepPlan,
    private readonly reader: KeyReader<T>,
    private readonly ties: TieRule,
  ) {
    this.columns = reader.columns.length;
    this.kept = createKeyMap(this.columns);
    this.recorder = new Recorder(this.columns);
    const drop = cell(
      1,
      () => this.drop,
      (value) => (this.drop = value as number),
    );
    this.tables = { drop, kept: this.table() };
  }

  onEvent(time: number, row: T, out: Out<Change<T>>): void {
    if (isLate(time, this.drop, this.ties)) return out.reject('late', time, row, latenessOf(time, this.drop, this.ties));
    const { ttlMs, keep, retracts } = this.plan;
    const key = this.reader.read(row);
    const now = ttlMs === Infinity ? 0 : out.now();
    const known = this.kept.get(key);
    const before = known !== undefined && now - known.writtenAt < ttlMs ? known : undefined;
    out.absorb(1);
    // Of equal times the first stays the first, and the last that came is the last.
    if (before !== undefined && (keep === 'first' ? time >= before.time : time < before.time)) return;
    const identity = keyValues(key, this.columns);
    if (before !== undefined && retracts) {
      out.event(before.time, { op: 'delete', key: identity, row: before.row as T, pane: before.pane });
    }
    const pane: Pane = { timing: 'early', index: (before?.pane.index ?? -1) + 1, isLast: false };
    this.kept.set(key, { time, row, pane, writtenAt: now });
    this.updated++;
    this.recorder.written(key);
    if (ttlMs < Infinity) out.tickIn(ttlMs);
    out.event(time, { op: 'upsert', key: identity, row, pane });
  }

  onWatermark(_emit: number, drop: number): void {
    this.drop = drop;
  }

  onRestore(out: Out<Change<T>>): void {
    if (this.kept.size > 0 && this.plan.ttlMs < Infinity) out.tickIn(this.plan.ttlMs);
  }

  onTick(now: number, out: Out<Change<T>>): void {
    for (const [key, { writtenAt }] of this.kept.entries()) {
      if (now - writtenAt < this.plan.ttlMs) continue;
      this.kept.delete(key);
      this.removed++;
      this.recorder.gone(key);
    }
    if (this.kept.size > 0) out.tickIn(this.plan.ttlMs);
  }

  stateRows(): StateRows {
    const { updated, removed } = this;
    this.updated = this.removed = 0;
    return { total: this.kept.size, updated, removed };
  }

  report(): Readonly<Record<string, unknown>> {
    return { keys: this.kept.size };
  }

  private table(): StateTable {
    return this.recorder.table(
      1,
      this.kept,
      ({ time, row, pane, writtenAt }) => [time, row, pane, writtenAt],
      (saved) => {
        this.kept.clear();
        for (const [values, data] of saved) {
          const [time, row, pane, writtenAt] = data as [number, unknown, Pane, number];
          this.kept.set(keyFrom(values), { time, row, pane, writtenAt });
        }
      },
    );
  }
}
