import type { Window } from '../element';
import { createKeyMap, type KeyMap, type KeyOf } from '../key';

/** The open windows of each key, where no grid says what they are. Each call costs what the key has open. */
export class OpenByKey {
  private readonly byKey: KeyMap<Window[]>;

  constructor(columns: number) {
    this.byKey = createKeyMap(columns);
  }

  add(key: KeyOf, window: Window): void {
    const windows = this.byKey.get(key);
    if (windows === undefined) this.byKey.set(key, [window]);
    else windows.push(window);
  }

  remove(key: KeyOf, window: Window): void {
    const windows = this.byKey.get(key)!;
    if (windows.length === 1) this.byKey.delete(key);
    else windows.splice(windows.indexOf(window), 1);
  }

  /** The last end of those that begin at `start` or before; -Infinity: there is none. */
  lastEnd(key: KeyOf, start: number): number {
    let last = -Infinity;
    for (const window of this.byKey.get(key) ?? []) if (window.start <= start && window.end > last) last = window.end;
    return last;
  }
}
