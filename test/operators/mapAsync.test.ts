import { of, VirtualTimeScheduler } from 'rxjs';
import { events, mapAsync, type MapAsyncOptions } from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

/** Work whose answers the test gives: `answer('a')` lets `a` become `A`. */
class Desk {
  readonly begun: string[] = [];
  readonly aborted: string[] = [];
  private readonly open = new Map<string, { resolve: (value: string) => void; reject: (cause: unknown) => void }>();

  readonly work = (row: string, signal: AbortSignal): Promise<string> => {
    this.begun.push(row);
    signal.addEventListener('abort', () => this.aborted.push(row));
    return new Promise((resolve, reject) => this.open.set(row, { resolve, reject }));
  };

  async answer(...rows: readonly string[]): Promise<void> {
    for (const row of rows) {
      this.open.get(row)!.resolve(row.toUpperCase());
      await settled();
    }
  }

  async fail(row: string, cause: unknown): Promise<void> {
    this.open.get(row)!.reject(cause);
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 8; i++) await Promise.resolve();
}

type Harness = OperatorHarness<string, string>;

function at(options: MapAsyncOptions = {}, run = false): { desk: Desk; h: Harness } {
  const desk = new Desk();
  return { desk, h: operatorHarness<string, string, 'event', 'event'>(mapAsync(desk.work, options), { run }) };
}

/** Rows come at times 1, 2, 3 … */
async function feed(h: Harness, rows: string): Promise<void> {
  [...rows].forEach((row, i) => h.event(i + 1, row));
  await settled();
}

function said(h: Harness): string {
  return h
    .take()
    .map((s) => (s.kind === 'event' ? `${s.row}${s.time}` : s.kind === 'watermark' ? `W${s.time}/${s.drop ?? s.time}` : s.kind))
    .join(' ');
}

