import { concatMap, filter, finalize, of, take } from 'rxjs';
import {
  assignWindows,
  customWindows,
  fromSignals,
  mapRows,
  perRow,
  reassignTimestamps,
  reassignWatermark,
  rows,
} from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

describe('perRow', () => {
  it('gives what the operators make of a row, with its time; what they keep is filtered', () => {
    const operator = perRow<number, string, 'event'>((each) =>
      each.pipe(
        filter((n) => n > 0),
        concatMap((n) => Array.from({ length: n }, (_, i) => `${n}.${i}`)),
      ),
    );
    const harness = operatorHarness(operator);
    harness.event(7, 2);
    harness.event(8, 0);
    harness.watermark(8);
    harness.event(9, 1);
    expect(harness.take()).toEqual([
      { kind: 'event', time: 7, row: '2.0' },
      { kind: 'event', time: 7, row: '2.1' },
      { kind: 'watermark', time: 8 },
      { kind: 'event', time: 9, row: '1.0' },
    ]);
    expect(harness.tally).toMatchObject({ in: 3, absorbed: 2, filtered: 1, outputs: 3, forwarded: 0 });
  });

  it('lets go of its operators at the end, and stops in the middle when nobody listens any more', () => {
    const seen: unknown[] = [];
    const harness = operatorHarness(perRow<number, number, 'event'>((each) => each.pipe(finalize(() => seen.push('over')))));
    harness.event(1, 1);
    expect(seen).toEqual([]);
    harness.end();
    expect(seen).toEqual(['over']);
    const left = operatorHarness(perRow<number, number, 'event'>((each) => each.pipe(finalize(() => seen.push('left')))));
    left.close();
    expect(seen.splice(1)).toEqual(['left']);
    let made = 0;
    of({ kind: 'event', time: 1, row: 5 } as const)
      .pipe(
        fromSignals(),
        perRow((each) => each.pipe(concatMap((n) => [n, n + 1, n + 2]))),
        mapRows((n) => (made++, n)),
        rows(),
        take(2),
      )
      .subscribe((n) => seen.push(n));
    expect(seen).toEqual(['over', 5, 6]);
    expect(made).toBe(2);
  });
});

describe('assignWindows', () => {
  const windows = {
    few: [
      { start: 0, end: 5 },
      { start: 0, end: 10 },
    ],
    none: [],
  } as const;

  it('gives the row once for each of its windows, and rejects one that has none', () => {
    const harness = operatorHarness(
      assignWindows<{ n: keyof typeof windows }, 'w'>(
        customWindows((_time, row) => windows[row.n]),
        'w',
      ),
    );
    harness.event(1, { n: 'few' });
    harness.event(2, { n: 'none' });
    expect(harness.take()).toMatchObject([
      { kind: 'event', time: 1, row: { n: 'few', w: windows.few[0] } },
      { kind: 'event', time: 1, row: { n: 'few', w: windows.few[1] } },
      { kind: 'rejected', reason: 'noWindow', time: 2, row: { n: 'none' } },
    ]);
    expect(harness.tally).toMatchObject({ in: 2, absorbed: 1, outputs: 2, rejected: { noWindow: 1 } });
  });

  it('stops in the middle when nobody listens any more', () => {
    const out: unknown[] = [];
    let made = 0;
    of({ kind: 'event', time: 1, row: { n: 'few' as const } } as const)
      .pipe(
        fromSignals(),
        assignWindows(
          customWindows<{ n: keyof typeof windows }>((_time, row) => windows[row.n]),
          'w',
        ),
        mapRows((row) => (made++, row.w.end)),
        rows(),
        take(1),
      )
      .subscribe((end) => out.push(end));
    expect([out, made]).toEqual([[5], 1]);
  });
});

describe('the end of a stream whose time was given anew', () => {
  it.each([
    ['reassignTimestamps', reassignTimestamps<{ u: number }>('u')],
    ['reassignWatermark', reassignWatermark<{ u: number }>('u', 0)],
  ])('%s: is no end of time, unless it was one before', (_name, operator) => {
    const stopped = operatorHarness(operator);
    stopped.event(1, { u: 5 });
    stopped.take();
    stopped.end();
    expect(stopped.take()).toEqual([]);
    expect(stopped.ended).toBe(true);
    const complete = operatorHarness(operator);
    complete.event(1, { u: 5 });
    complete.watermark(Infinity);
    complete.end();
    expect(complete.take().at(-1)).toEqual({ kind: 'watermark', time: Infinity });
  });
});
