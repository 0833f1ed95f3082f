import { checkOption } from '../errors';
import { stateOf } from './generator-state';

/** `min`: the slowest input decides (no row is late that would be on time on its own input). `max`: the fastest does. */
export type MergePolicy = 'min' | 'max';

/** Options of {@link WatermarkMerge}. */
export interface WatermarkMergeOptions {
  /** Default `'min'`. */
  readonly policy?: MergePolicy;
  /** How idle inputs are treated; default `'per-split'`. See {@link WatermarkMerge}. */
  readonly variant?: 'per-split' | 'between-operators';
}

/** Who holds the combined watermark back. */
export interface WatermarkHolder {
  readonly input: number;
  /** The input's watermark; -Infinity while it has none. */
  readonly emit: number;
  /** The `now` at which that watermark came, or the input began to take part, whichever was later. */
  readonly since: number;
}

interface Input {
  emit: number;
  drop: number;
  isIdle: boolean;
  isDone: boolean;
  /** Between operators: whether it has caught up with the output since it was idle. Otherwise always true. */
  isAligned: boolean;
  since: number;
}

type Packed = number | 'min' | 'max';
type PackedInput = readonly [index: number, input: Omit<Input, 'emit' | 'drop'> & { emit: Packed; drop: Packed }];

interface MergeState {
  readonly kind: 'watermarkMerge';
  readonly emit: Packed;
  readonly drop: Packed;
  readonly isIdle: boolean;
  readonly next: number;
  readonly clock: number;
  readonly inputs: readonly PackedInput[];
}

/** Infinities do not survive JSON. */
const pack = (w: number): Packed => (w === Infinity ? 'max' : w === -Infinity ? 'min' : w);
const unpack = (w: Packed): number => (w === 'max' ? Infinity : w === 'min' ? -Infinity : w);

/**
 * Combines the watermarks (`emit` and `drop`) and the idleness of several inputs into those of one output.
 *
 * The combined watermark never falls, and there is none before every input that takes part has one. An idle input does not
 * take part; when all are idle, W holds and the output is idle. A completed input (or one whose watermark is +Infinity)
 * counts as +Infinity at once, but the output reaches +Infinity only when every input has completed, never because the
 * others are merely idle. Without inputs nothing happens. With policy `max` nobody waits: the highest watermark counts.
 *
 * The variants differ in what a resumed input means:
 * - `per-split`: a watermark or a row from an idle input makes it active, and it takes part at once: a lagging one holds W
 *   where it is. Fewer rows are late.
 * - `between-operators`: watermarks of an idle input are ignored until it says that it is active; it then takes part only
 *   once it has caught up with the output. The last input to go idle releases the highest watermark of all before W holds.
 *
 * Every method returns true when `emit`, `drop` or `isIdle` changed. `now` is a time, or any counter, by which `holder()`
 * tells since when; without it calls are counted.
 *
 * Cost: O(inputs) per watermark that could change the combined one, O(1) otherwise; state: a few numbers per input.
 *
 * Source: Flink's `WatermarkOutputMultiplexer` (per split) and `StatusWatermarkValve` (between operators). Different on
 * purpose: completion advances W at once.
 * @example
 * const merge = new WatermarkMerge();
 * const left = merge.addInput();
 * const right = merge.addInput();
 * merge.watermark(left, 20, 20) // => false
 * merge.watermark(right, 10, 10) // => true
 * merge.emit // => 10
 * merge.idle(right, true) // => true
 * merge.emit // => 20
 */
export class WatermarkMerge {
  /** The combined watermark; -Infinity before the first. */
  emit = -Infinity;
  drop = -Infinity;
  /** True when every input that has not completed is idle, and there is one. */
  isIdle = false;
  /** Only then can a row change anything (`activity`). */
  anyIdle = false;

  private readonly inputs = new Map<number, Input>();
  private readonly isMax: boolean;
  private readonly isValve: boolean;
  private next = 0;
  private clock = 0;

  /**
   * @param options `policy` (`'min'`) and `variant` (`'per-split'`)
   * @throws TIDEMARK_OPTION an option is none of its words
   */
  constructor({ policy = 'min', variant = 'per-split' }: WatermarkMergeOptions = {}) {
    checkOption(policy === 'min' || policy === 'max', 'policy must be min or max', { policy });
    this.isMax = policy === 'max';
    this.isValve = variant === 'between-operators';
    checkOption(this.isValve || variant === 'per-split', 'variant must be per-split or between-operators', { variant });
  }

  /**
   * Adds an input, active and without a watermark: it holds W (policy `min`) until it has one or is idle.
   * @param isSilent it will never have one: it holds nothing, as if it had completed
   * @returns the number by which the other methods know it; numbers are not used again
   */
  addInput(now?: number, isSilent = false): number {
    const since = this.tick(now);
    this.inputs.set(this.next, { emit: -Infinity, drop: -Infinity, isIdle: false, isDone: isSilent, isAligned: true, since });
    // An active input is there now. W does not move, so nobody needs to be told more than that.
    this.isIdle = false;
    return this.next++;
  }

