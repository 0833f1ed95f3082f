import { isLate, latenessOf, type Change, type TieRule } from '../element';
import { createKeyMap, keyFrom, keyValues, type KeyMap, type KeyReader } from '../key';
import type { Out, Processor, StateRows } from '../operator/processor';
import { Recorder } from '../state/recorder';
import { cell, type StateTable } from '../state/table';
import { candidateOf, decodeBest, encodeBest, place, type Best, type Ranking } from './best';
import { differences, type Wording } from './differences';

interface Group extends Best {
  firings: number;
}

/** The best rows of each key, for ever; every row that changes them is said at once. */
export class RunningTop<T> implements Processor<T, Change<unknown>> {
  readonly tables;
  private readonly groups: KeyMap<Group>;
  private readonly recorder: Recorder;
  private readonly columns: number;
  private arrival = 0;
  private drop = -Infinity;
  private updated = 0;

  constructor(
    private readonly reader: KeyReader<T>,
    private readonly ranking: Ranking,
    private readonly wording: Wording,
    private readonly ties: TieRule,
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

  onEvent(time: number, row: T, out: Out<Change<unknown>>): void {
    if (isLate(time, this.drop, this.ties)) return out.reject('late', time, row, latenessOf(time, this.drop, this.ties));
    const key = this.reader.read(row);
    const candidate = candidateOf(this.ranking, row);
    let group = this.groups.get(key);
    if (group === undefined) this.groups.set(key, (group = { n: 0, rows: [], firings: 0 }));
    const before = { rows: group.rows.slice(), window: undefined };
    place(group, candidate, this.arrival++, this.ranking.direction);
    out.absorb(1);
    this.updated++;
    this.recorder.written(key);
    const pane = { timing: 'early', index: group.firings, isLast: false } as const;
    const identity = keyValues(key, this.columns);
    const changes = differences(before, { rows: group.rows, window: undefined }, identity, this.wording, pane);
    if (changes.length > 0) group.firings++;
    for (const change of changes) out.event(time, change);
  }

  onWatermark(_emit: number, drop: number): void {
    this.drop = drop;
  }

  stateRows(): StateRows {
    const { updated } = this;
    this.updated = 0;
    return { total: this.groups.size, updated, removed: 0 };
  }

  report(): Readonly<Record<string, unknown>> {
    return { keys: this.groups.size };
  }

  private table(): StateTable {
    return this.recorder.table(
      1,
      this.groups,
      (group) => [group.firings, encodeBest(group)],
      (saved) => {
        this.groups.clear();
        for (const [values, data] of saved) {
          const [firings, best] = data as [number, unknown];
          this.groups.set(keyFrom(values), { ...decodeBest(best), firings });
        }
      },
    );
  }
}
