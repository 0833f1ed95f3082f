import { keyValues } from '../key';
import { walkOf, type StateEntry, type TableChanges } from '../state/table';
import type { Session } from './sessions';

/** What `CellLog` is for cells: which sessions rows touched, for what a batch counts and what a barrier writes. */
export class SessionLog {
  /** Somebody reads it. */
  isOn = false;
  private isRecording = false;
  private turn = 0;
  private touches: Session[] = [];
  private batchAt = 0;
  /** Changed otherwise than by rows. */
  private turned: Session[] = [];
  private removed: unknown[][] = [];

  /** @param columns - of the key */
  constructor(private readonly columns: number) {}

  /** A row was added; once a turn, in the order of the first rows. */
  touch(session: Session): void {
    if (session.turn === this.turn) return;
    session.turn = this.turn;
    this.touches.push(session);
  }

  changed(session: Session): void {
    if (this.isRecording) this.turned.push(session);
  }

  /** The session is gone, or is called otherwise from now on. Call it before its start moves. */
  drop(session: Session): void {
    if (this.isRecording) this.removed.push(this.nameOf(session));
  }

  nameOf({ start, owner }: Session): unknown[] {
    return [start, ...keyValues(owner.key, this.columns)];
  }

  /** The sessions touched since the last call that are still there; call it before what is over is closed. */
  takeBatch(): readonly Session[] {
    const batch = this.touches.slice(this.batchAt).filter(({ gone }) => !gone);
    if (!this.isRecording) this.touches = [];
    this.batchAt = this.touches.length;
    this.turn++;
    return batch;
  }

  /** What is there now is known to whoever asks. */
  begin(): void {
    this.isOn = true;
    this.isRecording = true;
    this.touches = [];
    this.turned = [];
    this.removed = [];
    this.batchAt = 0;
    this.turn++;
  }

  take(all: () => Iterable<StateEntry>, entry: (session: Session) => StateEntry): TableChanges {
    const { isRecording, removed } = this;
    const written = new Set([...this.touches, ...this.turned]);
    this.begin();
    if (!isRecording) return { removed: [], put: walkOf(all) };
    const visitAll = (visit: (entry: StateEntry) => void): void =>
      written.forEach((session) => {
        if (!session.gone) visit(entry(session));
      });
    return { removed, put: { forEach: visitAll } };
  }
}
