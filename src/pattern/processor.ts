import { isLate, latenessOf, type TieRule } from '../element';
import { messageOf, TidemarkError, userFunctionError } from '../errors';
import { createKeyMap, keyFrom, keyValues, ownKey, type KeyMap, type KeyOf, type KeyReader } from '../key';
import type { Out, Processor, StateRows } from '../operator/processor';
import { Recorder } from '../state/recorder';
import { Calendar, type Dated } from '../state/calendar';
import { Deadlines } from '../state/deadlines';
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

/** A row that the watermark has not passed. */
interface Held extends Dated {
  readonly row: unknown;
  readonly key: KeyOf;
}

/** The partial matches of one key. */
interface Ongoing {
  readonly key: KeyOf;
  partials: readonly Partial[];
  /** When the first of them has no time left; Infinity: never. */
  due: number;
}

const STEP_MS = 1000;

/** Rows of a key in event-time order, once the watermark has passed them; ties in order of arrival. */
export class PatternMatcher<T> implements Processor<T, unknown> {
  readonly speaksAt = 'drop';
  readonly tables;
  private drop = -Infinity;
  private arrivals = 0;
  /** Rows by number, and by time. */
  private readonly waiting = new Map<number, Held>();
  private readonly calendar = new Calendar<Held>(STEP_MS);
  private readonly keys: KeyMap<Ongoing>;
  private readonly deadlines = new Deadlines<Ongoing>(STEP_MS, ({ partials, due }) => (partials.length > 0 ? due : NaN));
  private readonly automaton: Automaton;
  private readonly names: readonly string[];
  private readonly columns: number;
  private readonly heldRecorder = new Recorder(1);
  private readonly recorder: Recorder;
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
    if (isLate(time, this.drop, this.ties)) return out.reject('late', time, row, latenessOf(time, this.drop, this.ties));
    const key = this.reader.read(row);
    const own = ownKey(key);
    this.hold({ time, row, key: own, seq: this.arrivals++ });
  }

  private hold(held: Held): void {
    this.waiting.set(held.seq, held);
    this.calendar.add(held);
    this.heldRecorder.written(held.seq);
  }

  onWatermark(_emit: number, drop: number, out: Out<unknown>): void {
    this.drop = drop;
    this.release(drop, out);
    this.expireAll(drop - 1, out); // as timers: `time < W`
  }

  /** Rows with `time < W`, in order. */
  private release(drop: number, out: Out<unknown>): void {
    for (const held of this.calendar.take(drop - 1)) {
      if (out.closed) return;
      this.waiting.delete(held.seq);
      this.heldRecorder.gone(held.seq);
      this.advance(held, out);
    }
  }

  private advance(held: Held, out: Out<unknown>): void {
    const { key, time, row } = held;
    this.expire(key, time, out);
    const before = this.keys.get(key)?.partials ?? [];
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
  private stepOf(partials: readonly Partial[], { time, row, seq }: Held, out: Out<unknown>): Step | undefined {
    try {
      return this.automaton.step(partials, { time, row, position: seq });
    } catch (cause) {
      if (this.policy === 'error') throw userFunctionError(cause, { operator: this.id, time, row });
      out.reject('failed', time, row, { message: messageOf(cause), cause });
      return undefined;
    }
  }

  private put(key: KeyOf, partials: readonly Partial[]): void {
    const known = this.keys.get(key);
    if (partials.length > 0) {
      this.recorder.written(key);
      this.updated++;
      this.schedule(known ?? this.open(key), partials);
    } else if (known !== undefined) {
      known.partials = partials;
      this.deadlines.forget();
      this.keys.delete(key);
      this.recorder.gone(key);
      this.removed++;
    }
  }

  private open(key: KeyOf): Ongoing {
    const ongoing: Ongoing = { key, partials: [], due: Infinity };
    this.keys.set(key, ongoing);
    return ongoing;
  }

  /** A deadline that moves later is found by the one before. */
  private schedule(ongoing: Ongoing, partials: readonly Partial[]): void {
    const before = ongoing.partials.length > 0 ? ongoing.due : Infinity;
    ongoing.partials = partials;
    ongoing.due = Math.min(...partials.map((partial) => this.deadline(partial)));
    if (ongoing.due < before) this.deadlines.add(ongoing);
  }

  private deadline({ first, last }: Partial): number {
    const { within } = this.plan;
    return within === undefined ? Infinity : (within.from === 'first' ? first.time : last.time) + within.ms;
  }

  private expireAll(now: number, out: Out<unknown>): void {
    if (!this.deadlines.isDue(now)) return;
    // Of one time in the order of their first rows, whatever was restored in between.
    const positionOf = ({ partials: [oldest] }: Ongoing): number => oldest!.first.position;
    const due = this.deadlines.take(now).sort((a, b) => a.due - b.due || positionOf(a) - positionOf(b));
    for (const ongoing of new Set(due)) {
      if (out.closed) return;
      this.expire(ongoing.key, now, out);
      if (ongoing.partials.length > 0) this.deadlines.add(ongoing);
    }
  }

  /** Ends what has no time left at `now`: a match where a row had to stay away, else a timeout. */
  private expire(key: KeyOf, now: number, out: Out<unknown>): void {
    const partials = this.keys.get(key)?.partials;
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
    return w > this.drop && (this.calendar.isDue(w - 1) || this.deadlines.isDue(w - 1));
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
    this.keys.forEach(({ partials }) => (partialMatches += partials.length));
    const { maxPartialMatches } = this.plan;
    return { keys: this.keys.size, partialMatches, maxPartialMatches, overflowed: this.overflowed };
  }

  private heldTable(): StateTable {
    const entryOf = (held: Held): StateEntry => {
      return [[held.seq], [held.time, keyValues(held.key, this.columns), held.row]];
    };
    const entries = (): StateEntry[] => [...this.waiting.values()].map(entryOf);
    return {
      version: 1,
      size: () => this.waiting.size,
      entries,
      load: (saved) => {
        this.waiting.clear();
        this.calendar.clear();
        for (const [[seq], data] of [...saved].sort(([[a]], [[b]]) => (a as number) - (b as number))) {
          const [time, values, row] = data as [number, unknown[], unknown];
          this.hold({ time, row, key: keyFrom(values), seq: seq as number });
        }
        this.heldRecorder.begin();
      },
      changes: () => this.heldRecorder.take(entries, (id) => entryOf(this.waiting.get(id as number)!)),
    };
  }

  private partialTable(): StateTable {
    return this.recorder.table(
      2,
      this.keys,
      ({ partials }) => encodePartials(partials),
      (saved) => {
        this.keys.clear();
        this.deadlines.clear();
        for (const [values, data] of saved) this.put(keyFrom(values), decodePartials(data));
      },
    );
  }
}
