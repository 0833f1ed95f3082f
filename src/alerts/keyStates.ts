import { createKeyMap, keyFrom, type KeyMap, type KeyOf } from '../key';
import { Recorder } from '../state/recorder';
import type { StateTable } from '../state/table';
import { Agenda } from './agenda';
import type { Fact, Labels } from './alert';

/** What is known of a key that is not quiet. */
export interface KeyState<T> {
  readonly key: KeyOf;
  /** Past figures, of `when` and of `clearWhen`. */
  readonly memory: number[];
  readonly clearMemory: number[];
  /** The condition holds, but not yet for long enough: the last row for which it did. */
  pending: Fact<T> | null;
  /** Since when the condition holds (pending) or has held (firing). */
  since: number;
  /** When what is pending fires, and which one it is of those that fire then. */
  deadline: number;
  order: number;
  /** It fires: with these labels. */
  firing: Labels | null;
  /** No new firing before this time; -Infinity when there is no such time. */
  coolUntil: number;
  /** Time of the latest row. */
  seen: number;
}

type Stored<T> = Omit<KeyState<T>, 'key'>;

/** States by key. A key is forgotten when it is neither firing, pending nor cooling, and nothing of it is remembered. */
export class KeyStates<T> {
  /** Keys whose condition holds but not yet for long enough, by deadline. */
  readonly deadlines = new Agenda<KeyState<T>>();
  private readonly coolings = new Agenda<KeyState<T>>();
  /** Remembering keys by the time at which it may be time to forget them. */
  private readonly quiet = new Agenda<KeyState<T>>();
  private readonly inQuiet = new Set<KeyState<T>>();
  private readonly byKey: KeyMap<KeyState<T>>;
  private readonly recorder: Recorder;
  private begun = 0;

  constructor(
    columns: number,
    /** How long a key is remembered after its last row: 0 where there is nothing to remember, Infinity for ever. */
    private readonly keepMs: number,
  ) {
    this.byKey = createKeyMap(columns);
    this.recorder = new Recorder(columns);
  }

  /** The state of a key; a new one is kept only by `settle`. */
  of(key: KeyOf): KeyState<T> {
    return (
      this.byKey.get(key) ?? {
        key,
        memory: [],
        clearMemory: [],
        pending: null,
        since: NaN,
        deadline: NaN,
        order: 0,
        firing: null,
        coolUntil: -Infinity,
        seen: -Infinity,
      }
    );
  }

  /** The condition has begun to hold. */
  await(state: KeyState<T>, deadline: number): void {
    state.deadline = deadline;
    state.order = this.begun++;
    this.deadlines.add(deadline, state);
  }

  cool(state: KeyState<T>, until: number): void {
    this.coolings.remove(state.coolUntil, state);
    state.coolUntil = until;
    this.coolings.add(until, state);
  }

  /** After a change: keeps the key, or forgets it. */
  settle(state: KeyState<T>): void {
    const isBusy = isBusyState(state);
    if (!isBusy && this.keepMs === 0) return this.forget(state);
    if (this.byKey.get(state.key) === undefined) this.byKey.set(state.key, state);
    this.recorder.written(state.key);
    if (!isBusy && this.keepMs !== Infinity && !this.inQuiet.has(state)) this.watch(state);
  }

  private forget({ key }: KeyState<T>): void {
    if (this.byKey.delete(key)) this.recorder.gone(key);
  }

  private watch(state: KeyState<T>): void {
    this.inQuiet.add(state);
    this.quiet.add(state.seen + this.keepMs, state);
  }

  /** Ends cool-downs and forgets keys that the watermark has passed. */
  expire(hasPassed: (time: number) => boolean): void {
    for (const state of this.coolings.take(hasPassed)) {
      state.coolUntil = -Infinity;
      this.settle(state);
    }
    for (const state of this.quiet.take(hasPassed)) {
      this.inQuiet.delete(state);
      if (isBusyState(state)) continue; // comes back when it settles
      if (hasPassed(state.seen + this.keepMs)) this.forget(state);
      else this.watch(state);
    }
  }

  get table(): StateTable {
    return this.recorder.table(2, this.byKey, copyOf, (saved) => {
      this.clear();
      const states = [...saved].map(([values, data]) => ({ ...copyOf(data as Stored<T>), key: keyFrom(values) }));
      for (const state of states.sort((a, b) => a.order - b.order)) this.take(state);
    });
  }

  private take(state: KeyState<T>): void {
    if (state.pending !== null) this.deadlines.add(state.deadline, state);
    this.begun = Math.max(this.begun, state.order + 1);
    if (state.coolUntil > -Infinity) this.coolings.add(state.coolUntil, state);
    this.settle(state);
  }

  private clear(): void {
    this.byKey.clear();
    this.inQuiet.clear();
    for (const agenda of [this.deadlines, this.coolings, this.quiet]) agenda.clear();
  }
}

function isBusyState(state: KeyState<unknown>): boolean {
  return state.pending !== null || state.firing !== null || state.coolUntil > -Infinity;
}

function copyOf<T>(state: Stored<T>): Stored<T> {
  const { memory, clearMemory, pending, since, deadline, order, firing, coolUntil, seen } = state;
  const figures = { memory: memory.slice(), clearMemory: clearMemory.slice() };
  return { ...figures, pending, since, deadline, order, firing, coolUntil, seen };
}
