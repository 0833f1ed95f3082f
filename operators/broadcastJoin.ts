import type { Observable, OperatorFunction } from 'rxjs';
import type { Element } from '../src/element';
import { checkOption, TidemarkError } from '../src/errors';
import { joinKeysOf, type JoinKey } from '../src/join/keys';
import { Lookup } from '../src/join/lookup';
import { resultsOf, type Joined, type JoinSelect } from '../src/join/result';
import { TableFeed, type TableSource } from '../src/join/tableFeed';
import { describe, Stage, type OperatorOptions } from '../src/operator';
import { Gate } from '../src/operator/gate';
import { connect, FusedStream, originOf, subscribeRows, type Graph, type StreamInfo } from '../src/rx';
import { parsePositive, type Duration } from '../src/time/duration';
import type { Traits } from '../src/traits';

/** Options of `broadcastJoin`. */
export interface BroadcastJoinOptions<L, R, J extends 'inner' | 'left', O> extends OperatorOptions {
  /** What must be equal: a column of both sides, several, or `{ left, right }`. */
  readonly on: JoinKey<L, R>;
  /** `'inner'` (default): rows that are in the table. `'left'`: all rows, with nulls where there is nothing. */
  readonly type?: J;
  /** Makes the result; null where the table has nothing. Default: the columns of both rows. */
  readonly select?: JoinSelect<L, R, J, O>;
  /** Loads the table again, in processing time or when something comes from here. For tables that a function loads. */
  readonly reload?: Duration | Observable<unknown>;
}

/**
 * Joins each row with a table that is there as a whole: reference data, small enough for memory. Time plays no part.
 *
 * Until the table is there everything waits, in order. Rows of the table with equal keys multiply the row; a null equals
 * nothing. A new table replaces the old one at once: between two rows, in a query at a barrier, so that each batch sees one
 * table. When loading it again fails, the old one stays, and `explain` counts the failure. The table is no state: after a
 * restart it is loaded again.
 *
 * ```
 * in         -a---b---a--|
 * table      x-------y---|      each a whole table
 * out        -ax--bx--ay-|
 * ```
 *
 * @param table - rows, a promise, a function that gives either, or an Observable of whole tables
 * @param options - `on`, `type`, `select`, `reload`, `id`, `onError`
 * @returns the joined rows with their times; the watermark passes
 * @throws `TIDEMARK_OPTION` at call: `reload` of a table that no function loads; `TIDEMARK_TABLE` on the stream: there is no
 * first table; `TIDEMARK_NAME_CLASH` at the first row
 *
 * Cost: O(1) a row and for each row it meets; a new table costs its size.
 * @example
 * ```ts
 * const airports = [{ code: 'JFK', city: 'New York' }];
 * const out: unknown[] = [];
 * of({ t: 1, code: 'JFK' }, { t: 2, code: 'XXX' }).pipe(
 *   withWatermark('t', 0), broadcastJoin(airports, { on: 'code', type: 'left' }), rows(),
 * ).subscribe((row) => out.push(row.city));
 * out; // => ['New York', null]
 * ```
 */
export function broadcastJoin<
  L,
  R,
  const J extends 'inner' | 'left' = 'inner',
  O = Joined<L, R, J>,
  K extends 'event' | 'untimed' = 'event',
>(
  table: TableSource<R>,
  options: BroadcastJoinOptions<NoInfer<L>, NoInfer<R>, J, O>,
): OperatorFunction<Element<L, K>, Element<O, K>> {
  const { type = 'inner' as J, reload, select } = options;
  checkOption(type === 'inner' || type === 'left', 'type is inner or left', { type });
  checkOption(reload === undefined || typeof table === 'function', 'reload is for a table that a function loads');
  const everyMs = reload === undefined || typeof reload === 'object' ? Infinity : parsePositive(reload, 'reload');
  const { left, right, shared } = joinKeysOf<L, R>(options.on);
  checkOption(left.columns.length > 0, 'a join needs a key that is equal on both sides: on', { on: options.on });
  const results = resultsOf<L, R, O>(type, select as never, shared);
  const facts = {
    type: 'broadcastJoin',
    options,
    accepts: ['event', 'untimed'] as const,
    description: { type, on: { left: left.columns, right: right.columns }, reloadMs: everyMs === Infinity ? null : everyMs },
    traits: ([input]: readonly Traits[]) => (select === undefined ? input! : anonymous(input!)),
  };
  return (source) => {
    const upstream = [originOf<unknown>(source)];
    const { inputs, traits, plan } = describe(facts, upstream);
    const info: StreamInfo<O> = {
      traits,
      plan,
      upstream,
      attach: (sink, graph) => {
        const lookup = new Lookup<L, R, O>(left, right, results(), type === 'left', graph.isRun, everyMs);
        const stage = new Stage<L, O>({ ...facts, create: () => lookup }, plan.id, inputs, sink, graph);
        info.live = stage;
        const gate = new Gate<L>(stage);
        graph.shared.holdsMore = true;
        const feed = new TableFeed<R>(table, userOf(lookup, gate, plan.id), graph);
        lookup.reload = () => feed.load();
        graph.onWire(() => feed.start());
        if (typeof reload === 'object') graph.onWire(() => listen(reload, () => feed.load(), gate, graph));
        connect(source, gate, graph);
      },
    };
    return new FusedStream<O, K>(info);
  };
}

/** What is known of columns that a select has made is known no more. */
function anonymous({ timeColumn: _gone, ...input }: Traits): Traits {
  return { ...input, windowColumns: [] };
}

function userOf<L, R, O>(lookup: Lookup<L, R, O>, gate: Gate<L>, id: string): ConstructorParameters<typeof TableFeed<R>>[1] {
  return {
    take: (rows) => {
      lookup.take(rows);
      if (!gate.isOpen) gate.open();
    },
    fail: (cause) => {
      if (gate.isOpen) return lookup.failed();
      gate.error(new TidemarkError('TIDEMARK_TABLE', `the table of '${id}' could not be loaded`, {}, { cause }));
    },
  };
}

/** A signal to load again; its end means nothing, its error is the stream's. */
function listen<L>(signal: Observable<unknown>, act: () => void, gate: Gate<L>, graph: Graph): void {
  subscribeRows(signal, act, { end: () => {}, error: (cause: unknown) => gate.error(cause) } as Gate<L>, graph);
}
