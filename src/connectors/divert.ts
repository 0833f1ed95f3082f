import { checkOption } from '../errors';
import type { BatchSink } from './sink';

/** Where the rows of a batch go whose sink cannot take them. Made by `divert`. */
export interface Divert {
  /** The sink that stands in for the output of this name; always the same one for a name. */
  to(output: string): BatchSink<unknown>;
}

/**
 * For `onSinkFailure`: the rows of a batch go to another sink when their own cannot take them, and the query goes on. The
 * commit record says `diverted`; the other sink keeps the rows for a re-drive.
 *
 * After a crash between the two, a batch that the other sink holds stays there, if that one can be asked (`lookup`:
 * `deadLetterSink`, `fileSink`, `foreachBatch` with receipts). One that cannot may hold it beside the sink itself.
 *
 * A sink takes a batch once, so **one sink can stand in for one output**. With several outputs give a function of the
 * output's name that makes a sink for each.
 *
 * @param target - the sink, or a function that makes one for an output
 * @throws `TIDEMARK_OPTION` when a second output asks for the one sink
 * @example
 * ```ts
 * const spare = memorySink();
 * divert(spare).to('orders') === spare; // => true
 * ```
 */
export function divert(target: BatchSink<never> | ((output: string) => BatchSink<never>)): Divert {
  const made = new Map<string, BatchSink<unknown>>();
  return {
    to(output) {
      const known = made.get(output);
      if (known !== undefined) return known;
      checkOption(
        typeof target === 'function' || made.size === 0,
        'a batch goes to a sink once: with several outputs, give divert a function that makes a sink for each',
        { outputs: [...made.keys(), output] },
      );
      const sink = (typeof target === 'function' ? target(output) : target) as BatchSink<unknown>;
      made.set(output, sink);
      return sink;
    },
  };
}
