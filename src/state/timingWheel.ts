const BITS = 5;
const SLOTS = 1 << BITS;
const TOP = 10;
const WIDTH = Array.from({ length: TOP + 2 }, (_, level) => SLOTS ** level);
/** Before every time: whole numbers of ms that a double holds exactly. */
const BEGINNING = -(2 ** 53);
/** Slots of the top level lie on both sides of zero. */
const ZERO = SLOTS / 2;

/** What a wheel turns: something due at a whole number of ms, which does not change while it is in the wheel. */
export interface Wheeled {
  readonly time: number;
  /** Where it lies; undefined when it is in no wheel. Only the wheel writes these two. */
  slot: Slot | undefined;
  index: number;
}

/** Looks at a thing that is due; false ends it. */
export type Visit<V> = (thing: V) => unknown;

/** Things in the order in which they were added. What is deleted leaves a hole, until there are more holes than things. */
export class Slot<V extends Wheeled = Wheeled> {
  size = 0;
  private things: (V | undefined)[] = [];
  private isOut = false;

  add(thing: V): void {
    thing.slot = this as unknown as Slot;
    thing.index = this.things.length;
    this.things.push(thing);
    this.size++;
  }

  delete(thing: V): void {
    this.things[thing.index] = undefined;
    thing.slot = undefined;
    this.size--;
    if (!this.isOut && this.things.length > 16 && this.size * 2 < this.things.length) this.close();
  }

  private close(): void {
    this.things = this.things.filter((thing) => thing !== undefined);
    for (let i = 0; i < this.things.length; i++) this.things[i]!.index = i;
  }

  /** Takes all out, one after the other, until it is told false; others may be deleted meanwhile, nothing is added any more. */
  takeAll(visit: Visit<V>): boolean {
    this.isOut = true;
    for (const thing of this.things) {
      if (thing === undefined) continue;
      this.delete(thing);
      if (visit(thing) === false) return false;
    }
    return true;
  }

  /** What is there, for a look or to be put elsewhere. */
  get all(): readonly (V | undefined)[] {
    return this.things;
  }
}

/**
 * Things by time, taken out in time order, ties in the order in which they were added. Adding and deleting are O(1); until it
 * is due a thing moves down at most ten levels, whatever the number of things: a million of them cost what a million times
 * one costs. For things that change their time with every row see `deadlines.ts`, which finds them later.
 *
 * Source: hierarchical timing wheels (Varghese, Lauck 1987, scheme 7): 32 slots a level, a slot of one level as wide as the
 * level below. A thing lies on the lowest level on which it shares the slot above with the cursor, so that all that lies on a
 * level is due before anything on the next.
 */
export class TimingWheel<V extends Wheeled> {
  size = 0;
  /** How often something was put into a slot: what a test of cost looks at. */
  moves = 0;
  /** Everything before it is due or gone. */
  private cursor = BEGINNING;
  private readonly slots: (Slot<V> | undefined)[] = [];
  /** One bit a slot that may hold something. */
  private readonly masks = new Int32Array(TOP + 1);
  /** What was added behind the cursor. While it is taken it lies in a wheel of its own, so that its order is as any other's. */
  private overdue = new Slot<V>();
  private past: TimingWheel<V> | undefined;

  add(thing: V): void {
    this.size++;
    this.place(thing);
  }

  /** False when it is in no slot. */
  delete(thing: V): boolean {
    if (thing.slot === undefined) return false;
    thing.slot.delete(thing);
    this.size--;
    return true;
  }

  /** No later than the soonest time; Infinity when there is nothing. */
  next(): number {
    if (this.size === 0) return Infinity;
    let soonest = Infinity;
    for (const thing of this.overdue.all) if (thing !== undefined && thing.time < soonest) soonest = thing.time;
    const at = this.first();
    return at < 0 ? soonest : Math.min(soonest, this.startOf(at >> BITS, at & (SLOTS - 1)));
  }

