import { agg, aggregate, cumulative, customWindows, sliding, tumbling, type Assigner } from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { randomOf } from '../laws/random';
import { order, processorOf } from './inside';

interface Row {
  readonly t: number;
  readonly k: string;
  readonly j: number;
}

const WINDOWS: Record<string, Assigner<Row>> = {
  tumbling: tumbling(10),
  'sliding by a divisor': sliding(12, 4),
  'sliding by no divisor': sliding(10, 4),
  'sliding with gaps': sliding(4, 10),
  'much overlap': sliding(40, 2),
  cumulative: cumulative(20, 5),
  custom: customWindows<Row>((time) => [
    { start: time, end: time + 20 },
    { start: time - 5, end: time + 3 },
  ]),
};
const CASES = Object.keys(WINDOWS).flatMap((window) =>
  (['append', 'update'] as const).flatMap((mode) => [false, true].map((own) => [window, mode, own] as const)),
);

/** What a query is told, by naming every window. */
class Model {
  private readonly open = new Map<string, number>();
  private readonly touched = new Set<string>();
  private drop = -Infinity;

  constructor(private readonly assigner: Assigner<Row>) {}

  add(row: Row): void {
    for (const { start, end } of this.assigner.assign(row.t, row)) {
      if (end <= this.drop) continue;
      const name = `${row.k} ${row.j} ${start} ${end}`;
      this.open.set(name, end);
      this.touched.add(name);
    }
  }

  pass(drop: number): { total: number; updated: number; removed: number } {
    this.drop = drop;
    const over = [...this.open].filter(([, end]) => end <= drop);
    over.forEach(([name]) => this.open.delete(name));
    const updated = this.touched.size;
    this.touched.clear();
    return { total: this.open.size, updated, removed: over.length };
  }

  get size(): number {
    return this.open.size;
  }
}

describe('how many windows a query has, touches and forgets is what naming each of them gives', () => {
  it.each(CASES)('%s, %s, an accumulator a window: %s', (window, outputMode, own) => {
    for (let seed = 1; seed <= 6; seed++) {
      const random = randomOf(seed);
      const assigner = WINDOWS[window]!;
      const select = { n: own ? order : agg.count<Row>() };
      const key = ['k', 'j'];
      const operator = aggregate({ key, window: assigner, select } as never) as never;
      const harness: OperatorHarness<Row, unknown> = operatorHarness(operator, { run: true, outputMode });
      const model = new Model(assigner);
      let drop = 0;
      harness.watermark(drop);
      model.pass(drop);
      for (let batch = 0; batch < 12; batch++) {
        for (let i = random.int(0, 8); i > 0; i--) {
          const t = drop + random.int(-10, 35);
          const row = { t, k: random.pick(['a', 'b']), j: random.int(0, 1) };
          harness.event(t, row);
          model.add(row);
          expect(processorOf(harness).report!()['openWindows']).toBe(model.size);
        }
        drop += random.int(0, 14);
        harness.watermark(drop);
        expect(processorOf(harness).stateRows!()).toEqual(model.pass(drop));
        if (random.chance(0.2)) harness.restore(harness.snapshot());
      }
      harness.close();
    }
  });
});