describe('mapAsync', () => {
  it('works on one row at a time, in order, and keeps the times', async () => {
    const { desk, h } = at();
    await feed(h, 'abc');
    expect(desk.begun).toEqual(['a']);
    await desk.answer('a');
    expect(said(h)).toBe('A1');
    expect(desk.begun).toEqual(['a', 'b']);
    await desk.answer('b', 'c');
    expect(said(h)).toBe('B2 C3');
  });

  it('works on as many rows at a time as it may, and begins another when one is done', async () => {
    const { desk, h } = at({ concurrency: 2 });
    await feed(h, 'abcd');
    expect(desk.begun).toEqual(['a', 'b']);
    await desk.answer('b');
    expect(desk.begun).toEqual(['a', 'b', 'c']);
    await desk.answer('a', 'c', 'd');
    expect(said(h)).toBe('A1 B2 C3 D4');
  });

  it('keeps the order of the rows, unless it need not', async () => {
    const [inOrder, free] = [at({ concurrency: 3 }), at({ concurrency: 3, ordered: false })];
    for (const { desk, h } of [inOrder, free]) {
      await feed(h, 'abc');
      await desk.answer('c', 'b');
    }
    expect(said(inOrder.h)).toBe('');
    expect(said(free.h)).toBe('C3 B2');
    await inOrder.desk.answer('a');
    await free.desk.answer('a');
    expect(said(inOrder.h)).toBe('A1 B2 C3');
    expect(said(free.h)).toBe('A1');
  });

  it.each([true, false])('no control signal overtakes a row, and no row a control signal (ordered: %s)', async (ordered) => {
    const { desk, h } = at({ concurrency: 9, ordered }, true);
    h.event(1, 'a');
    h.watermark(10, 5);
    h.event(11, 'b');
    h.idle(true);
    h.barrier(1);
    h.signal({ kind: 'rejected', reason: 'late', time: 1, row: 'x', operator: 'o', watermark: 0 });
    h.event(12, 'c');
    h.end();
    await settled();
    await desk.answer('c', 'b');
    expect(said(h)).toBe('');
    await desk.answer('a');
    expect(said(h)).toBe('A1 W10/5 B11 idle barrier rejected C12');
    expect(h.ended).toBe(true);
  });

  it('a control signal with no row before it goes on at once', () => {
    const { h } = at();
    h.watermark(10, 5);
    h.idle(true);
    expect(said(h)).toBe('W10/5 idle');
    h.end();
    expect(h.ended).toBe(true);
  });

  it('ends after the last row, and takes nothing behind the end', async () => {
    const { desk, h } = at();
    await feed(h, 'a');
    h.end();
    expect(h.ended).toBe(false);
    await desk.answer('a');
    expect(said(h)).toBe('A1');
    expect(h.ended).toBe(true);
    h.event(2, 'b');
    h.watermark(9);
    await settled();
    expect([said(h), desk.begun.length, h.tally.in]).toEqual(['', 1, 1]);
  });

  it('counts: what is on its way, or waits for others, is held', async () => {
    const { desk, h } = at({ concurrency: 4, onError: 'reject' });
    await feed(h, 'abcd');
    h.watermark(9);
    expect(h.tally).toMatchObject({ in: 4, forwarded: 0, held: 4 });
    expect(h.report).toMatchObject({ running: 4, watermark: -Infinity, drop: -Infinity });
    await desk.answer('b', 'd');
    await desk.fail('c', new Error('no'));
    expect(h.tally).toMatchObject({ in: 4, forwarded: 0, held: 3, rejected: { failed: 1 } });
    await desk.answer('a');
    expect(h.tally).toMatchObject({ in: 4, forwarded: 3, held: 0, rejected: { failed: 1 } });
    expect(h.report).toMatchObject({ running: 0, watermark: 9, drop: 9 });
  });

  it('what fails ends the stream with the row it was, and the rows behind it are not worked on', async () => {
    const { desk, h } = at({ id: 'ask' });
    await feed(h, 'ab');
    const cause = new Error('no');
    await desk.fail('a', cause);
    const details = { operator: 'ask', time: 1, row: 'a' };
    expect(h.error).toMatchObject({ code: 'TIDEMARK_USER_FUNCTION', details, cause });
    expect(desk.begun).toEqual(['a']);
  });

  it('a function that throws at once fails as one whose promise does', async () => {
    const boom = (): never => {
      throw new RangeError('boom');
    };
    const h = operatorHarness<string, string, 'event', 'event'>(mapAsync(boom));
    await feed(h, 'a');
    expect(h.error).toMatchObject({ code: 'TIDEMARK_USER_FUNCTION', cause: { message: 'boom' } });
  });

  it('with onError reject the row is rejected, under the watermark in force, and the others go on', async () => {
    const { desk, h } = at({ id: 'ask', onError: 'reject' });
    h.watermark(0, -7);
    await feed(h, 'abc');
    const cause = new Error('no');
    await desk.fail('a', cause);
    await desk.answer('b');
    await desk.fail('c', 'just text');
    const [, first, row, second] = h.take();
    const common = { kind: 'rejected', reason: 'failed', operator: 'ask', watermark: -7 };
    expect(first).toEqual({ ...common, time: 1, row: 'a', detail: { message: 'no', cause } });
    expect(row).toMatchObject({ kind: 'event', row: 'B' });
    expect(second).toEqual({ ...common, time: 3, row: 'c', detail: { message: 'just text', cause: 'just text' } });
  });

  it('a timeout aborts the work and fails the row; an answer that comes later is not looked at', async () => {
    const { desk, h } = at({ timeout: 100, onError: 'reject' });
    await feed(h, 'ab');
    h.advance(99);
    expect(desk.aborted).toEqual([]);
    h.advance(1);
    await settled();
    expect(desk.aborted).toEqual(['a']);
    expect(h.takeRejected()).toMatchObject([{ reason: 'failed', row: 'a', detail: { cause: { code: 'TIDEMARK_TIMEOUT' } } }]);
    expect(desk.begun).toEqual(['a', 'b']);
    await desk.answer('a');
    expect(said(h)).toBe('');
    expect(h.tally).toMatchObject({ held: 1 });
    expect(h.report).toMatchObject({ running: 1 });
    await desk.answer('b');
    h.advance(1000);
    expect(said(h)).toBe('B2');
    expect(desk.aborted).toEqual(['a']);
  });

  it('without onError a timeout ends the stream by its name', async () => {
    const { h } = at({ timeout: 100 });
    await feed(h, 'a');
    h.advance(100);
    expect(h.error).toMatchObject({ code: 'TIDEMARK_TIMEOUT', details: { row: 'a' } });
  });

  it('an error from above does not wait, and ends all work', async () => {
    const { desk, h } = at({ concurrency: 2 });
    await feed(h, 'abc');
    const cause = new Error('above');
    h['enter'](0, (sink) => sink.error(cause));
    expect(h.error).toBe(cause);
    await desk.answer('a', 'b');
    h.event(4, 'd');
    await settled();
    expect(desk.begun).toEqual(['a', 'b']);
    expect(h.tally).toMatchObject({ in: 3, forwarded: 0 });
  });

  it('leaving the stream aborts what is on its way, and only that', async () => {
    const { desk, h } = at({ concurrency: 2, timeout: 100 });
    await feed(h, 'abc');
    await desk.answer('a');
    h.close();
    expect(desk.aborted).toEqual(['b', 'c']);
    await desk.answer('b');
    h.advance(1000);
    expect(said(h)).toBe('A1');
    expect(h.error).toBeUndefined();
  });

  it('leaving the stream stops the timers', async () => {
    const scheduler = new VirtualTimeScheduler();
    const { h } = at({ timeout: 100, scheduler });
    await feed(h, 'a');
    expect(scheduler.actions).toHaveLength(1);
    h.close();
    expect(scheduler.actions).toHaveLength(0);
  });

  it('describe() names what it was told, as plain data', () => {
    const described = (options: MapAsyncOptions): unknown => {
      const stream = events(of('a')).pipe(mapAsync((row: string) => row, options));
      return (stream as unknown as Record<symbol, { plan: { description: object } }>)[Symbol.for('tidemark/1')]!.plan.description;
    };
    expect(described({})).toEqual({ concurrency: 1, ordered: true, timeoutMs: Infinity });
    expect(described({ concurrency: 2, ordered: false, timeout: '1 second', retry: { attempts: 2 } })).toMatchObject({
      concurrency: 2,
      ordered: false,
      timeoutMs: 1000,
      retry: { attempts: 2 },
    });
  });

  it('a long stream leaves no trace of each row in its subscription', async () => {
    const { desk, h } = at({ timeout: 100 });
    for (let i = 0; i < 50; i++) {
      h.event(i, 'a');
      await settled();
      await desk.answer('a');
    }
    expect(h.takeRows()).toHaveLength(50);
    const { _finalizers: teardowns } = (h as unknown as { lifetime: { _finalizers: readonly unknown[] | null } }).lifetime;
    expect(teardowns?.length ?? 0).toBeLessThan(10);
  });

  it('the watermark in force survives a restart', () => {
    const { h } = at({ onError: 'reject' });
    h.watermark(10, 5);
    h.restore(h.snapshot());
    expect(h.report).toMatchObject({ watermark: 10, drop: 5 });
  });

  it.each([0, -1, 1.5, NaN])('a concurrency of %d is refused at call', (concurrency) => {
    const refused = expect.objectContaining({ code: 'TIDEMARK_OPTION' }) as Error;
    expect(() => mapAsync((row: string) => row, { concurrency })).toThrow(refused);
    expect(() => mapAsync((row: string) => row, { concurrency: Infinity })).not.toThrow();
  });
});
