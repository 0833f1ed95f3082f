import { defer, of, type Observable } from 'rxjs';
import {
  asOfJoin,
  assignWindows,
  dropDuplicates,
  intervalJoin,
  outcomes,
  rows,
  tumbling,
  windowJoin,
  withWatermark,
  type Element,
  type Outcome,
  type Traits,
} from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly k: string;
  readonly v?: number;
}
type Streams = readonly Observable<Element<Row>>[];

function open(
  options: object,
  traits: readonly Partial<Traits>[] = [{}, {}],
): OperatorHarness<Row, { k: string; of: number | null }> {
  const select = (row: Row, version: Row | null): unknown => ({ k: row.k, of: version?.v ?? null });
  const build = ([left, versions]: Streams): Observable<Element<{ k: string; of: number | null }>> =>
    left!.pipe(asOfJoin(versions!, { on: 'k', select, ...options } as never));
  return operatorHarness(build, { inputs: 2, traits });
}

describe('asOfJoin: whose watermark counts, and how it goes on', () => {
  it.each([
    ['instant', 9],
    ['ordered', 10],
  ] as const)('waits for both; a row on the watermark still waits (%s)', (ties, on) => {
    const harness = open({ type: 'left' }, [{ ties }, {}]);
    harness.event(1, { k: 'a', v: 1 }, 1);
    harness.event(5, { k: 'a' });
    harness.event(10, { k: 'a' });
    harness.watermark(10, 10, 0);
    expect(harness.take()).toEqual([]);
    harness.watermark(10, 10, 1);
    expect(harness.take()).toEqual([
      { kind: 'event', time: 5, row: { k: 'a', of: 1 } },
      { kind: 'watermark', time: on },
    ]);
    harness.watermark(11, 11, 0);
    harness.watermark(11, 11, 1);
    expect(harness.take()).toEqual([
      { kind: 'event', time: 10, row: { k: 'a', of: 1 } },
      { kind: 'watermark', time: on + 1 },
    ]);
  });

  it.each([
    ['nothing', 10],
    [3, 9],
  ] as const)('wait %s: that of the rows alone', (wait, on) => {
    const harness = open({ type: 'left', wait });
    harness.watermark(10, 10, 1);
    expect(harness.take()).toEqual([]);
    harness.watermark(10, 10, 0);
    expect(harness.take()).toEqual([{ kind: 'watermark', time: on }]);
  });

  it('a row on the border is joined, whatever other keys have deleted', () => {
    const harness = open({ type: 'left', wait: 3, deleted: ({ v }: Row) => v === undefined });
    harness.event(20, { k: 'a' }, 1);
    harness.event(28, { k: 'a' });
    harness.event(25, { k: 'b' });
    expect(harness.take()).toEqual([{ kind: 'event', time: 25, row: { k: 'b', of: null } }]);
  });

  it('inner leaves out rows without a version, left keeps them', () => {
    for (const [type, wanted] of [
      ['inner', []],
      ['left', [{ k: 'a', of: null }]],
    ] as const) {
      const harness = open({ type });
      harness.event(5, { k: 'a' });
      for (const input of [0, 1]) harness.watermark(Infinity, Infinity, input);
      expect(harness.takeRows()).toEqual(wanted);
    }
  });
});

describe('joins with a stream that says nothing of itself', () => {
  const left$ = of({ t: 1, k: 'a' }).pipe(withWatermark('t', 0));
  const right$ = of({ u: 1, k: 'a', v: 7 }).pipe(withWatermark('u', 0));
  /** It is only known once it is subscribed. */
  const unknown = <T>(stream: Observable<Element<T>>): Observable<Element<T>> => defer(() => stream);
  const heard = <T>(stream: Observable<T>): T[] => {
    const out: T[] = [];
    stream.subscribe((one) => out.push(one));
    return out;
  };

  it('take it for one with event time and a watermark', () => {
    const within = { after: 5 };
    expect(heard(left$.pipe(intervalJoin(unknown(right$), { on: 'k', within }), rows()))).toEqual([{ t: 1, u: 1, k: 'a', v: 7 }]);
    expect(heard(unknown(left$).pipe(intervalJoin(right$, { on: 'k', within }), rows()))).toHaveLength(1);
    const inWindows = right$.pipe(assignWindows(tumbling(10), 'w'));
    const windowed = left$.pipe(assignWindows(tumbling(10), 'w'));
    const window = { start: 0, end: 10 };
    expect(heard(windowed.pipe(windowJoin(unknown(inWindows), { window: 'w', on: 'k' }), rows()))).toEqual([
      { t: 1, u: 1, k: 'a', v: 7, w: window },
    ]);
    expect(heard(unknown(windowed).pipe(windowJoin(inWindows, { window: 'w', on: 'k' }), rows()))).toHaveLength(1);
  });
});

describe('windowJoin', () => {
  it('has the window once where both sides call it the same, twice where they do not', () => {
    const inWindows = <const W extends string>(name: W) =>
      of({ t: 1, k: 'a' }).pipe(withWatermark('t', 0), assignWindows(tumbling(10), name));
    const window = { start: 0, end: 10 };
    const told = (stream: Observable<Outcome<unknown>>): unknown[] => {
      const out: unknown[] = [];
      stream.subscribe({
        next: (one) => out.push(one.kind === 'row' ? one.row : one.reason),
        error: ({ code }) => out.push(code),
      });
      return out;
    };
    const on = { on: ['k', 't'] } as const;
    expect(told(inWindows('w').pipe(windowJoin(inWindows('w'), { ...on, window: 'w' }), outcomes()))).toEqual([
      { t: 1, k: 'a', w: window },
    ]);
    const both = { left: 'w', right: 'x' } as const;
    expect(told(inWindows('w').pipe(windowJoin(inWindows('x'), { ...on, window: both }), outcomes()))).toEqual([
      { t: 1, k: 'a', w: window, x: window },
    ]);
    // The same name for different things.
    const crossed = inWindows('w').pipe(assignWindows(tumbling(20), 'x'));
    const other = inWindows('x');
    expect(told(crossed.pipe(windowJoin(other, { ...on, window: both }), outcomes()))).toEqual(['TIDEMARK_NAME_CLASH']);
  });

  it('its results are those of windows for what comes next', () => {
    const windows$ = of({ t: 1, k: 'a' }, { t: 12, k: 'a' }).pipe(withWatermark('t', 0), assignWindows(tumbling(10), 'w'));
    const joined = windows$.pipe(windowJoin(windows$, { window: 'w', on: ['k', 't'] }), dropDuplicates(['k', 'w']), rows());
    expect(joined).toBeDefined();
  });
});
