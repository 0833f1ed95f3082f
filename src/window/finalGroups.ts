import type { Folding } from '../aggregate/plan';
import { stampOf, type Window } from '../element';
import { TidemarkError } from '../errors';
import { createKeyMap, keyFrom, ownKey, type KeyMap, type KeyOf, type KeyReader } from '../key';
import type { OperatorOptions, OperatorSpec, Out, Processor, ProcessorContext, StateRows } from '../operator';
import { Deadlines } from '../state/deadlines';
import { Recorder } from '../state/recorder';
import { cell, type StateTable } from '../state/table';
import type { Traits } from '../traits';
import { rowBuilderOf, type RowBuilder } from './resultRow';
import { lateDetail } from './store';

interface Group {
  readonly key: KeyOf;
  readonly acc: unknown;
  /** When it is final: the time in its key, or the first end of the windows in it. */
  readonly deadline: number;
  /** The step in which it was last written: a group counts once a batch. */
  step: number;
}

/** What in the key says when a group is final. */
interface Finality {
  readonly timeColumn?: string;
  readonly windowColumns: readonly string[];
}

/** Event time among the key columns, else windows; without either nothing is ever final, which is refused. */
function finalityOf(columns: readonly string[], input: Traits, timeColumn = input.timeColumn): Finality {
  const windowColumns = columns.filter((column) => input.windowColumns.includes(column));
  if (timeColumn !== undefined && columns.includes(timeColumn)) return { timeColumn, windowColumns };
  if (windowColumns.length > 0) return { windowColumns };
  const message = 'without a window, onClose() needs the event time, or a column with windows, among the key columns';
  throw new TidemarkError('TIDEMARK_OPTION', message, { key: columns, reason: 'append-needs-watermark' });
}

/**
 * The operator of groups that are said once. `onClose()` brings it, so that a pipe without it does not carry it.
 *
 * @throws TIDEMARK_OPTION at call of the operator: nothing in the key says when a group is final
 */
export function finalGroups<T>(
  options: OperatorOptions & { readonly timeColumn?: string },
  reader: KeyReader<T>,
  folding: Folding,
): OperatorSpec<T, unknown> {
  const build = rowBuilderOf(reader.columns, folding, false);
  const finality = (input: Traits): Finality => finalityOf(reader.columns, input, options.timeColumn);
  return {
    type: 'aggregate',
    options,
    accepts: ['event'],
    stateful: true,
    traits: ([input]) => {
      const { timeColumn: _gone, timeColumns: _both, ...rest } = input as Traits;
      const { timeColumn, windowColumns } = finality(input as Traits);
      const named = timeColumn === undefined ? { ties: 'ordered' as const } : { timeColumn };
      return { ...rest, ...named, windowColumns };
    },
    create: (context) => new FinalGroups(folding, reader, build, finality(context.traits), context),
  };
}

/**
 * Groups by event time or by columns with windows: one final row each, once that time has passed. Source: Spark's grouping
 * by event time in append mode.
 */
class FinalGroups<T> implements Processor<T, unknown> {
  readonly speaksAt = 'drop';
  readonly tables;
  private readonly groups: KeyMap<Group>;
  private readonly due = new Deadlines<Group>(1000, (group) => group.deadline);
  private readonly recorder: Recorder;
  private readonly columns: number;
  private drop = -Infinity;
  private arrival = 0;
  private step = 0;
  private updated = 0;
  private removed = 0;

  constructor(
    private readonly folding: Folding,
    private readonly reader: KeyReader<T>,
    private readonly build: RowBuilder,
    private readonly finality: Finality,
    private readonly context: ProcessorContext,
  ) {
    this.columns = reader.columns.length;
    this.groups = createKeyMap(this.columns);
    this.recorder = new Recorder(this.columns);
    const meta = cell(
      1,
      () => [this.arrival, this.drop],
      (value) => ([this.arrival, this.drop] = value as [number, number]),
    );
    this.tables = { meta, groups: this.table() };
  }

  onEvent(time: number, row: T, out: Out<unknown>): void {
    const windows = this.finality.timeColumn === undefined ? this.windowsOf(row) : [];
    if (windows === undefined) return out.reject('noWindow', time, row);
    const deadline = windows.length === 0 ? this.endOf(time) : Math.min(...windows.map(({ end }) => end));
    if (deadline <= this.drop) {
      return out.reject('late', time, row, { ...lateDetail([{ start: deadline, end: deadline }], this.drop), windows });
    }
    const key = this.reader.read(row);
    const value = this.folding.read(row);
    const group = this.groups.get(key) ?? this.open(key, deadline);
    this.folding.add(group.acc, value, this.arrival++);
    this.recorder.written(key);
    if (group.step !== this.step) this.updated++;
    group.step = this.step;
    out.absorb(1);
  }

  /** The watermark that makes a time late: where ties are on time, the instant behind it. */
  private endOf(time: number): number {
    return this.context.traits.ties === 'instant' ? time : time + 1;
  }

  private windowsOf(row: T): readonly Window[] | undefined {
    const found = this.finality.windowColumns.map((column) => (row as Record<string, Window | null | undefined>)[column]);
    return found.every((window) => window !== null && window !== undefined) ? (found as Window[]) : undefined;
  }

  private open(key: KeyOf, deadline: number): Group {
    const own = ownKey(key);
    const group = { key: own, acc: this.folding.create(), deadline, step: -1 };
    this.groups.set(own, group);
    this.due.add(group);
    return group;
  }

  onWatermark(_emit: number, drop: number, out: Out<unknown>): void {
    this.drop = Math.max(this.drop, drop);
    this.step++;
    const over = this.due.take(this.drop).sort((a, b) => a.deadline - b.deadline);
    for (const group of over) {
      this.groups.delete(group.key);
      this.recorder.gone(group.key);
    }
    this.removed += over.length;
    const isInstant = this.finality.timeColumn !== undefined && this.context.traits.ties === 'instant';
    for (const { key, acc, deadline } of over) {
      if (out.closed) return;
      out.event(isInstant ? deadline : stampOf(deadline), this.build(undefined, key, acc));
    }
  }

  wantsBatch(w: number): boolean {
    return w > this.drop;
  }

  stateRows(): StateRows {
    const { updated, removed } = this;
    this.updated = this.removed = 0;
    return { total: this.groups.size, updated, removed };
  }

  private table(): StateTable {
    return this.recorder.table(
      1,
      this.groups,
      ({ acc, deadline }) => [deadline, this.folding.encode(acc)],
      (entries) => {
        this.groups.clear();
        this.due.clear();
        for (const [values, data] of entries) {
          const [deadline, acc] = data as [number, unknown];
          const group = { key: keyFrom(values), acc: this.folding.decode(acc), deadline, step: -1 };
          this.groups.set(group.key, group);
          this.due.add(group);
        }
      },
    );
  }
}
