import { Subject, type Observable, type Subscription } from 'rxjs';
import { agg, aggregate, dropDuplicates, events, onUpdate, signals, withWatermark } from 'tidemark';
import type { Change, ChangeStream, Rejection, Signal, Window } from 'tidemark';
import type { DataSet, Sighting } from './data';
import { assignerOf, strategyOf, type Settings } from './settings';

/** What a window says. */
export interface Result {
  readonly window: Window;
  readonly station: string;
  readonly count: number;
  readonly mean: number | null;
  readonly max: number | null;
}

/** The pipeline of the page. */
export function livePipeline(rows$: Observable<Sighting>, settings: Settings, unitMs: number): ChangeStream<Result> {
  return events(rows$).pipe(
    // Before event time: a late row is then judged by its windows, and the rejection names those that it missed.
    dropDuplicates<Sighting, 'untimed'>(['id'], { unbounded: true }),
    withWatermark('time', strategyOf(settings, unitMs), { allowedLateness: settings.lateness * unitMs, maxFutureSkew: false }),
    aggregate({
      key: 'station',
      window: assignerOf(settings, unitMs),
      emit: onUpdate(),
      select: { count: agg.count(), mean: agg.avg('value'), max: agg.max<Sighting, number>('value') },
    }),
  );
}

/** What became of a row. */
export type Fate = 'onTime' | 'correction' | 'late' | 'duplicate';

/** A row on the page. */
export interface Dot {
  readonly row: Sighting;
  readonly fate: Fate;
  readonly rejection: Rejection | undefined;
  /** The watermark after the row. */
  readonly emit: number;
  readonly drop: number;
  /** Rows rejected as late so far. */
  readonly late: number;
}

/** Where a window is in its life. */
export type Phase = 'open' | 'fired' | 'closed';

/** A window of a station. */
export interface Lane {
  readonly key: string;
  result: Result;
  corrections: number;
}

/** Small figures for whoever looks from outside. */
export interface Status {
  readonly events: number;
  readonly windows: number;
  readonly late: number;
  readonly corrections: number;
  readonly duplicates: number;
  readonly done: boolean;
  readonly error: string | null;
}

/** One run of the pipeline over a data set, as fast as `step` is called. No clock, so that Node and the tab agree. */
export class LiveRun {
  readonly dots: Dot[] = [];
  readonly lanes = new Map<string, Lane>();
  emit = -Infinity;
  drop = -Infinity;
  private late = 0;
  private duplicates = 0;
  private corrections = 0;
  private done = false;
  private error: string | null = null;
  private rejection: Rejection | undefined;
  private corrected = false;
  private readonly input$ = new Subject<Sighting>();
  private readonly subscription: Subscription;

  constructor(
    readonly data: DataSet,
    settings: Settings,
  ) {
    this.subscription = livePipeline(this.input$, settings, data.unitMs)
      .pipe(signals())
      .subscribe({ next: (signal) => this.take(signal), error: (cause: unknown) => (this.error = String(cause)) });
  }

  /** Sends the next rows in; the last one ends the stream, which closes what is open. */
  step(count: number): void {
    const { rows } = this.data;
    for (let i = 0; i < count && this.dots.length < rows.length; i++) this.send(rows[this.dots.length]!);
    if (this.dots.length < rows.length || this.done) return;
    this.input$.complete();
    this.done = true;
  }

  stop(): void {
    this.subscription.unsubscribe();
  }

  status(): Status {
    const { late, corrections, duplicates, done, error } = this;
    return { events: this.dots.length, windows: this.lanes.size, late, corrections, duplicates, done, error };
  }

  phaseOf({ window }: Result): Phase {
    if (window.end <= this.drop) return 'closed';
    return window.end <= this.emit ? 'fired' : 'open';
  }

  private send(row: Sighting): void {
    this.rejection = undefined;
    this.corrected = false;
    this.input$.next(row);
    const { emit, drop, rejection, late } = this;
    this.dots.push({ row, fate: this.fate(), rejection, emit, drop, late });
  }

  private fate(): Fate {
    if (this.rejection !== undefined) return this.rejection.reason === 'duplicate' ? 'duplicate' : 'late';
    return this.corrected ? 'correction' : 'onTime';
  }

  private take(signal: Signal<Change<Result>>): void {
    if (signal.kind === 'event') this.change(signal.row);
    else if (signal.kind === 'rejected') this.reject(signal);
    else if (signal.kind === 'watermark') {
      this.emit = signal.time;
      this.drop = signal.drop ?? signal.time;
    }
  }

  private reject(rejection: Rejection): void {
    this.rejection = rejection;
    if (rejection.reason === 'duplicate') this.duplicates++;
    else this.late++;
  }

  private change({ op, key, row, pane }: Change<Result>): void {
    const id = key.join('|');
    if (op === 'delete') return void this.lanes.delete(id);
    const lane = this.lanes.get(id) ?? { key: id, result: row, corrections: 0 };
    lane.result = row;
    if (pane.timing === 'late') {
      lane.corrections++;
      this.corrections++;
      this.corrected = true;
    }
    this.lanes.set(id, lane);
  }
}
