import { isLate, type TieRule } from '../element';
import { messageOf, TidemarkError, userFunctionError } from '../errors';
import { createKeyMap, keyFrom, keyValues, type KeyMap, type KeyOf, type KeyReader } from '../key';
import type { Out, Processor, StateRows } from '../operator/processor';
import { Recorder } from '../state/recorder';
import { cell, type StateEntry, type StateTable } from '../state/table';
import type { ErrorPolicy } from '../traits';
import { Automaton, type Step } from './automaton';
import { decodePartials, encodePartials, rowsOf, type Partial } from './partial';
import type { Stage, Within } from './pattern';
import { skip, type AfterMatch } from './skip';

/** What `matchPattern` was given, checked. */
export interface PatternPlan {
  readonly stages: readonly Stage[];
  readonly within?: Within;
  readonly afterMatch: AfterMatch;
  readonly maxPartialMatches: number;
  /** Timed-out partial matches are said too. */
  readonly timeouts: boolean;
}

interface Held {
  readonly time: number;
  readonly row: unknown;
  readonly key: KeyOf;
  readonly position: number;
}

/** Rows of a key in event-time order, once the watermark has passed them; ties in order of arrival. */
export class PatternMatcher<T> implements Processor<T, unknown> {
  readonly speaksAt = 'drop';
  readonly tables;
  private drop = -Infinity;
  private arrivals = 0;
  private readonly waiting = new Map<number, Held>();
  private readonly keys: KeyMap<readonly Partial[]>;
  private readonly automaton: Automaton;
  private readonly names: readonly string[];
  private readonly columns: number;
  private readonly heldRecorder = new Recorder(1);
  private readonly recorder: Recorder;
  private firstHeld = Infinity;
  private firstDeadline = Infinity;
  private overflowed = 0;
  private updated = 0;
  private removed = 0;

  constructor(
    private readonly plan: PatternPlan,
    private readonly reader: KeyReader<T>,
    private readonly ties: TieRule,
    private readonly policy: ErrorPolicy,
    private readonly id: string,
  ) {
    this.columns = reader.columns.length;
    this.keys = createKeyMap(this.columns);
    this.recorder = new Recorder(this.columns);
    this.automaton = new Automaton(plan.stages);
    this.names = plan.stages.map(({ name }) => name);
    const meta = cell(
      1,
      () => [this.drop, this.arrivals, this.overflowed],
      (value) => ([this.drop, this.arrivals, this.overflowed] = value as [number, number, number]),
    );
    this.tables = { meta, held: this.heldTable(), partials: this.partialTable() };
  }

  onEvent(time: number, row: T, out: Out<unknown>): void {
    if (isLate(time, this.drop, this.ties)) {
      const behindMs = this.drop - time;
      return out.reject('late', time, row, { behindMs, missingDelayMs: behindMs + (this.ties === 'instant' ? 1 : 0) });
    }
    const key = this.reader.read(row);
    const own = typeof key === 'object' && key !== null ? key.slice() : key;
    this.hold({ time, row, key: own, position: this.arrivals++ });
  }

  private hold(held: Held): void {
    this.waiting.set(held.position, held);
    this.heldRecorder.written(held.position);
    this.firstHeld = Math.min(this.firstHeld, held.time);
  }

  onWatermark(_emit: number, drop: number, out: Out<unknown>): void {
    this.drop = drop;
    if (this.firstHeld < drop) this.release(drop, out);
    if (this.firstDeadline < drop) this.expireAll(drop - 1, out); // as timers: `time < W`
  }

  /** Rows with `time < W`, in order. */
  private release(drop: number, out: Out<unknown>): void {
    const due: Held[] = [];
    this.firstHeld = Infinity;
    for (const held of this.waiting.values()) {
      if (held.time < drop) due.push(held);
      else this.firstHeld = Math.min(this.firstHeld, held.time);
    }
    due.sort((a, b) => a.time - b.time || a.position - b.position);
    for (const held of due) {
      if (out.closed) return;
      this.waiting.delete(held.position);
      this.heldRecorder.gone(held.position);
      this.advance(held, out);
    }
  }

  private advance(held: Held, out: Out<unknown>): void {
    const { key, time, row } = held;
    this.expire(key, time, out);
    const before = this.keys.get(key) ?? [];
    const step = this.stepOf(before, held, out);
    if (step === undefined) return;
    const { matches, partials } = skip(step.matches, step.partials, this.plan.afterMatch, this.names);
    if (partials.length > this.plan.maxPartialMatches) {
      this.overflowed++;
      const message = `more than ${this.plan.maxPartialMatches} partial matches of one key`;
      const cause = new TidemarkError('TIDEMARK_OVERFLOW', message, { operator: this.id, time, row });
      return out.reject('failed', time, row, { message, cause });
    }
    out.absorb(1);
    this.put(key, partials);
    for (const match of matches) this.say(key, match, time, false, out);
  }

