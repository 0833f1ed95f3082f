import type { Observable } from 'rxjs';
import type { Element } from '../src/element';
import { combinedStream, type Ports } from '../src/operator/combine';
import type { OperatorOptions, OperatorSpec } from '../src/operator';
import { TidemarkError } from '../src/errors';
import { DEFAULT_TRAITS, FusedStream } from '../src/rx';
import type { Traits } from '../src/traits';

/** Options of `mergeStreams`. */
export interface MergeStreamsOptions extends OperatorOptions {
  /** `'min'` (default): the watermark of the input furthest behind. `'max'`: of the one furthest ahead; the others' rows may be late. */
  readonly policy?: 'min' | 'max';
  /**
   * How idle inputs come back. `'per-split'` (default): at once, and they hold the watermark. `'between-operators'`
   * (Flink's valve): only once they have caught up with it, and the last input to go idle lets the largest watermark out.
   */
  readonly variant?: 'per-split' | 'between-operators';
}

/** A merge whose inputs can change while it runs. */
export class MergedStream<T, K extends 'event' | 'untimed' = 'event'> extends FusedStream<T, K> {
  private readonly live: Set<Ports>;
  private readonly sources: Observable<Element<T, K>>[];

  /** Made by `mergeStreams`. */
  constructor(sources: Observable<Element<T, K>>[], options: MergeStreamsOptions) {
    const live = new Set<Ports>();
    super(combinedStream(specOf<T>(options), sources, (ports) => void live.add(ports)));
    this.sources = sources;
    this.live = live;
  }

  /** Adds an input, now and for later subscriptions. The watermark waits for it from then on (policy `min`). */
  add(stream: Observable<Element<T, K>>): void {
    this.sources.push(stream);
    for (const ports of this.live) ports.add(stream);
  }

  /** Takes an input out. The watermark is looked at again when the next one comes. */
  remove(stream: Observable<Element<T, K>>): void {
    const at = this.sources.indexOf(stream);
    if (at >= 0) this.sources.splice(at, 1);
    for (const ports of this.live) ports.remove(stream);
  }
}

function specOf<T>(options: MergeStreamsOptions): OperatorSpec<T, T> {
  const { policy = 'min', variant = 'per-split' } = options;
  return {
    type: 'mergeStreams',
    options,
    accepts: ['event', 'untimed'],
    description: { policy, variant },
    merge: { policy, variant },
    traits: mergedTraits,
    create: () => ({ onEvent: (time, row, out) => out.forward(time, row) }),
  };
}

/** What is true of every input is true of the merge; a row on the watermark is on time if it is for one of them. */
function mergedTraits(inputs: readonly Traits[]): Traits {
  const first = inputs[0] ?? DEFAULT_TRAITS;
  if (inputs.some(({ kind }) => kind !== first.kind)) {
    const remedy = 'give all of them event time first: withWatermark, or withTimestamps';
    throw new TidemarkError('TIDEMARK_UNTIMED', `mergeStreams: some inputs have event time and some have none; ${remedy}`);
  }
  const same = <V>(read: (traits: Traits) => V): V | undefined =>
    inputs.every((t) => read(t) === read(first)) ? read(first) : undefined;
  const timeColumn = same((t) => t.timeColumn);
  const delayMs = same((t) => t.delayMs);
  return {
    kind: first.kind,
    ties: inputs.some((t) => t.ties === 'ordered') ? 'ordered' : 'instant',
    watermark: inputs.some((t) => t.watermark),
    windowColumns: first.windowColumns.filter((column) => inputs.every((t) => t.windowColumns.includes(column))),
    ...(timeColumn === undefined ? {} : { timeColumn }),
    ...(delayMs === undefined ? {} : { delayMs }),
    allowedLatenessMs: Math.min(...inputs.map((t) => t.allowedLatenessMs)),
    onError: inputs.some((t) => t.onError === 'error') ? 'error' : first.onError,
  };
}

/**
 * Merges event streams into one: rows as they come, and the smallest of the watermarks. RxJS's `merge` would lose count of
 * them, and is refused.
 *
 * Nothing goes on before every input that is not idle has a watermark. An idle input (`idleAfter`) does not hold the
 * watermark back; when all are idle it stays where it is. An input that completes no longer counts.
 *
 * ```
 * a          -(aA)------(bB)--|       A = 10   B = 30
 * b          ----(xX)---------(yE|)   X = 20   E = +Infinity
 * out        -a--(xA)---(bX)--(yE|)
 * ```
 *
 * @param streams - event streams, or all of them untimed; the same one may stand there twice
 * @param options - `policy`, `variant`
 * @returns the merged stream; `add` and `remove` change its inputs
 *
 * @throws `TIDEMARK_UNTIMED` where the pipe is built, when only some of the inputs have event time
 *
 * Cost: O(inputs) per watermark, O(1) per row.
 *
 * Source: Flink's watermark multiplexer (`per-split`) and status watermark valve (`between-operators`).
 * @example
 * ```ts
 * const a$ = of({ t: 1 }, { t: 9 }).pipe(withWatermark('t', 0));
 * const b$ = of({ t: 4 }).pipe(withWatermark('t', 0));
 * const out: number[] = [];
 * mergeStreams([a$, b$]).pipe(rows()).subscribe((row) => out.push(row.t));
 * out; // => [1, 9, 4]
 * ```
 */
export function mergeStreams<T, K extends 'event' | 'untimed' = 'event'>(
  streams: readonly Observable<Element<T, K>>[],
  options: MergeStreamsOptions = {},
): MergedStream<T, K> {
  return new MergedStream<T, K>([...streams], options);
}
