import { Subject, VirtualTimeScheduler, type Observable } from 'rxjs';
import {
  agg,
  aggregate,
  fromSignals,
  operator,
  rows,
  signals,
  TidemarkError,
  tumbling,
  type OperatorSpec,
  type Out,
  type Processor,
  type Signal,
} from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import type { OutputMode } from '../../src/rx/run';
import type { StateTable } from '../../src/state/table';

type Spec = OperatorSpec<string, string>;

function specOf(processor: Partial<Processor<string, string>>, more: Partial<Spec> = {}): Spec {
  return {
    type: 'probe',
    accepts: ['event'],
    create: () => ({ onEvent: (time, row, out) => out.forward(time, row), ...processor }),
    ...more,
  };
}

const harnessOf = (processor: Partial<Processor<string, string>>, more: Partial<Spec> = {}, run = false) =>
  operatorHarness<string, string, 'event', 'event'>(operator(specOf(processor, more)), { run });

describe('the adapter of a processor', () => {
  it('calls the hooks in the order of the signals, and forwards each after its hook', () => {
    const log: string[] = [];
    const harness = harnessOf({
      onStart: () => void log.push('start'),
      onEvent: (time, row, out, input) => {
        log.push(`event ${time} ${row} ${input}`);
        out.forward(time, row);
      },
      onWatermark: (emit, drop, out: Out<string>) => {
        log.push(`watermark ${emit} ${drop}`);
        out.event(emit - 1, 'result');
      },
      onBarrier: (id, out: Out<string>) => {
        log.push(`barrier ${id}`);
        out.event(0, 'at the barrier');
      },
      onEnd: (out: Out<string>) => {
        log.push('end');
        out.event(9, 'last');
      },
    });
    expect(log).toEqual(['start']);
    harness.event(1, 'a');
    harness.watermark(5, 3);
    harness.barrier(7);
    harness.idle(true);
    harness.end();
    expect(log).toEqual(['start', 'event 1 a 0', 'watermark 5 3', 'barrier 7', 'end']);
    expect(harness.take().map((s) => (s.kind === 'event' ? s.row : s.kind))).toEqual([
      'a',
      'result',
      'watermark',
      'at the barrier',
      'barrier',
      'idle',
      'last',
    ]);
    expect(harness.ended).toBe(true);
    expect(harness.tally).toMatchObject({ in: 1, forwarded: 1, outputs: 3 });
  });

  it('absorbs regressing watermarks, each side by itself', () => {
    const seen: [number, number][] = [];
    const harness = harnessOf({ onWatermark: (emit, drop) => void seen.push([emit, drop]) });
    for (const [emit, drop] of [
      [10, 5],
      [9, 4],
      [10, 5],
      [8, 7],
      [12, 6],
      [NaN, NaN],
      [13, 13],
    ] as const)
      harness.watermark(emit, drop);
    expect(seen).toEqual([
      [10, 5],
      [10, 7],
      [12, 7],
      [13, 13],
    ]);
    expect(harness.take()).toEqual([
      { kind: 'watermark', time: 10, drop: 5 },
      { kind: 'watermark', time: 10, drop: 7 },
      { kind: 'watermark', time: 12, drop: 7 },
      { kind: 'watermark', time: 13 },
    ]);
  });

  it('propagate says what is forwarded, for both sides', () => {
    const harness = harnessOf({ propagate: (w) => (w > 10 ? w - 5 : undefined) });
    for (const [emit, drop] of [
      [10, 5],
      [12, 10],
      [20, 11],
    ] as const)
      harness.watermark(emit, drop);
    expect(harness.take()).toEqual([{ kind: 'watermark', time: 15, drop: 6 }]);
    const drops = harnessOf({ speaksAt: 'drop', propagate: (w) => w - 1 });
    drops.watermark(20, 11);
    expect(drops.take()).toEqual([{ kind: 'watermark', time: 10 }]);
  });

  it('one that owns the watermark forwards none, and no idle mark, of its own accord', () => {
    const idle: boolean[] = [];
    const harness = harnessOf({
      ownsWatermark: true,
      onIdle: (is) => void idle.push(is),
      onWatermark: (emit, _drop, out) => out.watermark(emit * 2, emit),
    });
    harness.watermark(10);
    harness.idle(true);
    expect(harness.take()).toEqual([{ kind: 'watermark', time: 20, drop: 10 }]);
    expect(idle).toEqual([true]);
  });

  it.each(['onWatermark', 'onBarrier', 'onEnd', 'onTick'] as const)('guards %s: one error, and nothing after it', (hook) => {
    const boom = new Error('boom');
    const processor: Partial<Processor<string, string>> = {
      onEvent: (_time, _row, out) => out.tickIn(5),
      [hook]: () => {
        throw boom;
      },
    };
    const harness = harnessOf(processor);
    harness.event(1, 'a');
    harness.watermark(3);
    harness.advance(10);
    harness.barrier(1);
    harness.end();
    harness.watermark(9);
    harness.event(9, 'b');
    expect(harness.error).toMatchObject({ code: 'TIDEMARK_USER_FUNCTION', cause: boom, details: { operator: 'probe-1' } });
    expect((harness.error as Error).message).toBe(`a user's function threw in 'probe-1': ${boom.message}`);
    expect(harness.ended).toBe(false);
    expect(harness.tally.in).toBe(1);
  });

  it('stamps rejections with operator and drop watermark', () => {
    const harness = harnessOf({ onEvent: (time, row, out) => out.reject('duplicate', time, row) }, { options: { id: 'mine' } });
    harness.event(4, 'a');
    harness.watermark(9, 6);
    harness.event(5, 'b');
    expect(harness.takeRejected()).toEqual([
      { kind: 'rejected', reason: 'duplicate', time: 4, row: 'a', operator: 'mine', watermark: -Infinity },
      { kind: 'rejected', reason: 'duplicate', time: 5, row: 'b', operator: 'mine', watermark: 6 },
    ]);
    expect(harness.tally.rejected).toEqual({ duplicate: 2 });
  });

  it('asks for one tick at a time', () => {
    const ticks: number[] = [];
    const harness = harnessOf({ onEvent: (_t, _r, out) => out.tickIn(10), onTick: (now) => void ticks.push(now) });
    harness.event(1, 'a');
    harness.advance(4);
    harness.event(1, 'b');
    harness.advance(6);
    harness.event(1, 'c');
    harness.advance(30);
    expect(ticks).toEqual([10, 20]);
    harness.event(1, 'd');
    harness.close();
    harness.advance(100);
    expect(ticks).toEqual([10, 20]);
  });

  it('default ids are type and depth; an explicit id twice in one graph is refused', () => {
    const ids: string[] = [];
    const named = (options?: { id: string }) =>
      operator<string, string, 'event', 'event'>({
        ...specOf({}),
        ...(options === undefined ? {} : { options }),
        create: ({ id }) => (ids.push(id), { onEvent: () => undefined }),
      });
    const source = new Subject<Signal<string>>();
    source.pipe(fromSignals(), named(), named(), named({ id: 'x' }), rows()).subscribe();
    expect(ids.sort()).toEqual(['probe-1', 'probe-2', 'x']);
    expect(source.observed).toBe(true);
    const errors: unknown[] = [];
    source
      .pipe(fromSignals(), named({ id: 'x' }), named({ id: 'x' }), signals())
      .subscribe({ error: (cause) => errors.push(cause) });
    expect(errors).toEqual([expect.objectContaining({ code: 'TIDEMARK_DUPLICATE_ID' })]);
  });

  it('a snapshot has the watermarks and every declared table; restore gives them back', () => {
    let value = 1;
    const table = {
      version: 3,
      size: () => 1,
      entries: () => [[['k'], value] as const],
      load: (entries: Iterable<readonly [readonly unknown[], unknown]>) =>
        void ([[, value]] = [...entries] as [[unknown, number]]),
    };
    const harness = harnessOf({ tables: { mine: table } });
    harness.watermark(8, 2);
    const snapshot = harness.snapshot();
    expect(snapshot).toEqual([{ emit: 8, drop: 2, tables: { mine: { version: 3, entries: [[['k'], 1]] } } }]);
    value = 5;
    harness.restore(snapshot);
    expect(value).toBe(1);
    expect(harness.report).toMatchObject({ watermark: 8, drop: 2, state: { mine: 1 } });
    harness.watermark(8, 2);
    expect(harness.take()).toEqual([{ kind: 'watermark', time: 8, drop: 2 }]);
  });
});

