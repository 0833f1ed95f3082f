import type { OperatorFunction } from 'rxjs';
import type { ResultOf, Select } from '../src/aggregate/aggregate';
import { foldingOf, type Folding } from '../src/aggregate/plan';
import type { Change, Element, Window } from '../src/element';
import { checkOption } from '../src/errors';
import { readerOf, type KeyReader, type KeySpec } from '../src/key';
import { operator, type OperatorOptions, type OperatorSpec, type Processor, type ProcessorContext } from '../src/operator';
import type { KeyColumns, Simplify } from '../src/streams';
import type { SpeakParts } from '../src/window/speak';
import type { Traits } from '../src/traits';
import type { Assigner } from '../src/window/assigner';
import type { Emit } from '../src/window/emit';
import { OnClose } from '../src/window/onClose';
import { checkNames, rowBuilderOf } from '../src/window/resultRow';
import { Running } from '../src/window/running';

/** The row that an `aggregate` gives: `{ window?, …key columns, …select }`. */
export type Aggregated<T, K, S, W> = Simplify<
  (undefined extends W ? unknown : { window: Window }) & KeyColumns<T, K> & { [P in keyof S]: ResultOf<S[P]> }
>;

/** Options of `aggregate`. */
export interface AggregateOptions<K, S, W, E> extends OperatorOptions {
  /** What rows are grouped by: a column, columns, a function (its column is called `key`), or named ones. Default: all rows together. */
  readonly key?: K;
  /** Which windows; without one, groups run for ever and the result is a ChangeStream. */
  readonly window?: W;
  /** The result's columns: `{ total: agg.sum('v') }`. */
  readonly select: S;
  /** The key column with the event time, where it is not the one that `withWatermark` named. */
  readonly timeColumn?: string;
  /** When a window speaks; default `onClose()` with a window, `onUpdate()` without. */
  readonly emit?: E;
}

/** Said once (`onClose`) or more than once. */
type Output<T, K, S, W, E> =
  E extends Emit<'change'>
    ? Element<Change<Aggregated<T, K, S, W>>, 'change'>
    : undefined extends W
      ? E extends Emit<'event'>
        ? Element<Aggregated<T, K, S, W>>
        : Element<Change<Aggregated<T, K, S, W>>, 'change'>
      : Element<Aggregated<T, K, S, W>>;

/**
 * Groups rows by key and window and computes the columns of `select`.
 *
 * With a window and `onClose` (the default): one final row for each key and window that has rows, once `end <= drop`,
 * stamped `end - 1`; windows of one step in (end, key arrival) order. A row all of whose windows are closed is rejected as
 * late, one that is in no window as `noWindow`; a row that misses some of its windows counts in the others. The end of
 * the stream closes nothing: only the watermark +Infinity does. Nulls are skipped by the aggregates, a null key is a
 * group of its own, empty windows say nothing.
 *
 * `onTime()` and `onUpdate()` give a ChangeStream `{ op, key, row, pane }`.
 *
 * Without a window, groups run for ever and each row gives a change. With `emit: onClose()` and the event time (or columns
 * with windows) among the key columns a group is said once: when its time is `<= drop`, or the first of its windows is over.
 *
 * ```
 * rows       -a-b---c-d---e-|        a: t=1   b: t=9   c: t=11   d: t=6   e: t=3     tumbling(10)
 * watermark  -----V-----T----        V = 5    T = 10
 * out        -----V-----(wT)|        w = {[0,10), key, a+b+d} stamped t = 9;  c: [10,20) is still open
 * rejected   -------------e--        e: late, its window closed at T
 * ```
 *
 * @param options - `key`, `window`, `select`, `emit`, `id`, `onError`
 * @returns rows `{ window?, …key columns, …select }`; forwards the watermark (with `onClose` the drop side for both)
 * @throws `TIDEMARK_NAME_CLASH`, `TIDEMARK_OPTION` at call; a key or selector that throws follows `onError` and leaves
 * no trace in the state
 *
 * Cost: one accumulator update a row whatever the overlap; one accumulator for each key and slice. A watermark costs what
 * it closes. Windows whose aggregates depend on the order of arrival (user-defined, not `commutative`) do not share slices.
 *
 * State: tables `meta`, `panes`, `cells` (slices), `sessions`, or `windows`; version 1 each.
 * @example
 * ```ts
 * const out: unknown[] = [];
 * of({ t: 1, k: 'a', v: 2 }, { t: 12, k: 'a', v: 3 }).pipe(
 *   withWatermark('t', 0),
 *   aggregate({ key: 'k', window: tumbling(10), select: { n: agg.count(), total: agg.sum('v') } }),
 *   rows(),
 * ).subscribe((row) => out.push([row.window.start, row.k, row.n, row.total]));
 * out; // => [[0, 'a', 1, 2], [10, 'a', 1, 3]]
 * ```
 */
