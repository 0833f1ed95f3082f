import type { Delivery } from '../data';
import type { Mixed } from '../nexmark/generator';
import type { PairRow } from '../rows';
import { Clock, Waiting } from './join';

/** Left rows meet right rows of their key that come up to `after` ms later in event time. */
export function w5Loop(
  { inputs, rows }: Mixed<Delivery>,
  after: number,
  delay: number,
  every: number,
  onRow: (row: PairRow) => void,
): void {
  const [left, right] = [new Waiting<Delivery>(60_000), new Waiting<Delivery>(60_000)];
  const clocks = [new Clock(delay, every), new Clock(delay, every)];
  let w = -Infinity;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const { t, k } = row;
    const isLeft = inputs[i] === 0;
    if (t > w) {
      const others = (isLeft ? right : left).of(k);
      if (others !== undefined) {
        for (let j = 0; j < others.length; j++) {
          const other = others[j]!;
          const gap = isLeft ? other.t - t : t - other.t;
          if (gap >= 0 && gap <= after) onRow(isLeft ? pairOf(row, other) : pairOf(other, row));
        }
      }
      (isLeft ? left : right).add(k, row);
    }
    if (!clocks[inputs[i]!]!.saw(t)) continue;
    w = Math.min(clocks[0]!.w, clocks[1]!.w);
    left.forget(w - after - 1);
    right.forget(w - 1);
  }
}

export function pairOf(left: Delivery, right: Delivery): PairRow {
  return { k: left.k, id: left.id, other: right.id, t: right.t, total: (left.v ?? 0) + (right.v ?? 0) };
}
