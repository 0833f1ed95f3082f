import { MAX_TIME } from '../element';
import { createKeyMap, keyFrom, keyValues, ownKey, type KeyMap, type KeyOf } from '../key';
import { Recorder } from '../state/recorder';
import type { StateEntry, StateTable } from '../state/table';
import { TimingWheel, type Slot, type Wheeled } from '../state/timingWheel';
import { joinedKey } from './keys';
import { refuse } from './refuse';

class Timer implements Wheeled {
  slot: Slot | undefined = undefined;
  index = 0;

  constructor(
    readonly key: KeyOf,
    readonly time: number,
    /** Its place among those of the same time, over restarts too. */
    readonly order: number,
  ) {}
}

/** Timers of keys: one for each (key, time). Fire in time order, ties in the order of registration. */
export class KeyedTimers {
  readonly wheel = new TimingWheel<Timer>();
  size = 0;
  /** Nearly always a key has one. */
  private readonly byKey: KeyMap<Timer | Map<number, Timer>>;
  private readonly recorder: Recorder;
  private order = 0;

  constructor(private readonly columns: number) {
    this.byKey = createKeyMap(columns);
    this.recorder = new Recorder(columns + 1);
  }

  /** Fractions of a ms are floored, as those of event times are. False when the key has one at this time. */
  register(key: KeyOf, time: number): boolean {
    if (!(Math.abs(time) <= MAX_TIME)) refuse('not-a-time', 'a timer is set to epoch ms', { time });
    return this.add(key, Math.floor(time), this.order++);
  }

  private add(key: KeyOf, time: number, order: number): boolean {
    const known = this.byKey.get(key);
    if (known !== undefined && this.among(known, time) !== undefined) return false;
    const timer = new Timer(known === undefined ? ownKey(key) : anyOf(known).key, time, order);
    if (known === undefined) this.byKey.set(key, timer);
    else if (known instanceof Map) known.set(time, timer);
    else this.byKey.set(key, new Map([known, timer].map((one) => [one.time, one])));
    this.size++;
    this.wheel.add(timer);
    if (this.recorder.isOn) this.recorder.written(joinedKey(key, time, this.columns));
    return true;
  }

  /** False when there is none. */
  delete(key: KeyOf, time: number): boolean {
    const timer = this.get(key, Math.floor(time));
    if (timer !== undefined) this.remove(timer);
    return timer !== undefined;
  }

  /** All of a key; false when it has none. */
  clear(key: KeyOf): boolean {
    const times = this.list(key);
    for (const time of times) this.delete(key, time);
    return times.length > 0;
  }

  /** Ascending. */
  list(key: KeyOf): number[] {
    const known = this.byKey.get(key);
    if (known === undefined) return [];
    return known instanceof Map ? [...known.keys()].sort((a, b) => a - b) : [known.time];
  }

  *keys(): Iterable<KeyOf> {
    for (const [key] of this.byKey.entries()) yield key;
  }

  /** No later than the soonest; Infinity when there is none. */
  next(): number {
    return this.wheel.next();
  }

  /**
   * Calls for every timer with `time < limit`; meanwhile the timer is still there. A timer that a call sets between its own
   * time and the limit fires too, so that it makes no difference how far the clock jumps; one that it sets to its own time or
   * before waits for the next time. At the end of time only what is there fires.
   */
  fire(limit: number, isClosed: () => boolean, call: (key: KeyOf, time: number) => void): void {
    const visit = (timer: Timer): boolean => {
      if (isClosed()) return false;
      if (this.get(timer.key, timer.time) !== timer) return true; // deleted by another one of its key
      call(timer.key, timer.time);
      if (this.get(timer.key, timer.time) === timer) this.remove(timer);
      return true;
    };
    if (limit < Infinity) return this.wheel.take(limit, visit);
    const due: Timer[] = [];
    this.wheel.take(limit, (timer) => due.push(timer));
    due.every(visit);
  }

  private get(key: KeyOf, time: number): Timer | undefined {
    const known = this.byKey.get(key);
    return known === undefined ? undefined : this.among(known, time);
  }

  private among(known: Timer | Map<number, Timer>, time: number): Timer | undefined {
    if (known instanceof Map) return known.get(time);
    return known.time === time ? known : undefined;
  }

  private remove(timer: Timer): void {
    const { key, time } = timer;
    const known = this.byKey.get(key);
    if (known instanceof Map && known.size > 1) known.delete(time);
    else this.byKey.delete(key);
    this.size--;
    this.wheel.delete(timer);
    if (this.recorder.isOn) this.recorder.gone(joinedKey(key, time, this.columns));
  }

  get table(): StateTable {
    const values = (key: KeyOf): readonly unknown[] => keyValues(key, this.columns + 1);
    return {
      version: 1,
      size: () => this.size,
      entries: () => this.entries(),
      load: (entries) => this.load(entries),
      changes: () =>
        this.recorder.take(
          () => this.entries(),
          (key) => [values(key), this.orderOf(key)],
          values,
        ),
    };
  }

  private *entries(): Iterable<StateEntry> {
    for (const [key, known] of this.byKey.entries()) {
      for (const { time, order } of known instanceof Map ? known.values() : [known]) {
        yield [keyValues(joinedKey(key, time, this.columns), this.columns + 1), order];
      }
    }
  }

  private orderOf(joined: KeyOf): number {
    const values = keyValues(joined, this.columns + 1);
    return this.get(keyFrom(values.slice(0, -1)), values[this.columns] as number)!.order;
  }

  private load(entries: Iterable<StateEntry>): void {
    this.byKey.clear();
    this.wheel.clear();
    this.size = 0;
    const byOrder = [...entries].sort(([, a], [, b]) => (a as number) - (b as number));
    for (const [values, order] of byOrder)
      this.add(keyFrom(values.slice(0, -1)), values[this.columns] as number, order as number);
    this.order = byOrder.length === 0 ? 0 : (byOrder[byOrder.length - 1]![1] as number) + 1;
    this.recorder.begin();
  }
}

function anyOf(known: Timer | Map<number, Timer>): Timer {
  return known instanceof Map ? (known.values().next().value as Timer) : known;
}
