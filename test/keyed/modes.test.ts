import {
  flatMapGroupsWithState,
  keyedProcess,
  mapGroupsWithState,
  transformWithState,
  type StatefulProcessor,
  type Traits,
} from 'tidemark';
import { operatorHarness, type HarnessOptions, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import type { Stage } from '../../src/operator';

interface Row {
  readonly k: string;
  readonly l?: number;
}
type Harness = OperatorHarness<Row, string>;
type Out = (row: string, time?: number) => void;

const UNTIMED: Partial<Traits> = { kind: 'untimed', watermark: false };

const process = (more: object = {}): unknown =>
  keyedProcess(
    () => ({
      onRow(row: Row, _context: unknown, out: Out) {
        out(`row ${row.k}`);
      },
      ...more,
    }),
    { key: 'k' } as never,
  );
const transform = (options: object = {}, more: Partial<StatefulProcessor<unknown, Row, string>> = {}): unknown =>
  transformWithState(
    () => ({
      handleInputRows(key: unknown, rows: readonly Row[], _timers: unknown, out: Out) {
        out(`${rows.length} of ${String(key)}`);
      },
      ...more,
    }),
    { key: 'k', ...options } as never,
  );

const open = (operator: unknown, options: HarnessOptions = {}): Harness =>
  operatorHarness<Row, string, 'event', 'event'>(operator as never, options);
const codeOf = (act: () => unknown): unknown => {
  try {
    act();
  } catch (cause) {
    return (cause as { code: unknown }).code;
  }
  return undefined;
};

describe('which rows are late', () => {
  const late = (operator: unknown, traits: Partial<Traits> = {}): string[] => {
    const harness = open(operator, { traits });
    harness.watermark(10);
    harness.take();
    harness.event(10, { k: 'a' });
    harness.watermark(11);
    return harness.take().map((signal) => (signal.kind === 'rejected' ? signal.reason : signal.kind));
  };

  it('keyedProcess judges none: its function sees the time', () => {
    expect(late(process())).toEqual(['event', 'watermark']);
  });

  it('transformWithState rejects them wherever there is a watermark', () => {
    expect(late(transform())).toEqual(['late', 'watermark']);
    expect(late(transform({ timeMode: 'eventTime' }))).toEqual(['late', 'watermark']);
    expect(late(transform(), { watermark: false })).toEqual(['event', 'watermark']);
    expect(late(transform({ timeMode: 'processingTime' }))).toEqual(['late']);
  });

  it('groups reject them if their timeouts go by event time', () => {
    const groups = (timeout: string): unknown => flatMapGroupsWithState({ key: 'k', timeout, update: () => ['x'] } as never);
    expect(late(groups('none'))).toEqual(['event']);
    expect(late(groups('processingTime'))).toEqual(['event']);
    expect(late(groups('eventTime'))).toEqual(['late']);
  });
});

describe('whether results have event time', () => {
  const said = (operator: unknown, traits: Partial<Traits> = {}): unknown[] => {
    const harness = open(operator, { traits });
    harness.event(5, { k: 'a' });
    harness.watermark(7);
    return harness.take().map((signal) => ('time' in signal ? [signal.kind, signal.time] : signal.kind));
  };
  const timed = [
    ['event', 5],
    ['watermark', 7],
  ];
  const untimed = [['event', NaN]];

  it('keyedProcess: always', () => {
    expect(said(process())).toEqual(timed);
  });

  it('transformWithState: where the rows have it, and timers do not go by processing time', () => {
    expect(said(transform())).toEqual(timed);
    expect(said(transform({ timeMode: 'eventTime' }))).toEqual(timed);
    expect(said(transform({ timeMode: 'processingTime' }))).toEqual(untimed);
    expect(said(transform(), UNTIMED)).toEqual(untimed);
  });

  it('groups: never', () => {
    expect(said(mapGroupsWithState({ key: 'k', update: () => 'x' } as never))).toEqual(untimed);
  });
});

describe('in a query', () => {
  it.each([
    ['keyedProcess', process()],
    ['transformWithState', transform()],
    ['mapGroupsWithState', mapGroupsWithState({ key: 'k', update: () => 'x' } as never)],
    ['flatMapGroupsWithState', flatMapGroupsWithState({ key: 'k', update: () => ['x'] } as never)],
  ])('%s does not work in complete mode', (_name, operator) => {
    expect(codeOf(() => open(operator, { run: true, outputMode: 'complete' }))).toBe('TIDEMARK_OUTPUT_MODE');
    for (const outputMode of ['append', 'update'] as const)
      expect(codeOf(() => open(operator, { run: true, outputMode }))).toBeUndefined();
  });

  it('keyedProcess is called row by row, transformWithState once for a key of a batch', () => {
    for (const [operator, before, after] of [
      [process(), ['row a', 'row b', 'row a'], []],
      [transform(), [], ['2 of a', '1 of b']],
    ] as const) {
      const harness = open(operator, { run: true });
      for (const k of ['a', 'b', 'a']) harness.event(1, { k });
      expect(harness.takeRows()).toEqual(before);
      harness.watermark(0);
      harness.barrier(0);
      expect(harness.takeRows()).toEqual(after);
    }
  });

  /** As a query asks before a batch without rows. */
  const wants = (harness: Harness, w: number): boolean =>
    (harness as unknown as { stages: readonly Stage<Row, string>[] }).stages[0]!.wantsBatch(w, 0);

  it('a batch without rows is worth while when the watermark has moved, or for what goes by processing time', () => {
    const timer = {
      onRow: (_row: Row, { processingTimers }: never) => (processingTimers as { register(t: number): void }).register(50),
    };
    for (const operator of [process(), transform(), transform({ timeMode: 'eventTime' })]) {
      const harness = open(operator, { run: true });
      harness.event(1, { k: 'a' });
      harness.watermark(5);
      expect([4, 5, 6].map((w) => wants(harness, w))).toEqual([false, false, true]);
    }
    const waiting = open(process(timer), { run: true });
    waiting.watermark(5);
    expect([wants(waiting, 5), wants(waiting, 6)]).toEqual([false, true]);
    waiting.event(6, { k: 'a' });
    expect(wants(waiting, 5)).toBe(true);
    const byClock = open(transform({ timeMode: 'processingTime' }), { run: true });
    byClock.watermark(5);
    expect(wants(byClock, 5)).toBe(true);
  });
});

describe('what transformWithState is given', () => {
  it.each([
    ['a column', 'k', 'a', 'a'],
    ['a function', (row: Row) => row.k, 'a', 'a'],
    ['columns', ['k', 'l'], { k: 'a', l: 1 }, { k: 'a', l: 1 }],
    ['named ones', { x: 'k', y: (row: Row) => row.l }, { x: 'a', y: 1 }, { x: 'a', y: 1 }],
  ] as const)('the key and its initial state, of %s', (_name, key, initial, wanted) => {
    const calls: unknown[] = [];
    const operator = transform(
      { key, initialState: [[initial, 'first']] },
      {
        handleInitialState: (each, state) => void calls.push(['initial', each, state]),
        handleInputRows: (each) => void calls.push(['rows', each]),
      },
    );
    open(operator).event(1, { k: 'a', l: 1 });
    expect(calls).toEqual([
      ['initial', wanted, 'first'],
      ['rows', wanted],
    ]);
  });

  it('the initial state is that of its key, not of another', () => {
    const out: string[] = [];
    const operator = transformWithState(
      (handle) => {
        const sum = handle.valueState<number>('sum');
        return {
          handleInitialState: (_key: unknown, state: number) => sum.update(state),
          handleInputRows: (key: unknown) => void out.push(`${String(key)} ${sum.get() ?? 'nothing'}`),
        };
      },
      {
        key: 'k',
        initialState: [
          ['a', 5],
          ['b', 7],
        ],
      } as never,
    );
    const harness = open(operator);
    for (const k of ['b', 'a', 'c']) harness.event(1, { k });
    expect(out).toEqual(['b 7', 'a 5', 'c nothing']);
  });

  it('functions, not something else', () => {
    for (const build of [keyedProcess, transformWithState] as ((create: unknown, options: unknown) => unknown)[])
      expect(codeOf(() => build({}, { key: 'k' }))).toBe('TIDEMARK_OPTION');
  });
});
