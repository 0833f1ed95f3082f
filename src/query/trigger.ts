import { checkOption } from '../errors';
import { parsePositive, type Duration } from '../time/duration';

/** When a query looks for data. Made by the functions below. */
export type Trigger =
  | { readonly kind: 'default' }
  | { readonly kind: 'processingTime'; readonly everyMs: number }
  | { readonly kind: 'once' }
  | { readonly kind: 'availableNow' }
  | { readonly kind: 'continuous'; readonly everyMs: number; readonly delivery: ContinuousDelivery };

/** `transactional`: rows become visible at the checkpoint, exactly once. `immediate`: at once, at least once. */
export type ContinuousDelivery = 'transactional' | 'immediate';

/**
 * A batch at every full interval of the clock, if there is something to do. A batch that takes longer is followed by the
 * next at once; ticks missed meanwhile are not made up for.
 *
 * @param interval - ms or text
 * @example
 * ```ts
 * processingTime('10 seconds'); // => { kind: 'processingTime', everyMs: 10000 }
 * ```
 */
export function processingTime(interval: Duration): Trigger {
  return { kind: 'processingTime', everyMs: parsePositive(interval, 'the interval of processingTime') };
}

/**
 * One batch with everything there is, then the query stops. No empty batch follows: what it made due waits for the next start.
 *
 * @example
 * ```ts
 * const batches: number[] = [];
 * const sink = foreachBatch<number>(({ rows }) => batches.push(rows.length));
 * const source = memorySource([1, 2, 3], { maxRowsPerTrigger: 2 });
 * const query = streamingQuery(source, (rows$) => rows$).writeStream({ sink, trigger: once(), onAdvice: () => {} });
 * await query.start();
 * await query.awaitTermination();
 * batches; // => [2]
 * ```
 */
export function once(): Trigger {
  return { kind: 'once' };
}

/**
 * Everything that is there at the start, in as many batches as the sources' limits make of it, then the query stops.
 *
 * @example
 * ```ts
 * const batches: number[] = [];
 * const sink = foreachBatch<number>(({ rows }) => batches.push(rows.length));
 * const source = memorySource([1, 2, 3], { maxRowsPerTrigger: 2 });
 * const query = streamingQuery(source, (rows$) => rows$).writeStream({ sink, trigger: availableNow(), onAdvice: () => {} });
 * await query.start();
 * await query.awaitTermination();
 * batches; // => [2, 1]
 * ```
 */
export function availableNow(): Trigger {
  return { kind: 'availableNow' };
}

/**
 * Rows go through as they come and W moves with each; only the checkpoint is periodic.
 *
 * @param options - `checkpoint`: interval; `delivery`: default `transactional`
 * @example
 * ```ts
 * continuous({ checkpoint: '1 second' }); // => { kind: 'continuous', everyMs: 1000, delivery: 'transactional' }
 * ```
 */
export function continuous(options: { readonly checkpoint: Duration; readonly delivery?: ContinuousDelivery }): Trigger {
  const { delivery = 'transactional' } = options;
  checkOption(delivery === 'transactional' || delivery === 'immediate', `delivery is 'transactional' or 'immediate'`);
  return { kind: 'continuous', everyMs: parsePositive(options.checkpoint, 'checkpoint'), delivery };
}