  /** A condition that throws leaves the partial matches as they were. */
  private stepOf(partials: readonly Partial[], { time, row, position }: Held, out: Out<unknown>): Step | undefined {
    try {
      return this.automaton.step(partials, { time, row, position });
    } catch (cause) {
      if (this.policy === 'error') throw userFunctionError(cause, { operator: this.id, time, row });
      out.reject('failed', time, row, { message: messageOf(cause), cause });
      return undefined;
    }
  }

  private put(key: KeyOf, partials: readonly Partial[]): void {
    const had = this.keys.get(key) !== undefined;
    if (partials.length > 0) {
      this.keys.set(key, partials);
      for (const partial of partials) this.firstDeadline = Math.min(this.firstDeadline, this.deadline(partial));
    } else if (had) this.keys.delete(key);
    if (partials.length === 0 && !had) return;
    if (partials.length > 0) {
      this.recorder.written(key);
      this.updated++;
    } else {
      this.recorder.gone(key);
      this.removed++;
    }
  }

  private deadline({ first, last }: Partial): number {
    const { within } = this.plan;
    return within === undefined ? Infinity : (within.from === 'first' ? first.time : last.time) + within.ms;
  }

  private expireAll(now: number, out: Out<unknown>): void {
    this.firstDeadline = Infinity;
    for (const [key] of this.keys.entries()) {
      if (out.closed) return;
      this.expire(key, now, out);
      for (const partial of this.keys.get(key) ?? []) this.firstDeadline = Math.min(this.firstDeadline, this.deadline(partial));
    }
  }

  /** Ends what has no time left at `now`: a match where a row had to stay away, else a timeout. */
  private expire(key: KeyOf, now: number, out: Out<unknown>): void {
    const partials = this.keys.get(key);
    if (partials === undefined || this.plan.within === undefined) return;
    const over = partials.filter((partial) => this.deadline(partial) <= now);
    if (over.length === 0) return;
    let left: readonly Partial[] = partials.filter((partial) => this.deadline(partial) > now);
    over.sort((a, b) => this.deadline(a) - this.deadline(b) || a.first.position - b.first.position);
    const said: (readonly [Partial, boolean])[] = [];
    let gone: readonly Partial[] = over;
    for (const partial of over) {
      if (!gone.includes(partial)) continue;
      const isMatch = this.automaton.isAbsence(partial);
      said.push([partial, !isMatch]);
      if (!isMatch) continue;
      left = skip([partial], left, this.plan.afterMatch, this.names).partials;
      gone = skip([partial], gone, this.plan.afterMatch, this.names).partials;
    }
    this.put(key, left);
    for (const [partial, timedOut] of said) {
      if (!timedOut || this.plan.timeouts) this.say(key, partial, this.deadline(partial), timedOut, out);
    }
  }

  private say(key: KeyOf, match: Pick<Partial, 'first' | 'last'>, time: number, timedOut: boolean, out: Out<unknown>): void {
    const row: Record<string, unknown> = {};
    const values = keyValues(key, this.columns);
    this.reader.columns.forEach((name, i) => (row[name] = values[i]));
    row['match'] = rowsOf(match, this.names);
    if (this.plan.timeouts) row['timedOut'] = timedOut;
    out.event(time, row);
  }

  wantsBatch(w: number): boolean {
    return w > this.drop && (this.firstHeld < w || this.firstDeadline < w);
  }

  held(): number {
    return this.waiting.size;
  }

  stateRows(): StateRows {
    const { updated, removed } = this;
    this.updated = this.removed = 0;
    return { total: this.keys.size, updated, removed };
  }

  report(): Readonly<Record<string, unknown>> {
    let partialMatches = 0;
    this.keys.forEach((partials) => (partialMatches += partials.length));
    const { maxPartialMatches } = this.plan;
    return { keys: this.keys.size, partialMatches, maxPartialMatches, overflowed: this.overflowed };
  }

  private heldTable(): StateTable {
    const entryOf = (held: Held): StateEntry => {
      return [[held.position], [held.time, keyValues(held.key, this.columns), held.row]];
    };
    const entries = (): StateEntry[] => [...this.waiting.values()].map(entryOf);
    return {
      version: 1,
      size: () => this.waiting.size,
      entries,
      load: (saved) => {
        this.waiting.clear();
        this.firstHeld = Infinity;
        for (const [[position], data] of saved) {
          const [time, values, row] = data as [number, unknown[], unknown];
          this.hold({ time, row, key: keyFrom(values), position: position as number });
        }
        this.heldRecorder.begin();
      },
      changes: () => this.heldRecorder.take(entries, (id) => entryOf(this.waiting.get(id as number)!)),
    };
  }

  private partialTable(): StateTable {
    const entryOf = (id: KeyOf): StateEntry => [keyValues(id, this.columns), encodePartials(this.keys.get(id)!)];
    const entries = (): StateEntry[] => [...this.keys.entries()].map(([id]) => entryOf(id));
    return {
      version: 2,
      size: () => this.keys.size,
      entries,
      load: (saved) => {
        this.keys.clear();
        this.firstDeadline = Infinity;
        for (const [values, data] of saved) this.put(keyFrom(values), decodePartials(data));
        this.recorder.begin();
      },
      changes: () => this.recorder.take(entries, entryOf),
    };
  }
}
