import {
  agg,
  aggregate,
  cumulative,
  customWindows,
  globalWindow,
  onTime,
  onUpdate,
  session,
  sliding,
  tumbling,
  type Assigner,
  type Signal,
} from 'tidemark';
import { operatorHarness, textOf, type HarnessOptions, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { Follower, order, processorOf, reload } from './inside';

interface Row {
  readonly t: number;
  readonly k: string;
}
type Harness = OperatorHarness<Row, unknown>;

const even = customWindows<Row>((time) =>
  time % 2 === 0
    ? [
        { start: 0, end: 20 },
        { start: 10, end: 15 },
      ]
    : [{ start: 0, end: 30 }],
);
const WINDOWS: Record<string, [Assigner<Row>, object?]> = {
  tumbling: [tumbling(10)],
  'sliding over slices': [sliding(10, 4)],
  'sliding, in order of arrival': [sliding(10, 5), { n: order }],
  'cumulative over slices': [cumulative(20, 5)],
  'cumulative, in order of arrival': [cumulative(20, 5), { n: order }],
  session: [session(4)],
  global: [globalWindow()],
  custom: [even],
};
const EMITS: Record<string, [object, HarnessOptions?]> = {
  onClose: [{}],
  onTime: [{ emit: onTime() }],
  onUpdate: [{ emit: onUpdate() }],
  'onUpdate, held back': [{ emit: onUpdate({ every: 10 }) }],
  append: [{}, { run: true, outputMode: 'append' }],
  update: [{}, { run: true, outputMode: 'update' }],
  complete: [{}, { run: true, outputMode: 'complete' }],
};
const ALL = Object.keys(WINDOWS).flatMap((window) => Object.keys(EMITS).map((emit) => [window, emit] as const));

function harnessOf(window: string, emit: string): Harness {
  const [assigner, select = { n: agg.count<Row>(), last: agg.last<Row, 't'>('t') }] = WINDOWS[window]!;
  const [options, harness] = EMITS[emit]!;
  return operatorHarness(aggregate({ key: 'k', window: assigner, select, ...options } as never) as never, harness);
}

const row = (t: number, k = 'a'): Signal<Row> => ({ kind: 'event', time: t, row: { t, k } });
const upTo = (time: number, drop = time): Signal<Row> => ({ kind: 'watermark', time, drop });

/** Rows before and behind the watermark, windows that end and come back, keys that come late. */
const SCRIPT: readonly Signal<Row>[] = [
  ...[row(12), row(1), row(3, 'b'), row(2), upTo(4, 0)],
  ...[row(4), row(12, 'b'), row(13), upTo(9, 2)],
  ...[row(6), row(8, 'b'), row(12), row(16), upTo(12, 6)],
  ...[row(7), row(11, 'c'), row(24), row(3), upTo(18, 15)],
  ...[row(19, 'c'), row(24), row(23, 'b'), upTo(26, 26)],
  ...[row(40), row(27), row(24), upTo(26, 26)],
  ...[upTo(45, 45), row(46, 'b'), upTo(60, 60), row(61), upTo(Infinity)],
];

/** In a query state is saved between batches. */
function isBarrier({ kind }: Signal<Row>, emit: string): boolean {
  return kind === 'watermark' || emit.startsWith('on');
}

function said(harness: Harness): string[] {
  return harness.take().map(textOf);
}

function play(harness: Harness, signals: readonly Signal<Row>[] = SCRIPT): string[] {
  signals.forEach((signal) => harness.signal(signal));
  return said(harness);
}

describe('the state of windows, whatever they are and whenever they speak', () => {
  it.each(ALL)('%s, %s: its changes add up to it', (window, emit) => {
    const harness = harnessOf(window, emit);
    const follower = new Follower(harness);
    for (const signal of SCRIPT) {
      harness.signal(signal);
      if (isBarrier(signal, emit)) follower.follow();
    }
    expect(said(harness)).toEqual(play(harnessOf(window, emit)));
  });

  it.each(ALL)('%s, %s: taken back to where it was, it says the same again', (window, emit) => {
    for (let on = 0; on < SCRIPT.length; on++) {
      if (on > 0 && !isBarrier(SCRIPT[on - 1]!, emit)) continue;
      const harness = harnessOf(window, emit);
      play(harness, SCRIPT.slice(0, on));
      let once: string[] = [];
      reload(harness, () => (once = play(harness, SCRIPT.slice(on))));
      expect(play(harness, SCRIPT.slice(on))).toEqual(once);
    }
  });

  it('windows of their own that have not spoken speak once, loaded over what was there', () => {
    const harness = harnessOf('custom', 'onClose');
    harness.signal(row(1));
    reload(harness, () => harness.signal(row(3)));
    harness.watermark(30);
    expect(harness.takeRows()).toEqual([{ window: { start: 0, end: 30 }, k: 'a', n: 1, last: 1 }]);
  });

  it.each(ALL)('%s, %s: every row is accounted for, step by step', (window, emit) => {
    const harness = harnessOf(window, emit);
    for (const signal of SCRIPT) {
      harness.signal(signal);
      const { in: rows, absorbed, rejected } = harness.tally;
      const lost = Object.values(rejected).reduce((sum, count) => sum + count, 0);
      expect(processorOf(harness).held!()).toBe(rows - absorbed - lost);
    }
  });
});
