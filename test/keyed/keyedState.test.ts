import { Subject, type OperatorFunction } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  events,
  flatMapGroupsWithState,
  fromSignals,
  keyedProcess,
  mapGroupsWithState,
  rows,
  signals,
  transformWithState,
  type Collector,
  type Element,
  type GroupState,
  type Signal,
  type StateHandle,
  type TidemarkError,
  type Timers,
  type ValueState,
} from 'tidemark';
import { updateDraft } from 'tidemark/drafts';
import { ManualRun, operatorHarness, weave } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly k: string;
  readonly t: number;
}
const row = (t: number, k = 'a'): Row => ({ k, t });
const marbles = (): TestScheduler => new TestScheduler((got, wanted) => expect(got).toEqual(wanted));

/** Counts; 5 ms of event time after the last row it says so and forgets. */
const counting = flatMapGroupsWithState<Row, 'k', number, string, 'eventTime'>({
  key: 'k',
  timeout: 'eventTime',
  update: (k, all, state) => {
    if (state.hasTimedOut) {
      const n = state.get();
      state.remove();
      return [`${k}:${n}`];
    }
    state.update((state.getOption() ?? 0) + all.length);
    state.setTimeoutTimestamp(all[0]!.t + 5);
    return [];
  },
});

describe('flatMapGroupsWithState in a pipe [L57]', () => {
  it('times out when the watermark has passed the timeout, not when it has reached it', () => {
    marbles().run(({ expectObservable }) => {
      const values = { a: { t: 1, row: row(1) }, b: { t: 2, row: row(2) }, c: { t: 3, row: row(3, 'b') }, U: 6, V: 7, W: 8 };
      const input = weave<Row>('-a-b---c----|', '-----U---V-W-', values as never);
      expectObservable(input.pipe(fromSignals(), counting, rows())).toBe('-----------x|', { x: 'a:2' });
    });
  });

  it('late rows are rejected with an event-time timeout, and are rows like others without', () => {
    const strict = operatorHarness<Row, string, 'event', 'untimed'>(counting);
    const loose = operatorHarness<Row, number, 'event', 'untimed'>(
      mapGroupsWithState<Row, 'k', number, number>({
        key: 'k',
        update: (_k, all, state) => {
          state.update((state.getOption() ?? 0) + all.length);
          return state.get();
        },
      }),
    );
    for (const harness of [strict, loose]) {
      harness.watermark(10);
      harness.event(10, row(10));
    }
    expect(strict.takeRejected()).toMatchObject([{ reason: 'late', time: 10, detail: { behindMs: 0, missingDelayMs: 1 } }]);
    expect(loose.take()).toMatchObject([{ kind: 'event', row: 1 }]);
  });

  it('processing time: the scheduler wakes it, at the timeout and not before; a row puts it off', () => {
    const operator = flatMapGroupsWithState<Row, 'k', number, string, 'processingTime'>({
      key: 'k',
      timeout: 'processingTime',
      update: (k, all, state) => {
        if (!state.hasTimedOut) state.setTimeoutDuration('10 milliseconds');
        return [`${k}:${all.length}@${state.getCurrentProcessingTimeMs()}`];
      },
    });
    const harness = operatorHarness<Row, string, 'event', 'untimed'>(operator, {
      traits: { kind: 'untimed', watermark: false },
    });
    harness.push(row(0));
    harness.advance(4);
    harness.push(row(0, 'b'));
    harness.push(row(0));
    expect(harness.takeRows()).toEqual(['a:1@0', 'b:1@4', 'a:1@4']);
    harness.advance(9);
    expect(harness.takeRows()).toEqual([]);
    harness.advance(1);
    expect(harness.takeRows()).toEqual(['b:0@14', 'a:0@14']);
    expect(harness.state).toMatchObject({ state: 0, timeouts: 0 });
  });

  it('a timeout behind the end of time is taken and never goes off', () => {
    const operator = mapGroupsWithState<Row, 'k', number, boolean, 'eventTime'>({
      key: 'k',
      timeout: 'eventTime',
      update: (_k, _all, state) => {
        state.setTimeoutTimestamp(50);
        return state.hasTimedOut;
      },
    });
    const harness = operatorHarness<Row, boolean, 'event', 'untimed'>(operator);
    harness.event(1, row(1));
    harness.watermark(Infinity);
    expect(harness.takeRows()).toEqual([false, true]);
  });

  it('gives no watermark, and is untimed for what follows', () => {
    const seen: Signal<unknown>[] = [];
    const source = new Subject<Signal<Row>>();
    source.pipe(fromSignals(), counting, signals()).subscribe((signal) => seen.push(signal));
    source.next({ kind: 'watermark', time: 5 });
    source.next({ kind: 'barrier', batchId: 1 });
    expect(seen).toEqual([{ kind: 'barrier', batchId: 1 }]);
    expect(() => events(new Subject<Row>()).pipe(counting as never)).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_UNTIMED' }) as Error,
    );
  });

  it('results are asked for one by one: nobody listening ends the call', () => {
    let made = 0;
    const endless = flatMapGroupsWithState<Row, 'k', number, number>({
      key: 'k',
      *update() {
        for (;;) yield made++;
      },
    });
    const got: number[] = [];
    const source = new Subject<Signal<Row>>();
    const subscription = source.pipe(fromSignals(), endless, rows()).subscribe((n) => {
      if (got.push(n) === 3) subscription.unsubscribe();
    });
    source.next({ kind: 'event', time: 1, row: row(1) });
    expect(got).toEqual([0, 1, 2]);
    expect(made).toBe(3);
  });
});

