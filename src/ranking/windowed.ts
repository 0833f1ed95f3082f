import { stampOf, type Change, type Window } from '../element';
import { createKeyMap, keyFrom, type KeyMap, type KeyOf, type KeyReader } from '../key';
import type { Out, Processor } from '../operator/processor';
import { Recorder } from '../state/recorder';
import { cell, type StateTable } from '../state/table';
import type { Assigner } from '../window/assigner';
import { changeKeyOf } from '../window/speak';
import type { Visit, WindowStore } from '../window/store';
import { Deadlines } from '../state/deadlines';
import { bestFolding, decodeBest, encodeBest, type Best, type Ranked, type Ranking } from './best';
import { differences, rowOf, type Wording } from './differences';

/** The best rows of each key and window, when the window is over: one row each, best first. */
export class FinalTop<T> implements Processor<T, unknown> {
  readonly speaksAt = 'drop';
  readonly tables;
  private drop = -Infinity;
  private readonly store: WindowStore<T>;

  constructor(
    assigner: Assigner<T>,
    reader: KeyReader<T>,
    ranking: Ranking,
    private readonly wording: Wording,
  ) {
    this.store = assigner.store({ folding: bestFolding(ranking), reader });
    const drop = cell(
      1,
      () => this.drop,
      (value) => (this.drop = value as number),
    );
    this.tables = { ...this.store.tables, drop };
  }

  onEvent(time: number, row: T, out: Out<unknown>): void {
    this.store.add(time, row, this.drop, out);
  }

  onWatermark(_emit: number, drop: number, out: Out<unknown>): void {
    this.drop = drop;
    const say: Visit = (_key, window, acc) => {
      (acc as Best).rows.forEach((one, at) => out.event(stampOf(window.end), rowOf(one, at + 1, window, this.wording)));
    };
    this.store.sweep(drop, drop, out, say);
    this.store.expire(drop, out);
  }

  wantsBatch(w: number): boolean {
    return w > this.drop;
  }

  held(): number {
    return this.store.held();
  }

  report(): Readonly<Record<string, unknown>> {
    return { openWindows: this.store.windows() };
  }
}

/** What has been said of one key and window. */
interface Said {
  readonly id: KeyOf;
  window: Window;
  rows: readonly Ranked[];
  firings: number;
  gone: boolean;
}

/** The best rows of each key and window as changes: every row that changes them is said at once. */
export class ChangingTop<T> implements Processor<T, Change<unknown>> {
  readonly tables;
  private emit = -Infinity;
  private drop = -Infinity;
  private readonly said: KeyMap<Said>;
  private readonly ending = new Deadlines<Said>(1000, ({ gone, window }) => (gone ? NaN : window.end));
  private readonly recorder: Recorder;
  private readonly store: WindowStore<T>;
  private readonly columns: number;

  constructor(
    private readonly assigner: Assigner<T>,
    reader: KeyReader<T>,
    ranking: Ranking,
    private readonly wording: Wording,
  ) {
    this.store = assigner.store({ folding: bestFolding(ranking), reader });
    this.columns = reader.columns.length;
    this.said = createKeyMap(this.columns + 1);
    this.recorder = new Recorder(this.columns + 1);
    const watermarks = cell(
      1,
      () => [this.emit, this.drop],
      (value) => ([this.emit, this.drop] = value as [number, number]),
    );
    this.tables = { ...this.store.tables, watermarks, said: this.table() };
  }

  onEvent(time: number, row: T, out: Out<Change<unknown>>): void {
    if (!this.store.add(time, row, this.drop, out)) return;
    this.store.gone?.((key, window) => this.say(key, window, [], out));
    this.store.touched(this.drop, (key, window) => {
      this.say(key, window, (this.store.peek(key, window) as Best).rows, out);
    });
  }

  private say(key: KeyOf, window: Window, rows: readonly Ranked[], out: Out<Change<unknown>>): void {
    const identity = changeKeyOf(this.assigner.kind, window, key, this.columns);
    const id = keyFrom(identity);
    const said = this.said.get(id);
    const before = said ?? { window, rows: [] };
    const pane = { timing: window.end > this.emit ? 'early' : 'late', index: said?.firings ?? 0, isLast: false } as const;
    const changes = differences(before, { rows, window }, identity, this.wording, pane);
    if (changes.length === 0) return;
    if (rows.length > 0) this.put(id, window, rows.slice(), (said?.firings ?? 0) + 1);
    else if (said !== undefined) this.remove(said);
    for (const change of changes) out.event(stampOf(window.end), change);
  }

  private remove(said: Said): void {
    said.gone = true;
    this.said.delete(said.id);
    this.recorder.gone(said.id);
  }

  private put(id: KeyOf, window: Window, rows: readonly Ranked[], firings: number): void {
    this.recorder.written(id);
    const known = this.said.get(id);
    if (known !== undefined) return void Object.assign(known, { window, rows, firings });
    const said = { id, window, rows, firings, gone: false };
    this.said.set(id, said);
    this.ending.add(said);
  }

  onWatermark(emit: number, drop: number, out: Out<Change<unknown>>): void {
    this.emit = emit;
    this.drop = drop;
    this.store.sweep(drop, drop, out);
    this.store.expire(drop, out);
    if (this.ending.isDue(drop)) for (const said of this.ending.take(drop)) this.remove(said);
  }

  wantsBatch(w: number): boolean {
    return w > this.drop;
  }

  held(): number {
    return this.store.held();
  }

  report(): Readonly<Record<string, unknown>> {
    return { openWindows: this.store.windows() };
  }

  private table(): StateTable {
    return this.recorder.table(
      1,
      this.said,
      ({ window, firings, rows }) => [window, firings, encodeBest({ n: 0, rows: [...rows] })],
      (saved) => {
        this.said.clear();
        this.ending.clear();
        for (const [values, data] of saved) {
          const [window, firings, best] = data as [Window, number, unknown];
          this.put(keyFrom(values), window, decodeBest(best).rows, firings);
        }
      },
    );
  }
}