describe('what a run asks of an operator', () => {
  interface Live {
    wantsBatch(w: number, now: number): boolean;
    propagated(w: number): number | undefined;
    readonly evictedWith: number;
    stateTables(): Readonly<Record<string, StateTable>>;
    restored(): void;
  }
  const liveOf = (harness: object): Live => (harness as { stages: readonly Live[] }).stages[0]!;

  it('a stateful operator wants a batch without rows when its watermark would rise, others none, unless they say so', () => {
    const [stateless, stateful] = [harnessOf({}, {}, true), harnessOf({}, { stateful: true }, true)];
    const own = harnessOf({ wantsBatch: (w, now) => w < now }, { stateful: true }, true);
    for (const harness of [stateless, stateful, own]) harness.watermark(10, 8);
    expect([7, 8, 9].map((w) => liveOf(stateless).wantsBatch(w, 0))).toEqual([false, false, false]);
    expect([7, 8, 9].map((w) => liveOf(stateful).wantsBatch(w, 0))).toEqual([false, false, true]);
    expect([7, 8, 9].map((w) => liveOf(own).wantsBatch(w, 8))).toEqual([true, false, false]);
    expect(liveOf(stateful).evictedWith).toBe(8);
  });

  it('its watermark is never below 0, where it has one; one that has none ends its batches all the same', () => {
    const behind = harnessOf({ propagate: (w) => w - 5 }, {}, true);
    behind.watermark(3, -Infinity);
    behind.watermark(9);
    expect(behind.take()).toEqual([
      { kind: 'watermark', time: 0, drop: -Infinity },
      { kind: 'watermark', time: 4 },
    ]);
    expect([3, 5, 9].map((w) => liveOf(behind).propagated(w))).toEqual([0, 0, 4]);
    const silent = harnessOf({ propagate: () => undefined }, {}, true);
    silent.watermark(3);
    silent.watermark(3);
    expect(silent.take()).toEqual([
      { kind: 'watermark', time: -Infinity },
      { kind: 'watermark', time: -Infinity },
    ]);
    expect(liveOf(silent).propagated(3)).toBeUndefined();
    expect(liveOf(harnessOf({}, {}, true)).propagated(3)).toBe(3);
    const plain = harnessOf({ propagate: (w) => w - 5 });
    plain.watermark(3);
    expect(plain.take()).toEqual([{ kind: 'watermark', time: -2 }]);
  });

  it('when its tables have been loaded it goes on from its watermarks, and asks again for its ticks', () => {
    const ticks: number[] = [];
    const make = () =>
      harnessOf({ onRestore: (out: Out<string>) => out.tickIn(5), onTick: (now) => void ticks.push(now) }, {}, true);
    const before = make();
    before.watermark(8, 2);
    const after = make();
    for (const [name, table] of Object.entries(liveOf(after).stateTables()))
      table.load([...liveOf(before).stateTables()[name]!.entries()]);
    liveOf(after).restored();
    expect(after.report).toMatchObject({ watermark: 8, drop: 2 });
    expect(liveOf(after).evictedWith).toBe(2);
    after.advance(10);
    expect(ticks).toEqual([5]);
    after.restore(after.snapshot());
    after.advance(10);
    expect(ticks).toEqual([5, 15]);
  });

  it('it says what its state was written by', () => {
    const plain = liveOf(harnessOf({})) as unknown as Record<string, unknown>;
    expect([plain['type'], plain['description'], plain['stateful']]).toEqual(['probe', {}, false]);
    const described = harnessOf({}, { description: { column: 'a' }, stateful: true });
    expect(liveOf(described)).toMatchObject({ type: 'probe', description: { column: 'a' }, stateful: true });
  });
});