describe('a user function that throws', () => {
  const boom = new Error('boom');
  const make: Readonly<Record<string, (onError: 'error' | 'reject') => unknown>> = {
    flatMapGroupsWithState: (onError) =>
      flatMapGroupsWithState<Row, 'k', number, number>({
        key: 'k',
        onError,
        update: (k, _rows, state) => {
          state.update(1);
          if (k === 'bad') throw boom;
          return [];
        },
      }),
    transformWithState: (onError) =>
      transformWithState<Row, 'k', number>(
        (handle) => {
          const n = handle.valueState<number>('n');
          return {
            handleInputRows(k) {
              n.update(1);
              if (k === 'bad') throw boom;
            },
          };
        },
        { key: 'k', onError },
      ),
    keyedProcess: (onError) =>
      keyedProcess<Row, 'k', number>(
        () => ({
          onRow(_row, { key }) {
            if (key === 'bad') throw boom;
          },
        }),
        { key: 'k', onError },
      ),
  };

  it.each(Object.entries(make))(
    'ends the stream whatever onError says, because state may be half changed: %s',
    (_name, build) => {
      for (const onError of ['error', 'reject'] as const) {
        const harness = operatorHarness<Row, number, 'event', 'event'>(build(onError) as never);
        harness.event(1, row(1));
        harness.event(2, row(2, 'bad'));
        const error = harness.error as TidemarkError;
        expect(error.code).toBe('TIDEMARK_USER_FUNCTION');
        expect(error.cause).toBe(boom);
        expect(error.details).toMatchObject({ time: 2, row: row(2, 'bad') });
      }
    },
  );

  it('in a batch it names the rows of the key', () => {
    const run = new ManualRun();
    const harness = operatorHarness<Row, number, 'event', 'event'>(make['transformWithState']!('reject') as never, { run });
    harness.event(1, row(1, 'bad'));
    harness.event(2, row(2, 'bad'));
    harness.watermark(5);
    expect((harness.error as TidemarkError).details).toMatchObject({ rows: [row(1, 'bad'), row(2, 'bad')] });
  });

  it('a key that throws follows onError and leaves no trace', () => {
    const operator = mapGroupsWithState<Row, (one: Row) => string, number, string>({
      key: (one) => {
        if (one.k === 'bad') throw boom;
        return one.k;
      },
      onError: 'reject',
      update: (k) => k,
    });
    const harness = operatorHarness<Row, string, 'event', 'untimed'>(operator);
    harness.event(1, row(1, 'bad'));
    harness.event(1, row(1));
    expect(harness.take().map(({ kind }) => kind)).toEqual(['rejected', 'event']);
    expect(harness.state).toMatchObject({ state: 0 });
  });
});

