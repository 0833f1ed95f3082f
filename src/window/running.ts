import type { Folding } from '../aggregate/plan';
import type { Change } from '../element';
import { createKeyMap, keyFrom, keyValues, type KeyMap, type KeyOf, type KeyReader } from '../key';
import type { Out, Processor } from '../operator';
import { Recorder } from '../state/recorder';
import { cell, type StateEntry, type StateTable } from '../state/table';
import type { RowBuilder } from './resultRow';

interface Group {
  readonly acc: unknown;
  firings: number;
  /** Time of the last row: what the next change is stamped with. */
  time: number;
}

/** Aggregates without windows: one group a key, for ever. Nothing is late, nothing is final before the end. */
export class Running<T> implements Processor<T, Change<unknown>> {
  readonly tables;
  private readonly groups: KeyMap<Group>;
  private readonly pending: KeyMap<true>;
  private readonly columns: number;
  private readonly recorder: Recorder;
  private arrival = 0;

  constructor(
    private readonly folding: Folding,
    private readonly reader: KeyReader<T>,
    private readonly build: RowBuilder,
    private readonly everyMs: number,
  ) {
    this.columns = reader.columns.length;
    this.groups = createKeyMap(this.columns);
    this.pending = createKeyMap(this.columns);
    this.recorder = new Recorder(this.columns);
    this.tables = {
      meta: cell(
        1,
        () => this.arrival,
        (value) => (this.arrival = value as number),
      ),
      groups: this.groupTable(),
      pending: this.pendingTable(),
    };
  }

  onRestore(out: Out<Change<unknown>>): void {
    if (this.pending.size > 0) out.tickIn(this.everyMs);
  }

  onEvent(time: number, row: T, out: Out<Change<unknown>>): void {
    const key = this.reader.read(row);
    const value = this.folding.read(row);
    let group = this.groups.get(key);
    if (group === undefined) this.groups.set(key, (group = { acc: this.folding.create(), firings: 0, time }));
    this.folding.add(group.acc, value, this.arrival++);
    group.time = time;
    this.recorder.written(key);
    out.absorb(1);
    if (this.everyMs === 0) return this.say(key, group, out);
    this.pending.set(key, true);
    out.tickIn(this.everyMs);
  }

  private say(key: KeyOf, group: Group, out: Out<Change<unknown>>): void {
    const pane = { timing: 'early', index: group.firings++, isLast: false } as const;
    this.recorder.written(key);
    const row = this.build(undefined, key, group.acc);
    out.event(group.time, { op: 'upsert', key: keyValues(key, this.columns), row, pane });
  }

  onTick(_now: number, out: Out<Change<unknown>>): void {
    this.flush(out);
  }

  onWatermark(emit: number, _drop: number, out: Out<Change<unknown>>): void {
    if (emit === Infinity) this.flush(out);
  }

  onEnd(out: Out<Change<unknown>>): void {
    this.flush(out);
  }

  private flush(out: Out<Change<unknown>>): void {
    const due = [...this.pending.entries()];
    this.pending.clear(); // detached first
    for (const [key] of due) {
      const group = this.groups.get(key);
      if (group !== undefined) this.say(key, group, out);
    }
  }

  stateSize(): number {
    return this.groups.size;
  }

  private groupTable(): StateTable {
    return this.recorder.table(
      1,
      this.groups,
      ({ acc, firings, time }) => [firings, time, this.folding.encode(acc)],
      (entries) => {
        this.groups.clear();
        for (const [values, data] of entries) {
          const [firings, time, acc] = data as [number, number, unknown];
          this.groups.set(keyFrom(values), { firings, time, acc: this.folding.decode(acc) });
        }
      },
    );
  }

  private pendingTable(): StateTable {
    return {
      version: 1,
      size: () => this.pending.size,
      entries: () => [...this.pending.entries()].map(([key]): StateEntry => [keyValues(key, this.columns), null]),
      load: (entries) => {
        this.pending.clear();
        for (const [values] of entries) this.pending.set(keyFrom(values), true);
      },
    };
  }
}
