import { Recorder } from '../state/recorder';
import type { StateEntry, StateTable } from '../state/table';
import { Agenda } from './agenda';
import type { Fact } from './alert';

interface Held<T> {
  readonly number: number;
  readonly fact: Fact<T>;
}

/** Rows that the watermark has not passed, by time and arrival. */
export class Waiting<T> {
  private readonly byNumber = new Map<number, Held<T>>();
  private readonly agenda = new Agenda<Held<T>>();
  private readonly recorder = new Recorder(1);
  private next = 0;

  get size(): number {
    return this.byNumber.size;
  }

  /** The soonest time; Infinity when there is nothing. */
  get first(): number {
    return this.agenda.first;
  }

  add(fact: Fact<T>): void {
    this.hold({ number: this.next, fact });
  }

  private hold(held: Held<T>): void {
    this.next = held.number + 1;
    this.byNumber.set(held.number, held);
    this.agenda.add(held.fact.time, held);
    this.recorder.written(held.number);
  }

  /** Takes out what the watermark has passed, in order. */
  take(hasPassed: (time: number) => boolean): readonly Fact<T>[] {
    return this.agenda.take(hasPassed).map(({ number, fact }) => {
      this.byNumber.delete(number);
      this.recorder.gone(number);
      return fact;
    });
  }

  /** By number; version 2. */
  get table(): StateTable {
    const entryOf = ({ number, fact }: Held<T>): StateEntry => [[number], fact];
    const entries = (): StateEntry[] => [...this.byNumber.values()].map(entryOf);
    return {
      version: 2,
      size: () => this.size,
      entries,
      load: (saved) => {
        this.byNumber.clear();
        this.agenda.clear();
        this.next = 0;
        const inOrder = [...saved].sort(([[a]], [[b]]) => (a as number) - (b as number));
        for (const [[number], fact] of inOrder) this.hold({ number: number as number, fact: fact as Fact<T> });
        this.recorder.begin();
      },
      changes: () => this.recorder.take(entries, (number) => entryOf(this.byNumber.get(number as number)!)),
    };
  }
}
