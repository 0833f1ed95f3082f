import { describe, expect, it } from 'vitest';
import full from '../conformance/cases/spark/StreamingFullOuterJoinSuite.json';
import inner from '../conformance/cases/spark/StreamingInnerJoinSuite.json';
import semi from '../conformance/cases/spark/StreamingLeftSemiJoinSuite.json';
import outer from '../conformance/cases/spark/StreamingOuterJoinSuite.json';
import supplement from '../conformance/cases/spark/SupplementFromSource.json';
import timeWindows from '../conformance/cases/spark/DataFrameTimeWindowingSuite.json';
import multi from '../conformance/cases/spark/MultiStatefulOperatorsSuite.json';
import { reachOf, boundAt } from '../../src/join/range';
import { SparkJoin, type SparkCase } from './sparkDriver';

/** Cases of one join, with nothing stateful beside it. */
function isOneJoin({ query, steps }: SparkCase): boolean {
  const allowed = ['withWatermark', 'window', 'select', 'filter', 'join'];
  const joins = (query ?? []).filter(({ op }) => op === 'join').length;
  return joins === 1 && query.every(({ op }) => allowed.includes(op)) && !steps.some((step) => 'expectError' in step);
}

const suites = [inner, outer, full, semi, supplement, timeWindows] as unknown as { cases: SparkCase[] }[];
const cases = suites.flatMap((suite) => suite.cases).filter(isOneJoin);

function sorted(rows: readonly unknown[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

describe("a join in micro-batches, by Spark's cases", () => {
  it('there are some', () => expect(cases.length).toBeGreaterThanOrEqual(20));

  it.each(cases.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const join = new SparkJoin(one);
    for (const step of one.steps) {
      const { add, run, restart, expectNew, expectWatermarkMs, expectState } = step;
      if (add !== undefined) join.add(add);
      else if (run !== undefined) join.drain();
      else if (restart !== undefined) join.restart();
      else if (expectNew !== undefined) expect(sorted(join.takeNew())).toEqual(sorted(expectNew));
      else if (expectWatermarkMs !== undefined) expect(join.watermark).toBe(expectWatermarkMs);
      else if (expectState !== undefined) expect(join.takeState()).toMatchObject(expectState.join);
      else throw new Error(`unknown step ${JSON.stringify(step)}`);
    }
  });

  it('passes on the watermark that the unit table says', () => {
    const table = multi.cases.find((one) => 'kind' in one && one.kind === 'joinOutputWatermark') as unknown as {
      table: { minMs: number; maxMs: number; inputWatermarkMs: number; expect: number }[];
    };
    expect(table.table).toHaveLength(3);
    const clock = { ties: 'instant', watermark: true } as const;
    for (const { minMs, maxMs, inputWatermarkMs, expect: out } of table.table) {
      const { hold } = reachOf({ lower: 0 - maxMs, upper: 0 - minMs }, [clock, clock]);
      expect(boundAt(inputWatermarkMs, hold)).toBe(out);
    }
  });
});