describe('the output mode of a query', () => {
  /** In which mode each operator of a pipe works, from the source on. */
  function modesOf(outputMode: OutputMode, specs: readonly Partial<Spec>[]): OutputMode[] {
    const modes: OutputMode[] = [];
    const make = (more: Partial<Spec>, i: number) =>
      operator({
        ...specOf({}, more),
        create: (context) => {
          modes[i] = context.outputMode;
          return { onEvent: (time, row, out) => out.forward(time, row) };
        },
      });
    const pipe = (source: Observable<unknown>) => specs.map(make).reduce((stream, each) => each(stream as never), source);
    operatorHarness<string, string, 'event', 'event'>(pipe as never, { run: true, outputMode });
    return modes;
  }

  it.each(['append', 'update', 'complete'] as const)(
    '%s is that of the last stateful operator; those above it append',
    (mode) => {
      const modes = modesOf(mode, [{}, { stateful: true }, {}, { stateful: true }, {}]);
      expect(modes).toEqual(['append', 'append', 'append', mode, mode]);
      expect(modesOf(mode, [{}, {}])).toEqual([mode, mode]);
    },
  );

  it('an operator on tables hands complete mode on to the one above, and no other mode', () => {
    const above = (mode: OutputMode): OutputMode | undefined =>
      modesOf(mode, [{ stateful: true }, { stateful: true, ofTable: true }])[0];
    expect([above('append'), above('update'), above('complete')]).toEqual(['append', 'append', 'complete']);
  });
});

