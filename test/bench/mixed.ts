import { Observable, type Subscriber, type Subscription } from 'rxjs';
import type { AnyRow } from './checksum';
import { randomFrom, type Delivery } from './data';
import type { Mixed } from './nexmark/generator';
import type { OnRow, Side, Work } from './workloads';

const HELD_ROWS = 20_000;

interface Sides {
  readonly loop: Side;
  readonly pipeline: (inputs: readonly Observable<never>[]) => Observable<AnyRow>;
}

/** Work on several inputs whose rows come in one order. */
export function mixedWork({ inputs: which, rows }: Mixed<unknown>, count: number, { loop, pipeline }: Sides): Work {
  const start = (onRow: OnRow): { readonly inputs: readonly Subscriber<never>[]; readonly open: Subscription } => {
    // Sources of their own kind: a Subject would cost more than what is measured.
    const inputs: Subscriber<never>[] = [];
    const sources = Array.from({ length: count }, (_, i) => new Observable<never>((subscriber) => void (inputs[i] = subscriber)));
    return { open: pipeline(sources).subscribe(onRow), inputs };
  };
  const feed = (inputs: readonly Subscriber<never>[], end: number): void => {
    for (let i = 0; i < end; i++) inputs[which[i]!]!.next(rows[i] as never);
  };
  return {
    loop,
    library: (onRow) => {
      const { inputs } = start(onRow);
      feed(inputs, rows.length);
      for (const input of inputs) input?.complete();
    },
    hold: () => {
      const { inputs, open } = start(() => {});
      feed(inputs, Math.min(HELD_ROWS, rows.length));
      return open;
    },
  };
}

/** The rows of some inputs only: what a query does not read, neither side pays for. */
export function only<R>({ inputs, rows }: Mixed<R>, reads: readonly number[]): Mixed<R> {
  const isRead = (_row: unknown, i: number): boolean => reads.includes(inputs[i]!);
  return { inputs: inputs.filter(isRead), rows: rows.filter(isRead) };
}

/** Each row on one of two inputs, as chance has it. */
export function twoInputs(rows: readonly Delivery[], seed = 3): Mixed<Delivery> {
  const random = randomFrom(seed);
  return { rows, inputs: Uint8Array.from(rows, () => (random() < 0.5 ? 0 : 1)) };
}