describe('what keyed state refuses', () => {
  const reasonOf = (work: () => unknown): unknown => {
    try {
      work();
    } catch (error) {
      return (error as TidemarkError).details['reason'];
    }
    return undefined;
  };

  it('says why: timers without a mode, no time, no state, outside of a call, declared late', () => {
    let kept: { handle: StateHandle; value: ValueState<number>; timers: Timers } | undefined;
    const reasons: unknown[] = [];
    const operator = transformWithState<Row, 'k', never>(
      (handle) => {
        const value = handle.valueState<number>('n');
        return {
          handleInputRows(_k, _rows, timers) {
            kept = { handle, value, timers };
            reasons.push(reasonOf(() => timers.register(5)));
            reasons.push(reasonOf(() => value.update(null as never)));
            reasons.push(reasonOf(() => handle.listState('late')));
          },
        };
      },
      { key: 'k' },
    );
    const harness = operatorHarness<Row, never, 'event', 'event'>(operator);
    harness.event(1, row(1));
    expect(reasons).toEqual(['timeout-not-enabled', 'null-state', 'declared-late']);
    expect(reasonOf(() => kept?.value.get())).toBe('outside-call');
    let state: GroupState<number> | undefined;
    const groups = operatorHarness<Row, unknown, 'event', 'untimed'>(
      mapGroupsWithState<Row, 'k', number, unknown>({
        key: 'k',
        update: (_k, _rows, own) => reasonOf(() => (state = own).get()),
      }),
    );
    groups.event(1, row(1));
    expect(groups.takeRows()).toEqual(['no-state']);
    expect(reasonOf(() => state?.update(1))).toBe('outside-call');
    const timed = operatorHarness<Row, unknown, 'event', 'event'>(
      keyedProcess<Row, 'k', unknown>(
        () => ({ onRow: (_row, { eventTimers }, out) => out(reasonOf(() => eventTimers.register(NaN))) }),
        { key: 'k' },
      ),
    );
    timed.event(1, row(1));
    expect(timed.takeRows()).toEqual(['not-a-time']);
  });

  it('complete mode, two states of one name, an initial state that nobody takes', () => {
    const two = transformWithState<Row, 'k', never>(
      (handle) => {
        handle.valueState('n');
        handle.mapState('n');
        return { handleInputRows() {} };
      },
      { key: 'k' },
    );
    expect(() => operatorHarness(two)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }) as Error);
    const untaken = transformWithState<Row, 'k', never, number>(() => ({ handleInputRows() {} }), {
      key: 'k',
      initialState: [['a', 1]],
    });
    expect(() => operatorHarness(untaken)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }) as Error);
    expect(() => operatorHarness(counting, { run: true, outputMode: 'complete' })).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_OUTPUT_MODE' }) as Error,
    );
  });
});