  /**
   * Forgets an input. W follows at the next watermark of another one; at once only if all others have completed, for then
   * no watermark will come.
   */
  removeInput(input: number): boolean {
    this.inputs.delete(input);
    return this.everyone('isDone') && this.update();
  }

  /** A watermark came from an input; one that does not rise only makes an idle input active (`per-split`). */
  watermark(input: number, emit: number, drop: number, now?: number): boolean {
    const one = this.inputs.get(input);
    const since = this.tick(now);
    if (!one || one.isDone || (one.isIdle && this.isValve)) return false;
    if (emit === Infinity) return this.complete(input);
    const wasIdle = one.isIdle;
    const rises = emit > one.emit || drop > one.drop;
    if (!rises && !wasIdle) return false;
    one.since = since;
    one.isIdle = false;
    one.emit = Math.max(one.emit, emit);
    one.drop = Math.max(one.drop, drop);
    one.isAligned ||= one.emit >= this.emit;
    return this.update();
  }

  /** An input became idle, or active again. */
  idle(input: number, isIdle: boolean, now?: number): boolean {
    const one = this.inputs.get(input);
    const since = this.tick(now);
    if (!one || one.isIdle === isIdle) return false;
    one.isIdle = isIdle;
    one.since = since;
    if (this.isValve) one.isAligned = !isIdle && one.emit >= this.emit;
    return this.update();
  }

  /** A row came from an input: it is not idle. */
  activity(input: number, now?: number): boolean {
    return this.idle(input, false, now);
  }

  /** An input has ended: it holds nothing back any more. */
  complete(input: number): boolean {
    const one = this.inputs.get(input);
    if (!one || one.isDone) return false;
    one.isDone = true;
    return this.update();
  }

  /**
   * Who holds the combined watermark back: of the inputs that take part the one with the lowest watermark (of several the
   * first added).
   * @returns undefined when none takes part (all idle or completed), or under policy `max`, where nobody can
   */
  holder(): WatermarkHolder | undefined {
    if (this.isMax) return undefined;
    let lowest: WatermarkHolder | undefined;
    for (const [input, { emit, since, ...one }] of this.inputs) {
      if (!one.isDone && !one.isIdle && one.isAligned && !(lowest && lowest.emit <= emit)) lowest = { input, emit, since };
    }
    return lowest;
  }

  private tick(now = this.clock + 1): number {
    return (this.clock = now);
  }

  private everyone(is: 'isDone' | 'isIdle'): boolean {
    for (const input of this.inputs.values()) if (!input[is] && !input.isDone) return false;
    return this.inputs.size > 0;
  }

  private lookForIdle(): void {
    this.anyIdle = false;
    for (const { isIdle } of this.inputs.values()) if (isIdle) this.anyIdle = true;
  }

  /** Works out the combined state again; W only ever rises. */
  private update(): boolean {
    const { emit, drop, isIdle } = this;
    const isOver = this.everyone('isDone');
    this.lookForIdle();
    this.isIdle = !isOver && this.everyone('isIdle');
    if (isOver) this.emit = this.drop = Infinity;
    else if (!this.isIdle) this.raise(this.isMax ? Math.max : Math.min, (one) => !one.isIdle && one.isAligned);
    else if (this.isValve && !isIdle) this.raise(Math.max, () => true);
    return this.emit !== emit || this.drop !== drop || this.isIdle !== isIdle;
  }

  private raise(fold: (a: number, b: number) => number, takesPart: (one: Input) => boolean): void {
    let emit: number | undefined;
    let drop = 0;
    for (const one of this.inputs.values()) {
      if (one.isDone || !takesPart(one)) continue;
      drop = emit === undefined ? one.drop : fold(drop, one.drop);
      emit = emit === undefined ? one.emit : fold(emit, one.emit);
    }
    if (emit === undefined) return;
    this.emit = Math.max(this.emit, emit);
    this.drop = Math.max(this.drop, drop);
  }

  /** The state as plain data, fit for JSON. */
  encode(): unknown {
    const { emit, drop, isIdle, next, clock } = this;
    const inputs = [...this.inputs].map(([index, one]): PackedInput => [
      index,
      { ...one, emit: pack(one.emit), drop: pack(one.drop) },
    ]);
    return { kind: 'watermarkMerge', emit: pack(emit), drop: pack(drop), isIdle, next, clock, inputs } satisfies MergeState;
  }

  /**
   * Takes back what `encode` gave; the inputs keep their numbers.
   * @throws TIDEMARK_STATE the data is no snapshot of a merge
   */
  decode(data: unknown): void {
    const state = stateOf<MergeState>(data, 'watermarkMerge');
    this.emit = unpack(state.emit);
    this.drop = unpack(state.drop);
    ({ isIdle: this.isIdle, next: this.next, clock: this.clock } = state);
    this.inputs.clear();
    for (const [index, one] of state.inputs) {
      this.inputs.set(index, { ...one, emit: unpack(one.emit), drop: unpack(one.drop) });
    }
    this.lookForIdle();
  }
}
