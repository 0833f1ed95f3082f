import { Observable, type Subscriber } from 'rxjs';
import type { AnyRow } from './checksum';
import { randomFrom, type Delivery } from './data';
import type { Mixed } from './nexmark/generator';
import type { Side, Work } from './workloads';

interface Sides {
  readonly loop: Side;
  readonly pipeline: (inputs: readonly Observable<never>[]) => Observable<AnyRow>;
}

/** Work on several inputs whose rows come in one order. */
export function mixedWork({ inputs: which, rows }: Mixed<unknown>, count: number, { loop, pipeline }: Sides): Work {
  return {
    loop,
    library: (onRow) => {
      const inputs: Subscriber<never>[] = [];
      // Sources of their own kind: a Subject would cost more than what is measured.
      const sources = Array.from(
        { length: count },
        (_, i) => new Observable<never>((subscriber) => void (inputs[i] = subscriber)),
      );
      pipeline(sources).subscribe(onRow);
      for (let i = 0; i < rows.length; i++) inputs[which[i]!]!.next(rows[i] as never);
      for (const input of inputs) input?.complete();
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
