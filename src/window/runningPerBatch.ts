import type { Folding } from '../aggregate/plan';
import type { Change, Window } from '../element';
import { createKeyMap, keyFrom, keyValues, ownKey, type KeyMap, type KeyOf, type KeyReader } from '../key';
import type { Out, Processor, ProcessorContext, StateRows } from '../operator';
import type { OutputMode } from '../rx';
import { Recorder } from '../state/recorder';
import { cell, type StateEntry, type StateTable, type TableChanges } from '../state/table';
import { lateDetail } from './store';
import type { Traits } from '../traits';
import type { RowBuilder } from './resultRow';

interface Group {
  readonly acc: unknown;
  /** When it is final: the time, or the end of the window, in its key. Infinity: never. */
  readonly deadline: number;
  /** What changes are stamped with. */
  readonly time: number;
  firings: number;
}

/** What a row says about when its group is final. */
type DeadlineOf<T> = (time: number, row: T) => { readonly at: number; readonly window?: Window };

/**
 * Aggregates without windows in a query: groups are said at the end of a batch, by output mode. With the event time, or a
 * window column, among the key columns a group becomes final, is judged late and is forgotten; without, it lives for ever
 * and nothing is late. Source: Spark's grouping by event time (conformance 6.5 to 6.8).
 */
export class RunningPerBatch<T> implements Processor<T, Change<unknown>> {
  readonly tables;
  private readonly groups: KeyMap<Group>;
  private readonly touched: KeyMap<true>;
  private readonly byDeadline = new Map<number, KeyOf[]>();
  private readonly columns: number;
  private readonly recorder: Recorder;
  private readonly deadlineOf: DeadlineOf<T> | undefined;
  private readonly mode: OutputMode;
  private drop = -Infinity;
  private arrival = 0;
  private updated = 0;
  private removed = 0;

  constructor(
    private readonly folding: Folding,
    private readonly reader: KeyReader<T>,
    private readonly build: RowBuilder,
    context: ProcessorContext,
  ) {
    this.columns = reader.columns.length;
    this.groups = createKeyMap(this.columns);
    this.touched = createKeyMap(this.columns);
    this.recorder = new Recorder(this.columns);
    this.mode = context.outputMode;
    this.deadlineOf = this.mode === 'complete' ? undefined : deadlineOf(reader.columns, context.traits);
    this.tables = { meta: this.metaCell(), groups: this.groupTable() };
  }

  onEvent(time: number, row: T, out: Out<Change<unknown>>): void {
    const due = this.deadlineOf?.(time, row);
    if (due !== undefined && this.isOver(due)) {
      const windows = due.window === undefined ? [] : [due.window];
      return out.reject('late', time, row, { ...lateDetail([{ start: due.at, end: due.at }], this.drop), windows });
    }
    const key = this.reader.read(row);
    const value = this.folding.read(row);
    const group = this.groups.get(key) ?? this.open(key, due?.at ?? Infinity, time);
    this.folding.add(group.acc, value, this.arrival++);
    this.touched.set(key, true);
    out.absorb(1);
  }

  private isOver({ at }: { readonly at: number }): boolean {
    return at <= this.drop;
  }

  private empty(): Group {
    return { acc: this.folding.create(), deadline: Infinity, time: 0, firings: 0 };
  }

  private open(key: KeyOf, deadline: number, time: number): Group {
    const group = { acc: this.folding.create(), deadline, time, firings: 0 };
    this.groups.set(key, group);
    this.schedule(key, deadline);
    return group;
  }

  private schedule(key: KeyOf, deadline: number): void {
    if (deadline === Infinity) return;
    const own = ownKey(key);
    const due = this.byDeadline.get(deadline);
    if (due === undefined) this.byDeadline.set(deadline, [own]);
    else due.push(own);
  }

  onWatermark(_emit: number, drop: number, out: Out<Change<unknown>>): void {
    this.drop = Math.max(this.drop, drop);
    if (this.mode === 'complete') this.sayAll(out);
    if (this.mode === 'update') this.sayTouched(out);
    this.updated += this.touched.size;
    this.recordTouched();
    this.touched.clear();
    this.evict(out);
  }

  /** The delta is told once a batch, not with every row. */
  private recordTouched(): void {
    if (this.recorder.isOn) this.touched.forEach((_true, key) => this.recorder.written(key));
  }

