import type { Window } from '../element';
import type { KeyOf } from '../key';
import { windowOf, type Session } from './sessions';
import type { KeyWindow } from './touched';

/** The windows that the row last added made disappear. Counted, not cut: an array that is cut gives up its memory. */
export class Vanished {
  private readonly windows: KeyWindow[] = [];
  private count = 0;

  begin(): void {
    this.count = 0;
  }

  add(session: Session): void {
    this.windows[this.count++] = [session.owner.key, windowOf(session)];
  }

  each(visit: (key: KeyOf, window: Window) => void): void {
    for (let i = 0; i < this.count; i++) visit(...this.windows[i]!);
  }
}
