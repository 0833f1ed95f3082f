import type { KeyMap } from '../key';
import type { Owner } from './sessions';

/**
 * Keys that have no session any more, in the order in which their last one ended. What has a session again is only found
 * out when its time comes, so that a key costs O(1).
 */
export class RestingKeys {
  private owners: Owner[] = [];
  private ends: number[] = [];
  /** Those before it have been taken. */
  private head = 0;

  add(owner: Owner): void {
    const { owners, ends } = this;
    const end = owner.closedEnd;
    let at = ends.length;
    while (at > this.head && ends[at - 1]! > end) at--;
    if (at === ends.length) {
      owners.push(owner);
      ends.push(end);
    } else {
      owners.splice(at, 0, owner);
      ends.splice(at, 0, end);
    }
  }

  /** Takes out the next one whose last session ended up to then; undefined when there is none. */
  take(upTo: number): Owner | undefined {
    const { owners, ends } = this;
    while (this.head < ends.length && ends[this.head]! <= upTo) {
      const end = ends[this.head]!;
      const owner = owners[this.head++]!;
      if (owner.first === undefined && owner.closedEnd === end) return owner;
    }
    this.shrink();
    return undefined;
  }

  private shrink(): void {
    if (this.head < 64 || this.head * 2 < this.ends.length) return;
    this.owners = this.owners.slice(this.head);
    this.ends = this.ends.slice(this.head);
    this.head = 0;
  }

  /** Begins anew with those of all keys that rest. */
  load(keys: KeyMap<Owner>): void {
    const resting: Owner[] = [];
    keys.forEach((owner) => {
      if (owner.first === undefined) resting.push(owner);
    });
    this.owners = resting.sort((a, b) => a.closedEnd - b.closedEnd);
    this.ends = this.owners.map(({ closedEnd }) => closedEnd);
    this.head = 0;
  }
}
