import type { Observable, OperatorFunction } from 'rxjs';
import type { Element, Signal, StreamKind } from '../element';
import { operatorHarness, type HarnessOptions, type HarnessSnapshot } from './operatorHarness';

/** Options of `assertSplitInvariant`. */
export interface SplitOptions extends HarnessOptions {
  /** How many ways to split; default 20. */
  readonly splits?: number;
  /** Seed of the random split points; printed when the assertion fails. Default 1. */
  readonly seed?: number;
}

/** A signal, and for an operator with several inputs which of them it comes to; default 0. */
export type InputSignal<I> = Signal<I> & { readonly input?: number };

/**
 * A seeded generator of numbers in [0, 1): mulberry32.
 *
 * @example
 * ```ts
 * const [a, b] = [seeded(7), seeded(7)];
 * [a(), a()].join() === [b(), b()].join(); // => true
 * ```
 */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Asserts that an operator may be stopped anywhere: with its state taken out as plain data and put into a new operator
 * after any signal, it says exactly what it says without.
 *
 * @param operator - makes the operator, or with `inputs` a function from streams to a stream; called once for each run
 * @param input - signals, in order, each with the `input` it comes to where there are several
 * @param options - `splits`, `seed`, and those of `operatorHarness`
 * @throws Error with the seed and the first difference
 * @example
 * ```ts
 * const signals = [
 *   { kind: 'event', time: 1, row: { t: 1 } },
 *   { kind: 'event', time: 2, row: { t: 2 } },
 *   { kind: 'watermark', time: 10 },
 * ] as const;
 * assertSplitInvariant(() => aggregate({ window: tumbling(10), select: { n: agg.count() } }), signals); // => undefined
 * ```
 */
export function assertSplitInvariant<I, O, KI extends StreamKind, KO extends StreamKind>(
  operator: () => OperatorFunction<Element<I, KI>, Element<O, KO>>,
  input: readonly Signal<I>[],
  options?: SplitOptions,
): void;
export function assertSplitInvariant<I, KO extends StreamKind>(
  operator: () => Build<I, KO>,
  input: readonly InputSignal<I>[],
  options: SplitOptions & { readonly inputs: number },
): void;
export function assertSplitInvariant<I>(
  operator: () => unknown,
  input: readonly InputSignal<I>[],
  options: SplitOptions = {},
): void {
  const { splits = 20, seed = 1 } = options;
  const random = seeded(seed);
  const straight = play(operator, input, options, () => false);
  for (let i = 0; i < splits; i++) {
    const share = i === 0 ? 1 : random();
    const said = play(operator, input, options, () => random() < share);
    const at = straight.findIndex((line, j) => line !== said[j]);
    if (at < 0 && said.length === straight.length) continue;
    const j = at < 0 ? straight.length : at;
    throw new Error(`split ${i} of seed ${seed} differs at output ${j}:\n  straight ${straight[j]}\n  split    ${said[j]}`);
  }
}

type Build<I, KO extends StreamKind> = (inputs: readonly Observable<Element<I>>[]) => Observable<Element<unknown, KO>>;

function play<I>(
  operator: () => unknown,
  input: readonly InputSignal<I>[],
  options: SplitOptions,
  splitHere: () => boolean,
): string[] {
  const harness = operatorHarness<I, unknown, 'event', 'event'>(operator() as never, options);
  for (const signal of input) {
    harness.signal(signal, signal.input);
    if (!splitHere()) continue;
    const snapshot: HarnessSnapshot = harness.snapshot();
    harness.restore(snapshot);
  }
  return harness.take().map(textOf);
}

/**
 * Text in which numbers that JSON cannot hold are told apart.
 *
 * @example
 * ```ts
 * textOf([NaN, -0, 'x']) === textOf([NaN, -0, 'x']); // => true
 * textOf(-0) === textOf(0); // => false
 * ```
 */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_name, v: unknown) => {
    if (typeof v === 'number' && (!Number.isFinite(v) || Object.is(v, -0))) return `#${Object.is(v, -0) ? '-0' : String(v)}`;
    return typeof v === 'bigint' ? `#${v}n` : v;
  });
}
