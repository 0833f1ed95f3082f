import { createKeyMap, keyFrom, keyValues, type KeyMap, type KeyOf } from '../key';
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
  /** When what is pending fires. */
  deadline: number;
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

  constructor(
    private readonly columns: number,
    /** How long a key is remembered after its last row: 0 where there is nothing to remember, Infinity for ever. */
    private readonly keepMs: number,
  ) {
    this.byKey = createKeyMap(columns);
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
        firing: null,
        coolUntil: -Infinity,
        seen: -Infinity,
      }
    );
  }

  cool(state: KeyState<T>, until: number): void {
    this.coolings.remove(state.coolUntil, state);
    state.coolUntil = until;
    this.coolings.add(until, state);
  }

  /** After a change: keeps the key, or forgets it. */
  settle(state: KeyState<T>): void {
    const isBusy = isBusyState(state);
    if (!isBusy && this.keepMs === 0) return void this.byKey.delete(state.key);
    if (this.byKey.get(state.key) === undefined) this.byKey.set(state.key, state);
    if (!isBusy && this.keepMs !== Infinity && !this.inQuiet.has(state)) this.watch(state);
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
      if (hasPassed(state.seen + this.keepMs)) this.byKey.delete(state.key);
      else this.watch(state);
    }
  }

  get table(): StateTable {
    return {
      version: 1,
      size: () => this.byKey.size,
      entries: () => [...this.inOrder()].map((state) => [keyValues(state.key, this.columns), copyOf(state)]),
      load: (entries) => {
        this.clear();
        for (const [values, data] of entries) this.take({ ...copyOf(data as Stored<T>), key: keyFrom(values) });
      },
    };
  }

  /** What is pending comes first, by deadline, so that it comes back in that order. */
  private *inOrder(): Iterable<KeyState<T>> {
    yield* this.deadlines.values();
    for (const [, state] of this.byKey.entries()) if (state.pending === null) yield state;
  }

  private take(state: KeyState<T>): void {
    if (state.pending !== null) this.deadlines.add(state.deadline, state);
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
  const { memory, clearMemory, pending, since, deadline, firing, coolUntil, seen } = state;
  const figures = { memory: memory.slice(), clearMemory: clearMemory.slice() };
  return { ...figures, pending, since, deadline, firing, coolUntil, seen };
}