describe('the ends of an operator', () => {
  it('nothing follows an error from above', () => {
    const harness = harnessOf({});
    const cause = new Error('above');
    harness['enter'](0, (sink) => sink.error(cause));
    harness.event(1, 'a');
    harness.watermark(5);
    harness['enter'](0, (sink) => sink.error(new Error('again')));
    expect(harness.error).toBe(cause);
    expect(harness.tally.in).toBe(0);
  });

  it('nothing follows the end', () => {
    let ends = 0;
    const harness = harnessOf({ onEnd: () => void ends++ });
    harness.end();
    harness.end();
    harness.event(1, 'a');
    harness.watermark(5);
    harness.barrier(1);
    expect([ends, harness.tally.in, harness.take()]).toEqual([1, 0, []]);
    expect(harness.ended).toBe(true);
  });

  it('a named error of a user function that works on state keeps its name', () => {
    const named = new TidemarkError('TIDEMARK_DURATION', 'mine');
    const failing = (thrown: Error) =>
      operatorHarness<object, unknown, 'event', 'event'>(
        aggregate({
          window: tumbling(10),
          select: { n: agg.custom<object, object, number>({ create: () => ({}), add: () => fail(thrown), result: () => 0 }) },
        } as never) as never,
      );
    const fail = (thrown: Error): never => {
      throw thrown;
    };
    const [byName, other] = [failing(named), failing(new RangeError('boom'))];
    for (const harness of [byName, other]) harness.event(1, {});
    expect(byName.error).toBe(named);
    expect(other.error).toMatchObject({ code: 'TIDEMARK_USER_FUNCTION', cause: { message: 'boom' } });
  });

  it('what it holds is given back when the stream is left', () => {
    let closed = 0;
    const harness = harnessOf({ onClose: () => void closed++ });
    expect(closed).toBe(0);
    harness.close();
    expect(closed).toBe(1);
  });

  it('a state that is not there, or of another version, is refused', () => {
    const table = { version: 3, size: () => 0, entries: () => [], load: () => undefined };
    const harness = harnessOf({ tables: { mine: table } });
    const code = expect.objectContaining({ code: 'TIDEMARK_STATE' }) as Error;
    expect(() => harness.restore([{ emit: 0, drop: 0, tables: {} }])).toThrow(code);
    expect(() => harness.restore([{ emit: 0, drop: 0, tables: { mine: { version: 2, entries: [] } } }])).toThrow(code);
    expect(() => harness.restore([{ emit: 0, drop: 0, tables: { mine: { version: 3, entries: [] } } }])).not.toThrow();
  });
});

describe('processing time', () => {
  it('an earlier request takes the place of a later one, a later one waits for its turn', () => {
    const ticks: number[] = [];
    const harness = harnessOf({
      onEvent: (time, _row, out) => out.tickAt(time),
      onTick: (now) => void ticks.push(now),
    });
    harness.event(30, 'a');
    harness.event(10, 'b');
    harness.event(20, 'c');
    harness.advance(50);
    expect(ticks).toEqual([10]);
    harness.event(40, 'd'); // in the past: at once
    harness.advance(0);
    expect(ticks).toEqual([10, 50]);
  });

  it('waits no longer than a timer can count, and stops its timer with the stream', () => {
    const scheduler = new VirtualTimeScheduler();
    const harness = harnessOf({ onEvent: (time, _row, out) => out.tickAt(time) }, { options: { scheduler } });
    const waits = (): number[] => scheduler.actions.map(({ delay }) => delay);
    harness.event(1e15, 'a');
    expect(waits()).toEqual([2 ** 31 - 1]);
    harness.event(1000, 'b');
    expect(waits()).toEqual([1000]);
    harness.close();
    expect(waits()).toEqual([]);
  });

  it('a row whose windows are partly closed is counted', () => {
    const harness = harnessOf({ onEvent: (_time, _row, out) => out.partlyLate() });
    harness.event(1, 'a');
    harness.event(1, 'b');
    expect(harness.tally).toMatchObject({ in: 2, partlyLate: 2 });
  });
});
