import { limitRows, sortRows, type Change } from 'tidemark';
import { operatorHarness, type HarnessOptions, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly k: string;
  readonly v?: number | null;
}
type Harness = OperatorHarness<Row, Row>;

const open = (operator: unknown, options: HarnessOptions): Harness =>
  operatorHarness<Row, Row, 'event', 'event'>(operator as never, options);
const complete: HarnessOptions = { run: true, outputMode: 'complete' };
const refused = (reason: string): unknown =>
  expect.objectContaining({ code: 'TIDEMARK_OUTPUT_MODE', details: expect.objectContaining({ reason }) as object });

/** One batch: its rows, then the barrier. */
function batchOf(harness: Harness, id: number, ...rows: Row[]): string[] {
  for (const row of rows) harness.event(1, row);
  expect(harness.takeRows()).toEqual(held(harness) ? [] : rows);
  harness.barrier(id);
  return harness.takeRows().map(({ k }) => k);
}
const held = (harness: Harness): boolean => harness.tally.held > 0;

describe('sortRows', () => {
  const rows: readonly Row[] = [
    { k: 'two', v: 2 },
    { k: 'null', v: null },
    { k: 'one', v: 1 },
    { k: 'none' },
    { k: 'three', v: 3 },
    { k: 'also two', v: 2 },
  ];

  it('nulls come first ascending and last descending; missing ones are nulls; of equals the first stays first', () => {
    const sorted = (...keys: unknown[]): string[] => batchOf(open(sortRows(keys as never), complete), 0, ...rows);
    expect(sorted(['v', 'asc'])).toEqual(['null', 'none', 'one', 'two', 'also two', 'three']);
    expect(sorted(['v', 'desc'])).toEqual(['three', 'two', 'also two', 'one', 'null', 'none']);
    expect(sorted(['v', 'asc'], ['k', 'asc'])).toEqual(['none', 'null', 'one', 'also two', 'two', 'three']);
    expect(sorted([({ k }: Row) => k.length, 'asc'], ['v', 'desc'])).toEqual(['two', 'one', 'null', 'none', 'three', 'also two']);
  });

  it('each batch is sorted for itself, and held until it is whole', () => {
    const harness = open(sortRows([['k', 'asc']]), complete);
    harness.event(3, { k: 'b' });
    harness.event(2, { k: 'a' });
    expect(harness.tally).toMatchObject({ in: 2, held: 2 });
    harness.barrier(0);
    expect(harness.take()).toEqual([
      { kind: 'event', time: 2, row: { k: 'a' } },
      { kind: 'event', time: 3, row: { k: 'b' } },
      { kind: 'barrier', batchId: 0 },
    ]);
    expect(batchOf(harness, 1, { k: 'd' }, { k: 'c' })).toEqual(['c', 'd']);
    expect(harness.tally).toMatchObject({ in: 4, forwarded: 4, held: 0 });
  });

  it('changes are sorted by their rows', () => {
    const operator = sortRows<Change<Row>, 'change'>([['v', 'asc']]);
    const harness = operatorHarness<Change<Row>, Change<Row>, 'change', 'change'>(operator, {
      ...complete,
      traits: { kind: 'change' },
    });
    for (const row of rows.slice(0, 3))
      harness.event(1, { op: 'upsert', key: [row.k], row, pane: { timing: 'onTime', index: 0, isLast: true } });
    harness.barrier(0);
    expect(harness.takeRows().map(({ row }) => row.k)).toEqual(['null', 'one', 'two']);
  });

  it('is refused but in complete mode, and in a plain pipe', () => {
    const operator = sortRows([['k', 'asc']]);
    for (const outputMode of ['append', 'update'] as const)
      expect(() => open(operator, { run: true, outputMode })).toThrow(refused('sort-needs-complete-aggregate') as Error);
    expect(() => open(operator, {})).toThrow(refused('sort-needs-complete-aggregate') as Error);
    expect(() => open(operator, { outputMode: 'complete' })).toThrow(refused('sort-needs-complete-aggregate') as Error);
  });
});

describe('limitRows', () => {
  it('counts over all batches, but in complete mode anew in each, which brings the whole table', () => {
    const [a, b, c] = [{ k: 'a' }, { k: 'b' }, { k: 'c' }];
    for (const [options, second] of [
      [complete, ['c', 'a']],
      [{ run: true, outputMode: 'append' }, []],
      [{}, []],
      [{ outputMode: 'complete' }, []],
    ] as const) {
      const harness = open(limitRows(2), options);
      for (const row of [a, b, c]) harness.event(1, row);
      harness.barrier(0);
      expect(harness.takeRows()).toEqual([a, b]);
      for (const row of [c, a]) harness.event(1, row);
      expect(harness.takeRows().map(({ k }) => k)).toEqual(second);
    }
  });

  it('refuses rows that correct themselves, but for the table of complete mode', () => {
    const traits = { kind: 'change' } as const;
    expect(() => open(limitRows(2), { ...complete, traits })).not.toThrow();
    for (const options of [
      {},
      { run: true },
      { run: true, outputMode: 'update' },
      { outputMode: 'complete' },
    ] as HarnessOptions[])
      expect(() => open(limitRows(2), { ...options, traits })).toThrow(refused('limit-update-unsupported') as Error);
  });
});
