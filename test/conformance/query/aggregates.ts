import { agg, type Aggregate } from 'tidemark';
import { dictOf, finite, malformed, maybe, oneOf, pair, positive, someOf, tagged, text, type TaggedOf } from '../shape';
import type { Columns, Read, Row } from './columns';
import { predicate, testOf, type Test } from './predicate';

const where = maybe(predicate);
const ofColumn = { column: text, where };
const ofPair = { x: text, y: text, where };
const fraction = (value: unknown, at: string): number => {
  const p = finite(value, at);
  return p >= 0 && p <= 1 ? p : malformed(at, 'a fraction from 0 to 1 expected');
};
export const orderBy = someOf(pair(text, oneOf('asc', 'desc')));

const FUNCTIONS = {
  count: { column: maybe(text), where },
  countIf: { column: maybe(text), where: predicate },
  sum: ofColumn,
  avg: ofColumn,
  min: ofColumn,
  max: ofColumn,
  stddev: ofColumn,
  stddevPop: ofColumn,
  countDistinct: ofColumn,
  percentileCont: { ...ofColumn, p: fraction },
  percentileDisc: { ...ofColumn, p: fraction },
  corr: ofPair,
  slope: ofPair,
  intercept: ofPair,
  r2: ofPair,
  first: ofColumn,
  last: ofColumn,
  topK: { k: positive, by: orderBy, columns: someOf(text), where },
} as const;

const SPARK_FUNCTIONS = {
  count: FUNCTIONS.count,
  sum: ofColumn,
  last: ofColumn,
  countDistinct: ofColumn,
  sumDistinct: ofColumn,
} as const;

export const goldenAggregates = dictOf(tagged('fn', FUNCTIONS));
export const sparkAggregates = dictOf(tagged('fn', SPARK_FUNCTIONS));

export type AggregateSpec = TaggedOf<'fn', typeof FUNCTIONS> | TaggedOf<'fn', Pick<typeof SPARK_FUNCTIONS, 'sumDistinct'>>;
export type AggregateSpecs = Readonly<Record<string, AggregateSpec>>;
export type Selected = Readonly<Record<string, Aggregate<Row, unknown, unknown>>>;

/** The columns that an aggregate reads. */
export function columnsOf(spec: AggregateSpec): readonly string[] {
  if (spec.fn === 'topK') return [...spec.by.map(([column]) => column), ...spec.columns];
  if ('x' in spec) return [spec.x, spec.y];
  return spec.column === undefined ? [] : [spec.column];
}

export function whereOf(spec: AggregateSpec, columns: Columns, at: string): Test | undefined {
  return spec.where === undefined ? undefined : testOf(spec.where, columns, `${at}.where`);
}

type Numbers = (row: Row) => number | null;
type Options = { readonly where?: Test };
type Made = Aggregate<Row, never, unknown>;

/** The library's aggregates for a select. Aggregates over one column share one selector, as they do for a user who names it. */
export function selectOf(specs: AggregateSpecs, columns: Columns, at: string): Selected {
  const readers = new Map<string, Read>();
  const read = (name: string): Read => {
    const known = readers.get(name) ?? columns.reader(name);
    readers.set(name, known);
    return known;
  };
  const entries = Object.entries(specs).map(([name, spec]) => {
    columns.check(...columnsOf(spec));
    const test = whereOf(spec, columns, `${at}.${name}`);
    return [name, madeOf(spec, read, test === undefined ? {} : { where: test })] as const;
  });
  return Object.fromEntries(entries) as unknown as Selected;
}

function madeOf(spec: AggregateSpec, read: (name: string) => Read, options: Options): unknown {
  const numbers = (name: string): Numbers => read(name) as Numbers;
  switch (spec.fn) {
    case 'count':
      return spec.column === undefined ? countRows(options) : agg.count<Row>(read(spec.column), options);
    case 'countIf':
      return spec.column === undefined ? agg.countIf<Row>(options.where as Test) : agg.count<Row>(read(spec.column), options);
    case 'countDistinct':
      return agg.countDistinct<Row>(read(spec.column), options);
    case 'first':
      return agg.first<Row, Read>(read(spec.column), options);
    case 'last':
      return agg.last<Row, Read>(read(spec.column), options);
    case 'percentileCont':
      return agg.percentile<Row>(numbers(spec.column), spec.p, options);
    case 'percentileDisc':
      return agg.percentileDisc<Row>(numbers(spec.column), spec.p, options);
    case 'topK':
      return topOf(spec, read, options);
    case 'corr':
    case 'slope':
    case 'intercept':
    case 'r2':
      return agg[spec.fn]<Row>(numbers(spec.x), numbers(spec.y), options);
    default:
      return (agg[spec.fn] as (column: Numbers, options: Options) => Made)(numbers(spec.column), options);
  }
}

function countRows({ where: test }: Options): unknown {
  return test === undefined ? agg.count<Row>() : agg.countIf<Row>(test);
}

function topOf(
  { k, by, columns }: Extract<AggregateSpec, { readonly fn: 'topK' }>,
  read: (name: string) => Read,
  options: Options,
): unknown {
  const sorted = by.map(([column, direction]) => [read(column), direction] as const);
  return agg.topK<Row, string[]>(k, { by: sorted, columns: [...columns], ...options });
}
