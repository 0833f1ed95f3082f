import type { Window } from '../element';
import { createKeyMap, keyFrom, type KeyMap, type KeyOf } from '../key';
import type { Out } from '../operator';
import { Recorder } from '../state/recorder';
import { cell, type StateTable } from '../state/table';
import type { Assigner, StoreParts } from './assigner';
import { Combined } from './combined';
import { PaneStore, type Pane } from './panes';
import type { Visit } from './store';
import { newWindows, touchedBySlices, type Touched } from './touched';
import { Track } from './track';

/**
 * Windows made of several slices (sliding, cumulative). Rows only touch their pane; a window is put together from the
 * panes of its keys when it is due, and again from what the window before had in common with it.
 *
 * Source: panes (Li et al. 2005), paired windows (Krishnamurthy et al. 2006).
 */
export class SlidingStore<T> extends PaneStore<T> {
  private readonly tracks: KeyMap<Track>;
  /** Panes that no window has reached, from `reached` on. */
  private waiting: Pane[] = [];
  private reached = 0;
  private active: Track[] = [];
  private sorted = true;
  private arrivals = 0;
  private due = NaN;
  private upTo = -Infinity;
  private isCounting = false;
  /** Open windows over all keys, while counting. */
  private openWindows = 0;
  private readonly recorder: Recorder;
  private readonly boundaryOf: (start: number) => number;

  /** @param boundaryOf - the boundary inside the window that starts here, see `Combined` */
  constructor(assigner: Assigner<T>, parts: StoreParts<T>, boundaryOf: (start: number) => number) {
    super(assigner, parts);
    this.tracks = createKeyMap<Track>(this.columns);
    this.boundaryOf = boundaryOf;
    this.recorder = new Recorder(this.columns);
  }

  /** Windows that were due while nothing was in them have been passed all the same. */
  private catchUp(): void {
    if (this.active.length === 0 && Number.isFinite(this.upTo))
      this.sweptTo = Math.max(this.sweptTo, this.slicing.endAt(this.upTo));
  }

  protected override opened(pane: Pane): void {
    this.catchUp();
    pane.extra = []; // track, accumulator, track, …: what enters when a window reaches the pane
    // Behind the window last visited: it is part of windows to come, at once.
    if (pane.firstEnd <= this.sweptTo) pane.entered = true;
    else this.wait(pane);
  }

  private wait(pane: Pane): void {
    let i = this.waiting.length;
    while (i > this.reached && this.waiting[i - 1]!.start > pane.start) i--;
    this.waiting.splice(i, 0, pane);
    this.due = this.nextDue();
  }

  protected override reset(): void {
    this.tracks.clear();
    this.waiting = [];
    this.reached = 0;
    this.active = [];
    this.due = NaN;
    this.openWindows = 0;
  }

  protected override created(pane: Pane, key: KeyOf, acc: unknown): void {
    let track = this.tracks.get(key);
    if (track === undefined) {
      track = new Track(Array.isArray(key) ? key.slice() : key, this.arrivals++, this.folding);
      this.tracks.set(key, track);
      this.recorder.written(key);
    }
    track.panes++;
    if (this.isCounting) this.openWindows += newWindows(track, pane, this.order, this.forgotten, this.slicing);
    pane.extra!.push(track, acc);
    if (pane.entered) {
      this.catchUp();
      this.enter(track, pane, acc);
      this.due = this.nextDue();
    }
  }

  protected override changed(key: KeyOf): void {
    this.tracks.get(key)?.forget();
  }

  protected override removed(pane: Pane): void {
    const entries = pane.extra!;
    for (let i = 0; i < entries.length; i += 2) {
      const track = entries[i] as Track;
      if (--track.panes > 0) continue;
      this.tracks.delete(track.key);
      this.recorder.gone(track.key);
    }
  }

  private enter(track: Track, pane: Pane, acc: unknown): void {
    track.insert(pane.start, acc);
    if (track.active) return;
    track.active = true;
    const last = this.active[this.active.length - 1];
    if (last !== undefined && last.arrival > track.arrival) this.sorted = false;
    this.active.push(track);
  }

  /** End of the next window with anything in it; NaN when there is none. */
  private nextDue(): number {
    if (this.active.length > 0) return this.slicing.nextEnd(this.sweptTo);
    return this.reached < this.waiting.length ? this.waiting[this.reached]!.firstEnd : NaN;
  }

  sweep(upTo: number, _drop: number, out: Out<unknown>, visit?: Visit): void {
    this.upTo = upTo;
    while (this.due <= upTo) {
      if (out.closed) return;
      this.visitWindow(this.due, visit);
      this.due = this.nextDue();
    }
  }

  private visitWindow(end: number, visit: Visit | undefined): void {
    const start = this.slicing.startOf(end);
    const window: Window = { start, end };
    this.sweptTo = end;
    this.reach(end);
    if (!this.sorted) this.active.sort((a, b) => a.arrival - b.arrival);
    this.sorted = true;
    const { active } = this;
    const boundary = this.boundaryOf(start);
    let kept = 0;
    for (let i = 0; i < active.length; i++) {
      const track = active[i]!;
      if (track.freshUntil < start && !track.refresh(start, boundary)) {
        track.active = false;
        continue;
      }
      if (kept < i) active[kept] = track;
      kept++;
      if (visit !== undefined) visit(track.key, window, track.acc, track);
    }
    active.length = kept;
    this.openWindows -= kept;
  }

  /** Lets the panes in that begin before `end`. */
  private reach(end: number): void {
    const { waiting } = this;
    while (this.reached < waiting.length && waiting[this.reached]!.start < end) {
      const pane = waiting[this.reached++]!;
      pane.entered = true;
      const entries = pane.extra!;
      for (let i = 0; i < entries.length; i += 2) this.enter(entries[i] as Track, pane, entries[i + 1]);
    }
    // Given back now and then: to shift at every window would copy what waits each time.
    if (this.reached > 64 && this.reached * 2 > waiting.length) {
      waiting.splice(0, this.reached);
      this.reached = 0;
    }
  }

  peek(key: KeyOf, window: Window): unknown {
    const starts: number[] = [];
    const accs: unknown[] = [];
    for (const pane of this.order) {
      if (pane.start >= window.end) break;
      const acc = pane.start < window.start ? undefined : pane.cells.get(key);
      if (acc === undefined) continue;
      starts.push(pane.start);
      accs.push(acc);
    }
    return starts.length === 0 ? undefined : new Combined(this.folding).of(starts, accs, 0, this.boundaryOf(window.start));
  }

  override count(): void {
    super.count();
    this.isCounting = true;
  }

  override windows(): number {
    return this.isCounting ? this.openWindows : super.windows();
  }

  takeTouched(drop: number): Touched {
    return touchedBySlices(this.log.takeBatch(), drop, this.slicing, this.columns);
  }

  override get tables(): Record<string, StateTable> {
    const { meta, panes, cells } = super.tables as Record<'meta' | 'panes' | 'cells', StateTable>;
    return {
      swept: cell(
        1,
        () => this.upTo,
        (value) => (this.upTo = value as number),
      ),
      meta,
      panes,
      keys: this.keyTable(),
      cells,
    };
  }

  /** The order in which keys arrived. */
  private keyTable(): StateTable {
    return this.recorder.table(
      1,
      this.tracks,
      ({ arrival }) => arrival,
      (entries) => {
        for (const [values, arrival] of entries) {
          const key = keyFrom(values);
          this.tracks.set(key, new Track(key, arrival as number, this.folding));
          this.arrivals = Math.max(this.arrivals, (arrival as number) + 1);
        }
      },
    );
  }
}
