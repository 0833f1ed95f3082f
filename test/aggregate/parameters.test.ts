import { describe, expect, it } from 'vitest';
import * as agg from '../../src/aggregate/index';

interface Row {
  readonly v: number;
  readonly w: number;
}

const half = (row: Row): number => row.v / 2;

const DESCRIBED: readonly (readonly [string, { readonly name: string; readonly parameters?: object }, object])[] = [
  ['a column', agg.sum<Row>('v'), { column: 'v' }],
  ['a function', agg.sum<Row>(half), { column: 'function' }],
  ['rows', agg.count<Row>(), {}],
  ['one fraction', agg.percentile<Row>('v', 0.5), { column: 'v', p: 0.5 }],
  ['several fractions', agg.percentile<Row, number[]>('v', [0.5, 0.9]), { column: 'v', p: [0.5, 0.9] }],
  ['a fraction and its accuracy', agg.percentileApprox<Row>('v', 0.5, { accuracy: 50 }), { column: 'v', p: 0.5, accuracy: 50 }],
  ['no limit', agg.collectList<Row, 'v'>('v'), { column: 'v' }],
  ['a limit', agg.collectList<Row, 'v', { limit: 3 }>('v', { limit: 3 }), { column: 'v', limit: 3 }],
  ['a set without limit', agg.collectSet<Row, 'v'>('v'), { column: 'v' }],
  ['a set with a limit', agg.collectSet<Row, 'v', { limit: 3 }>('v', { limit: 3 }), { column: 'v', limit: 3 }],
];

describe('what an aggregate says of itself, for the description of a query', () => {
  it.each(DESCRIBED)('%s', (_name, aggregate, parameters) => {
    expect(aggregate.parameters).toEqual(parameters);
  });

  it('one of the user says what it is told to say, or nothing', () => {
    const definition = { create: () => ({}), add: () => undefined, result: () => 0 };
    expect(agg.custom<Row, object, number>(definition)).not.toHaveProperty('parameters');
    expect(agg.custom<Row, object, number>({ ...definition, parameters: { p: 1 } }).parameters).toEqual({ p: 1 });
  });
});
