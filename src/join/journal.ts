import { walkOf, type StateEntry, type TableChanges } from '../state/table';

/** Something that is kept under a number of its own, given in order of arrival. */
export interface Numbered {
  readonly seq: number;
}

/** What was written and what was removed since somebody asked last; nothing is recorded before somebody has asked. */
export class Journal<V extends Numbered> {
  private recording = false;
  private written = new Set<V>();
  private removed: (readonly [number])[] = [];
  /** Numbers below are known to whoever asks. */
  private known = 0;

  constructor(private readonly entryOf: (value: V) => StateEntry) {}

  /** Somebody has asked. */
  get isOn(): boolean {
    return this.recording;
  }

  wrote(value: V): void {
    if (this.recording) this.written.add(value);
  }

  forgot(value: V): void {
    if (!this.recording) return;
    this.written.delete(value);
    if (value.seq < this.known) this.removed.push([value.seq]);
  }

  /** @param next - the number that the next thing will have */
  take(all: () => Iterable<StateEntry>, next: number): TableChanges {
    const { recording, removed, written, entryOf } = this;
    this.begin(next);
    if (!recording) return { removed, put: walkOf(all) };
    const inOrder = [...written].sort((a, b) => a.seq - b.seq);
    return { removed, put: { forEach: (visit) => inOrder.forEach((value) => visit(entryOf(value))) } };
  }

  /** What is there now is known: from a snapshot, or because it has just been given. */
  begin(next: number): void {
    this.recording = true;
    if (this.written.size > 0) this.written = new Set();
    this.removed = [];
    this.known = next;
  }
}