  private sayAll(out: Out<Change<unknown>>): void {
    // All rows together are a group also when there are none.
    if (this.columns === 0 && this.groups.size === 0) this.say(null, this.empty(), false, out);
    for (const [key, group] of [...this.groups.entries()]) {
      this.say(key, group, false, out);
      this.recorder.written(key); // it counts how often it was said
    }
  }

  private sayTouched(out: Out<Change<unknown>>): void {
    for (const [key] of [...this.touched.entries()]) {
      const group = this.groups.get(key) as Group;
      this.say(key, group, group.deadline <= this.drop, out);
    }
  }

  /** Forgets what is final; append mode says it then. */
  private evict(out: Out<Change<unknown>>): void {
    const due = [...this.byDeadline.keys()].filter((deadline) => this.isPast(deadline)).sort((a, b) => a - b);
    for (const deadline of due) {
      const keys = this.byDeadline.get(deadline) as KeyOf[];
      this.byDeadline.delete(deadline);
      for (const key of keys) {
        const group = this.groups.get(key) as Group;
        this.groups.delete(key);
        this.recorder.gone(key);
        this.removed++;
        if (this.mode === 'append') this.say(key, group, true, out);
      }
    }
  }

  private isPast(deadline: number): boolean {
    return deadline <= this.drop;
  }

  private say(key: KeyOf, group: Group, isLast: boolean, out: Out<Change<unknown>>): void {
    const pane = { timing: isLast ? 'onTime' : 'early', index: group.firings++, isLast } as const;
    const row = this.build(undefined, key, group.acc);
    out.event(group.time, { op: 'upsert', key: keyValues(key, this.columns), row, pane });
  }

  wantsBatch(w: number): boolean {
    return this.mode !== 'complete' && w > this.drop;
  }

  stateRows(): StateRows {
    const { updated, removed } = this;
    this.updated = this.removed = 0;
    return { total: this.groups.size, updated, removed };
  }

  private metaCell(): StateTable {
    return cell(
      1,
      () => [this.arrival, this.drop],
      (value) => ([this.arrival, this.drop] = value as [number, number]),
    );
  }

  private groupTable(): StateTable {
    return {
      version: 1,
      size: () => this.groups.size,
      entries: () => this.groupEntries(),
      load: (entries) => {
        this.groups.clear();
        this.byDeadline.clear();
        for (const [values, data] of entries) {
          const [deadline, time, firings, acc] = data as [number, number, number, unknown];
          const key = keyFrom(values);
          this.groups.set(key, { deadline, time, firings, acc: this.folding.decode(acc) });
          this.schedule(key, deadline);
        }
        this.recorder.begin();
      },
      changes: () => this.groupChanges(),
    };
  }

  private *groupEntries(): Iterable<StateEntry> {
    for (const [key, group] of this.groups.entries()) yield this.groupEntry(key, group);
  }

  private groupEntry(key: KeyOf, { acc, deadline, time, firings }: Group): StateEntry {
    return [keyValues(key, this.columns), [deadline, time, firings, this.folding.encode(acc)]];
  }

  private groupChanges(): TableChanges {
    this.recordTouched();
    return this.recorder.take(
      () => this.groupEntries(),
      (key) => this.groupEntry(key, this.groups.get(key)!),
    );
  }
}

/** The key column that carries event time, or a window, says when a group is final. */
function deadlineOf<T>(
  columns: readonly string[],
  traits: Pick<Traits, 'timeColumn' | 'windowColumns' | 'ties'>,
): DeadlineOf<T> | undefined {
  const windows = columns.filter((column) => traits.windowColumns.includes(column));
  if (windows.length > 0)
    return (_time, row) => firstToEnd(windows.map((column) => (row as Record<string, Window | null>)[column]));
  const byTime = traits.timeColumn !== undefined && columns.includes(traits.timeColumn);
  // Where ties are on time, the instant behind is the first watermark that makes it late.
  const more = traits.ties === 'instant' ? 0 : 1;
  return byTime ? (time) => ({ at: time + more }) : undefined;
}

/** Of several windows the first that ends: later rows are not in all of them. */
function firstToEnd(windows: readonly (Window | null | undefined)[]): { readonly at: number; readonly window?: Window } {
  const none: { readonly at: number; readonly window?: Window } = { at: Infinity };
  return windows.reduce(
    (first, window) => (window !== null && window !== undefined && window.end < first.at ? { at: window.end, window } : first),
    none,
  );
}