describe('transformWithState', () => {
  /** Sums of a key, beginning with what was known. */
  const sums = (closed: string[] = []): OperatorFunction<Element<Row>, Element<unknown>> =>
    transformWithState<Row, readonly ['k'], unknown, number, 'eventTime'>(
      (handle) => {
        const sum = handle.valueState<number>('sum');
        return {
          handleInitialState(_key, n, timers) {
            sum.update(n);
            timers.register(3);
          },
          handleInputRows({ k }, all, _timers, out: Collector<unknown>) {
            sum.update((sum.get() ?? 0) + all.length);
            out([k, sum.get()]);
          },
          handleExpiredTimer: ({ k }, time, _timers, out) => out([k, 'timer', time]),
          close: () => void closed.push('closed'),
        };
      },
      { key: ['k'], timeMode: 'eventTime', initialState: [[{ k: 'a' }, 100]] },
    );

  it('takes its initial state once, also over restarts', () => {
    const harness = operatorHarness<Row, unknown, 'event', 'event'>(sums());
    harness.event(1, row(1));
    harness.restore(harness.snapshot());
    harness.event(2, row(2));
    harness.watermark(4);
    expect(harness.takeRows()).toEqual([
      ['a', 101],
      ['a', 102],
      ['a', 'timer', 3],
    ]);
  });

  it('initial state in a query knows the watermark of the batch', () => {
    const seen: number[] = [];
    const operator = transformWithState<Row, 'k', never, string, 'eventTime'>(
      () => ({
        handleInitialState(_key, _state, timers) {
          seen.push(timers.getCurrentWatermarkMs());
        },
        handleInputRows() {},
      }),
      { key: 'k', timeMode: 'eventTime', initialState: [['a', 'x']] },
    );
    const harness = operatorHarness<Row, never, 'event', 'event'>(operator, { run: new ManualRun() });
    harness.event(1, row(1));
    harness.watermark(0);
    expect(seen).toEqual([0]);
  });

  it('closes the processor when the stream is left', () => {
    const closed: string[] = [];
    const harness = operatorHarness<Row, unknown, 'event', 'event'>(sums(closed));
    harness.event(1, row(1));
    expect(closed).toEqual([]);
    harness.close();
    expect(closed).toEqual(['closed']);
  });

  it('stamps results: the row, the last of a batch, the timer, and never behind the watermark', () => {
    const operator = transformWithState<Row, 'k', string, unknown, 'eventTime'>(
      () => ({
        handleInputRows(_k, all, timers, out) {
          timers.register(all[0]!.t === 20 ? 4 : 16);
          out('rows');
          out('own', 99);
        },
        handleExpiredTimer: (_k, time, _timers, out) => out(`timer ${time}`),
      }),
      { key: 'k', timeMode: 'eventTime' },
    );
    const timesOf = (said: readonly Signal<string>[]): unknown[] =>
      said.flatMap((s) => (s.kind === 'event' ? [[s.row, s.time]] : []));
    const pipe = operatorHarness<Row, string, 'event', 'event'>(operator);
    pipe.watermark(10);
    pipe.event(20, row(20));
    pipe.event(12, row(12));
    pipe.watermark(17);
    expect(timesOf(pipe.take())).toEqual([
      ['rows', 20],
      ['own', 99],
      ['rows', 12],
      ['own', 99],
      ['timer 4', 10],
      ['timer 16', 16],
    ]);
    const batch = operatorHarness<Row, string, 'event', 'event'>(operator, { run: new ManualRun() });
    batch.event(20, row(20));
    batch.event(12, row(12));
    batch.watermark(3);
    expect(timesOf(batch.take())).toEqual([
      ['rows', 20],
      ['own', 99],
    ]);
  });

  it('holds the rows of a batch until it ends, and uses them up then', () => {
    const harness = operatorHarness<Row, unknown, 'event', 'event'>(sums(), { run: new ManualRun() });
    for (const t of [1, 2, 3]) harness.event(t, row(t));
    expect(harness.tally).toMatchObject({ in: 3, held: 3, absorbed: 0 });
    harness.barrier(0);
    expect(harness.tally).toMatchObject({ in: 3, held: 0, absorbed: 3, outputs: 1 });
    expect(harness.takeRows()).toEqual([['a', 103]]);
  });

  it('forgets what has outlived its time to live, without a row that would ask', () => {
    const operator = transformWithState<Row, 'k', unknown>(
      (handle) => {
        const short = handle.valueState<number>('short', { ttl: 10 });
        const long = handle.mapState<string, number>('long');
        return {
          handleInputRows(k, all, _timers, out) {
            out([k, short.get(), [...long.keys()]]);
            short.update(1);
            long.put(String(all[0]!.t), 1);
          },
        };
      },
      { key: 'k', ttl: '1 second' },
    );
    const harness = operatorHarness<Row, unknown, 'event', 'event'>(operator);
    harness.event(1, row(1));
    harness.advance(9);
    expect(harness.state).toMatchObject({ 'state:short': 1, 'state:long': 1 });
    harness.restore(harness.snapshot());
    harness.advance(1);
    expect(harness.state).toMatchObject({ 'state:short': 0, 'state:long': 1 });
    harness.event(2, row(2));
    expect(harness.takeRows()).toEqual([
      ['a', undefined, []],
      ['a', undefined, ['1']],
    ]);
    harness.advance(1000);
    expect(harness.state).toMatchObject({ 'state:short': 0, 'state:long': 0 });
  });
});

