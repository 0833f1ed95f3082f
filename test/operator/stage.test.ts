import { Subject } from 'rxjs';
import { fromSignals, operator, rows, signals, type OperatorSpec, type Out, type Processor, type Signal } from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

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
