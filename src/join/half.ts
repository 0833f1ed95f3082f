import type { KeyOf } from '../key';
import { boundAt } from './range';
import type { SidePlan } from './plan';
import { Side, type Held } from './side';

/** Between which differences the partner's time lies, and how long rows wait. */
export interface HalfOptions {
  /** Partner's time minus own time: least and greatest. */
  readonly from: number;
  readonly to: number;
  readonly lag: number;
  /** Rows without a partner are results. */
  readonly pads: boolean;
  readonly stepMs: number;
}

/** One side of a join at work: how its rows are read, and those that wait. */
export class Half<T> {
  readonly side: Side<T>;
  /** Rows with times up to here cannot meet anybody who comes from now on. */
  bound = -Infinity;

  constructor(
    readonly plan: SidePlan<T>,
    readonly options: HalfOptions,
  ) {
    const { key } = plan;
    this.side = new Side<T>({
      columns: key.columns.length,
      read: (row) => key.read(row),
      stepMs: options.lag === Infinity ? Infinity : options.stepMs,
    });
  }

  move(w: number): void {
    this.bound = boundAt(w, this.options.lag);
  }

  /**
   * The rows of this side that a row of the other side meets.
   *
   * @param partner - the other side: from where to where its rows look
   * @param found - takes them; it is not cut, because an array that is cut gives up its memory
   * @returns how many
   */
  meet(partner: HalfOptions, time: number, key: KeyOf, found: Held<T>[]): number {
    const lane = this.side.byKey.get(key);
    if (lane === undefined) return 0;
    const { rows, head } = lane;
    const from = time + partner.from;
    const to = time + partner.to;
    const end = rows.length;
    let met = 0;
    let i = end - head > 16 ? firstFrom(rows, from, head, end) : head;
    for (; i < end; i++) {
      const held = rows[i]!;
      if (held.time > to) break;
      if (held.time >= from) found[met++] = held;
    }
    return met;
  }
}

/** The first row with `time >= from`. */
function firstFrom<T>(rows: readonly Held<T>[], from: number, low: number, high: number): number {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.time < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