describe('processing-time timers', () => {
  const echo = keyedProcess<Row, 'k', number>(
    () => ({
      onRow: ({ t }, { processingTimers }) => processingTimers.register(t),
      onTimer: ({ time }, _context, out) => out(time),
    }),
    { key: 'k' },
  );

  it('a sooner one wakes it sooner, one of the far future does not wake it at once', () => {
    const harness = operatorHarness<Row, number, 'event', 'event'>(echo);
    for (const t of [2 ** 40, 50, 20, 30]) harness.event(t, row(t));
    harness.advance(20);
    expect(harness.takeRows()).toEqual([20]);
    harness.advance(29);
    expect(harness.takeRows()).toEqual([30]);
    harness.advance(1);
    expect(harness.takeRows()).toEqual([50]);
    harness.advance(2 ** 40 - 51);
    expect(harness.takeRows()).toEqual([]);
    harness.advance(1);
    expect(harness.takeRows()).toEqual([2 ** 40]);
  });

  it('in a query they go by the time of the batch, strictly, and say when they are due', () => {
    const run = new ManualRun();
    const harness = operatorHarness<Row, number, 'event', 'event'>(echo, { run });
    const at = (time: number): number[] => {
      run.batch = { ...run.batch, time };
      harness.watermark(0);
      harness.barrier(0);
      return harness.takeRows();
    };
    harness.event(20, row(20));
    expect([at(0), at(20), at(21)]).toEqual([[], [], [20]]);
  });
});

describe('drafts', () => {
  it('replace the state, and leave the old one and what did not change as they were', () => {
    interface Stats {
      n: number;
      readonly tags: { readonly name: string };
    }
    const kept: Stats[] = [];
    const operator = mapGroupsWithState<Row, 'k', Stats, Stats>({
      key: 'k',
      update: (_k, all, state) => {
        updateDraft(state, (draft) => void (draft.n += all.length), { n: 0, tags: { name: 'x' } });
        kept.push(state.get());
        return state.get();
      },
    });
    const harness = operatorHarness<Row, Stats, 'event', 'untimed'>(operator);
    harness.event(1, row(1));
    harness.event(2, row(2));
    expect(kept.map(({ n }) => n)).toEqual([1, 2]);
    expect(kept[1]!.tags).toBe(kept[0]!.tags);
    expect(Object.isFrozen(kept[1])).toBe(true);
  });

  it('of nothing are refused', () => {
    const operator = transformWithState<Row, 'k', never>(
      (handle) => {
        const value = handle.valueState<{ n: number }>('n');
        return { handleInputRows: () => updateDraft(value, (draft) => void draft.n++) };
      },
      { key: 'k' },
    );
    const harness = operatorHarness<Row, never, 'event', 'event'>(operator);
    harness.event(1, row(1));
    expect(harness.error).toMatchObject({ code: 'TIDEMARK_KEYED_STATE', details: { reason: 'no-state' } });
  });
});