export function aggregate<
  T,
  S extends Select<T>,
  // No defaults for K and W: a default would be the contextual type of a function given there.
  const K extends KeySpec<T> | undefined,
  W extends Assigner<T> | undefined,
  E extends Emit<'event' | 'change', T> | undefined = undefined,
  KI extends 'event' | 'untimed' = 'event',
>(
  options: AggregateOptions<K, S, W, E>,
): OperatorFunction<Element<T, undefined extends W ? KI : 'event'>, Output<T, K, S, W, E>> {
  const { key, window: assigner, select, emit } = options;
  const reader = readerOf<T>(key as KeySpec<T> | undefined);
  const folding = foldingOf(select);
  checkOption(folding.names.length > 0, 'select must name at least one column');
  checkNames(reader.columns, folding.names, assigner !== undefined);
  const spec = specOf(options, reader, folding);
  const description = {
    key: reader.columns,
    ...(options.timeColumn === undefined ? {} : { timeColumn: options.timeColumn }),
    ...assigner?.describe(),
    emit: emit?.name ?? (assigner === undefined ? 'onUpdate' : 'onClose'),
    ...emit?.parameters,
    select: Object.fromEntries(
      Object.entries(select).map(([name, a]) => [name, { fn: a.name, version: a.version, ...a.parameters }]),
    ),
  };
  return operator({ ...spec, description }) as never;
}

type AnyOptions<T> = AggregateOptions<unknown, Select<T>, unknown, Emit | undefined>;

function specOf<T>(options: AnyOptions<T>, reader: KeyReader<T>, folding: Folding): OperatorSpec<T, unknown> {
  if (options.window !== undefined) return windowed(options, options.window as Assigner<T>, reader, folding);
  const { groups } = options.emit ?? {};
  return groups === undefined ? running(options, reader, folding) : groups(options, reader, folding);
}

function running<T>(options: AnyOptions<T>, reader: KeyReader<T>, folding: Folding): OperatorSpec<T, unknown> {
  checkOption(options.emit?.name === undefined || options.emit.name === 'onUpdate', 'without a window, emit is onUpdate()');
  const build = rowBuilderOf(reader.columns, folding, false);
  const timed = options.timeColumn === undefined ? {} : { timeColumn: options.timeColumn };
  return {
    type: 'aggregate',
    options,
    accepts: ['event', 'untimed'],
    stateful: true,
    followsMode: options.emit === undefined,
    traits: ([input]) => ({ ...(input as Traits), kind: 'change', ties: 'ordered', finality: 'end', windowColumns: [] }),
    create: (context) =>
      context.run === undefined
        ? new Running(folding, reader, build, options.emit?.everyMs ?? 0)
        : context.run.aggregates.running(folding, reader, build, { ...context, traits: { ...context.traits, ...timed } }),
  };
}

function windowed<T>(
  options: AnyOptions<T>,
  assigner: Assigner<T>,
  reader: KeyReader<T>,
  folding: Folding,
): OperatorSpec<T, unknown> {
  const used = assigner.adapt?.(folding) ?? folding;
  const build = rowBuilderOf(reader.columns, used, true);
  const comparison = used.columns.find(({ velocity }) => velocity !== undefined)?.velocity;
  const isChange = options.emit?.kind === 'change';
  const isPartial = options.emit?.isPartial === true;
  checkOption(
    comparison === undefined || !isPartial,
    'discarding panes hold parts: there is nothing to compare with the window before',
  );
  return {
    type: 'aggregate',
    options,
    accepts: ['event'],
    stateful: true,
    followsMode: options.emit === undefined,
    traits: ([input]) => resultTraits(input as Traits, isChange, isPartial),
    create: (context) => {
      const store = assigner.store({ folding: used, reader });
      const previous = comparison?.memory(used, assigner, reader.columns.length);
      const own = { store, assigner, build, folding: used, reader, keyColumns: reader.columns };
      const parts = previous === undefined ? own : { ...own, previous };
      return options.emit === undefined ? byMode(parts, context) : options.emit.make(parts);
    },
  };
}

/** Without `emit` a window speaks when it closes; in a query as the output mode says. */
function byMode<T>(parts: SpeakParts<T>, { run, outputMode }: ProcessorContext): Processor<T, unknown> {
  return run === undefined ? new OnClose(parts) : run.aggregates.windowed(parts, outputMode);
}

/** Results are stamped `end - 1`, so they are ordered: none is late for the next operator. */
function resultTraits(input: Traits, isChange: boolean, isPartial: boolean): Traits {
  const { timeColumn: _gone, timeColumns: _both, finality: _none, ...rest } = input;
  const traits: Traits = { ...rest, kind: isChange ? 'change' : 'event', ties: 'ordered', windowColumns: ['window'] };
  return isChange ? { ...traits, finality: 'window', ...(isPartial ? { isPartial } : {}) } : traits;
}