  /**
   * Takes out everything with `time < limit`, one after the other, until it is told false; the wheel may be changed meanwhile.
   * What is added to lie between the thing just taken and the limit comes in its turn, what is added to lie at it or before it
   * waits for the next call.
   */
  take(limit: number, visit: Visit<V>): void {
    const counted: Visit<V> = (thing) => {
      this.size--;
      return visit(thing);
    };
    if (this.overdue.size > 0 && !this.takeOverdue(limit, counted)) return;
    for (let at = this.first(); at >= 0; at = this.first()) {
      const level = at >> BITS;
      const slot = at & (SLOTS - 1);
      const start = this.startOf(level, slot);
      if (start > limit || (start === limit && level === 0)) break;
      const things = this.detach(level, slot);
      if (level > 0) {
        this.cursor = start;
        this.placeAll(things);
      } else {
        this.moveTo(start + 1);
        if (!things.takeAll(counted)) return;
      }
    }
    if (limit < Infinity && limit > this.cursor) this.moveTo(Math.ceil(limit));
  }

  clear(): void {
    this.slots.length = 0;
    this.masks.fill(0);
    this.overdue = new Slot();
    this.past = undefined;
    this.cursor = BEGINNING;
    this.size = 0;
  }

  private place(thing: V): void {
    this.moves++;
    const { time } = thing;
    if (time < this.cursor) return this.past === undefined ? this.overdue.add(thing) : this.past.place(thing);
    let level = 0;
    while (level < TOP && Math.floor(time / WIDTH[level + 1]!) !== Math.floor(this.cursor / WIDTH[level + 1]!)) level++;
    const slot = slotOf(level, time);
    this.masks[level]! |= 1 << slot;
    (this.slots[(level << BITS) | slot] ??= new Slot()).add(thing);
  }

  private placeAll(things: Slot<V>): void {
    for (const thing of things.all) if (thing !== undefined) this.place(thing);
  }

  /** The soonest slot that may hold something, as level and slot in one number; -1 when there is none. */
  private first(): number {
    for (let level = 0; level <= TOP; level++) {
      const mask = this.masks[level]!;
      if (mask !== 0) return (level << BITS) | (31 - Math.clz32(mask & -mask));
    }
    return -1;
  }

  private startOf(level: number, slot: number): number {
    const above = level === TOP ? -ZERO : Math.floor(this.cursor / WIDTH[level + 1]!) * SLOTS;
    return (above + slot) * WIDTH[level]!;
  }

  private detach(level: number, slot: number): Slot<V> {
    const at = (level << BITS) | slot;
    const things = this.slots[at] ?? new Slot<V>();
    this.slots[at] = undefined;
    this.masks[level]! &= ~(1 << slot);
    return things;
  }

  /** Nothing lies before `time`. What begins just there moves down, so that what is added next does not come before it. */
  private moveTo(time: number): void {
    this.cursor = time;
    for (let level = 1; level <= TOP && time % WIDTH[level]! === 0; level++) {
      const slot = slotOf(level, time);
      if ((this.masks[level]! & (1 << slot)) === 0) continue;
      this.placeAll(this.detach(level, slot));
    }
  }

  private takeOverdue(limit: number, visit: Visit<V>): boolean {
    const past = (this.past = new TimingWheel<V>());
    past.placeAll(this.overdue);
    let isOpen = true;
    past.take(Math.min(limit, this.cursor), (thing) => (isOpen = visit(thing) !== false));
    this.past = undefined;
    this.overdue = new Slot();
    for (const slot of [...past.slots, past.overdue])
      for (const thing of slot?.all ?? []) if (thing !== undefined) this.overdue.add(thing);
    return isOpen;
  }
}

function slotOf(level: number, time: number): number {
  const number = Math.floor(time / WIDTH[level]!);
  return level === TOP ? number + ZERO : number - Math.floor(time / WIDTH[level + 1]!) * SLOTS;
}
