import { VirtualTimeScheduler } from 'rxjs';
import { memorySink, TidemarkError, withRetry, type BatchSink, type Receipt, type RetryPolicy } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { batchOf, contextOf, idOf } from './sinks';

/** Runs `work` in virtual time; resolves to what came of it and when each try was. */
async function tries(
  failures: number,
  policy: RetryPolicy = {},
): Promise<{ at: number[]; result?: unknown; error?: unknown; errors: unknown[] }> {
  const scheduler = new VirtualTimeScheduler();
  const at: number[] = [];
  const errors: unknown[] = [];
  const call = withRetry(
    () => {
      at.push(scheduler.now());
      if (at.length > failures) return 'done';
      errors.push(new Error(`failure ${at.length}`));
      throw errors.at(-1) as Error;
    },
    { scheduler, ...policy },
  );
  const outcome = call().then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  await settle(scheduler);
  return { at, errors, ...(await outcome) };
}

/** Lets promises and virtual time take turns until nothing is left to do. */
async function settle(scheduler: VirtualTimeScheduler): Promise<void> {
  for (let turn = 0; turn < 60; turn++) {
    await Promise.resolve();
    if (turn % 6 === 5) scheduler.flush();
  }
}

describe('withRetry of a function', () => {
  it('[D70] makes 3 attempts in all, waits 1 s and 2 s, and throws the last failure as it came', async () => {
    const { at, error, errors } = await tries(Infinity);
    expect(at).toEqual([0, 1000, 3000]);
    expect(error).toBe(errors[2]);
  });

  it('[D70] stops at the first success', async () => {
    expect(await tries(0)).toMatchObject({ at: [0], result: 'done' });
    expect(await tries(2)).toMatchObject({ at: [0, 1000, 3000], result: 'done' });
  });

  it('[D71] doubles its waits: 1, 2, 4, 8 s in 5 attempts', async () => {
    expect((await tries(Infinity, { attempts: 5 })).at).toEqual([0, 1000, 3000, 7000, 15000]);
  });

  it('[D71] waits by base, factor and cap', async () => {
    const policy = { attempts: 5, initialDelay: 10, factor: 3, maxDelay: 50 };
    expect((await tries(Infinity, policy)).at).toEqual([0, 10, 40, 90, 140]);
  });

  it('[D71] leaves a share of the wait to chance', async () => {
    const draws = [0, 0.5, 0.999];
    const random = (): number => draws.shift() ?? 0;
    const { at } = await tries(Infinity, { attempts: 4, initialDelay: 1000, jitter: 0.5, random });
    expect(at).toEqual([0, 1000, 2500, 2500 + 4000 * (1 - 0.4995)]);
  });

  it('[D71] ends its waiting when the signal of the last argument is aborted', async () => {
    const scheduler = new VirtualTimeScheduler();
    const abort = new AbortController();
    let calls = 0;
    const call = withRetry(
      (_row: string, _signal: AbortSignal) => {
        calls++;
        throw new Error('busy');
      },
      { scheduler },
    );
    const outcome = call('row', abort.signal).catch((cause: unknown) => cause);
    await Promise.resolve();
    const reason = new Error('left');
    abort.abort(reason);
    await settle(scheduler);
    expect(await outcome).toBe(reason);
    expect(calls).toBe(1);
    expect(scheduler.actions).toEqual([]);
  });

  it('a single attempt never waits', async () => {
    expect((await tries(Infinity, { attempts: 1 })).at).toEqual([0]);
  });

  it('does not repeat what is not worth it', async () => {
    const retryable = (cause: unknown): boolean => (cause as Error).message !== 'failure 2';
    expect((await tries(Infinity, { attempts: 9, retryable })).at).toEqual([0, 1000]);
    let calls = 0;
    const fenced = withRetry(() => {
      calls++;
      throw new TidemarkError('TIDEMARK_OPTION', 'wrong');
    });
    await expect(fenced()).rejects.toMatchObject({ code: 'TIDEMARK_OPTION' });
    expect(calls).toBe(1);
  });

  it('tells of each wait', async () => {
    const told: unknown[] = [];
    await tries(2, { onRetry: ({ attempt, delayMs }) => told.push([attempt, delayMs]) });
    expect(told).toEqual([
      [1, 1000],
      [2, 2000],
    ]);
  });

  it('[D70] refuses 0 attempts, and other policies that make no sense', () => {
    const wrong: RetryPolicy[] = [
      { attempts: 0 },
      { attempts: 1.5 },
      { factor: 0.5 },
      { jitter: 2, random: () => 0 },
      { jitter: 0.1 },
    ];
    for (const policy of wrong) {
      expect(() => withRetry(() => 1, policy)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
    }
  });
});

describe('withRetry of a sink', () => {
  /** A sink whose commits fail in turn: before the write, after it, or not. */
  function flaky(
    script: ('before' | 'after' | 'fine')[],
    asks: boolean,
  ): BatchSink<number> & { written: number[]; replayed: boolean[] } {
    const held = new Map<number, Receipt>();
    const written: number[] = [];
    const replayed: boolean[] = [];
    return {
      type: 'flaky',
      description: { what: 'test' },
      modes: ['append'],
      delivery: asks ? 'transactional' : 'at-least-once',
      written,
      replayed,
      async commit({ rows }, id) {
        const step = script.shift();
        replayed.push(id.replayed);
        if (step === 'before') throw new Error('before');
        written.push(...rows);
        held.set(id.batchId, { attemptId: id.attemptId, rows: rows.length });
        if (step === 'after') throw new Error('after');
        return held.get(id.batchId);
      },
      ...(asks && { lookup: async (batchId: number) => held.get(batchId) }),
    };
  }
  const policy = { initialDelay: 0 };

  it('commits again what failed', async () => {
    const sink = flaky(['before', 'fine'], true);
    await expect(withRetry(sink, policy).commit(batchOf('append', [1]), idOf(0))).resolves.toMatchObject({ rows: 1 });
    expect(sink.written).toEqual([1]);
  });

  it('asks before it sends again what may have come through', async () => {
    const sink = flaky(['after', 'fine'], true);
    const receipt = await withRetry(sink, policy).commit(batchOf('append', [1]), idOf(0));
    expect(receipt).toMatchObject({ attemptId: 'attempt-0' });
    expect(sink.written).toEqual([1]);
  });

  it('tells a sink that cannot be asked that it may have seen the batch', async () => {
    const sink = flaky(['after', 'fine'], false);
    await withRetry(sink, policy).commit(batchOf('append', [1]), idOf(0));
    expect(sink.replayed).toEqual([false, true]);
    expect(withRetry(sink, policy).lookup).toBeUndefined();
  });

  it('is the sink it stands for', () => {
    const sink = flaky([], true);
    const retrying = withRetry(sink, { attempts: 4 });
    expect(retrying).toMatchObject({ type: 'flaky', modes: ['append'], delivery: 'transactional' });
    expect(retrying.description).toMatchObject({ what: 'test', retry: { attempts: 4 } });
    expect(withRetry(memorySink()).lastBatch).toBeUndefined();
  });

  it('closing ends the waiting', async () => {
    const sink = withRetry(flaky(['before', 'fine'], true), { initialDelay: 1000, scheduler: new VirtualTimeScheduler() });
    await sink.open?.(contextOf());
    const outcome = Promise.resolve(sink.commit(batchOf('append', [1]), idOf(0))).catch((cause: unknown) => cause);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    await sink.close?.();
    expect(await outcome).toBeInstanceOf(Error);
  });
});
