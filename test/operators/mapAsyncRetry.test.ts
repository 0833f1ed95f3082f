import { of, VirtualTimeScheduler } from 'rxjs';
import { mapAsync, outcomes, withWatermark, type MapAsyncOptions } from 'tidemark';
import { describe, expect, it } from 'vitest';

/** Lets promises and virtual time take turns. */
async function settle(scheduler: VirtualTimeScheduler, turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    for (let i = 0; i < 8; i++) await Promise.resolve();
    scheduler.flush();
  }
}

describe('mapAsync with retry', () => {
  const calls = (failures: number): { at: number[]; scheduler: VirtualTimeScheduler; work: (row: { t: number }) => string } => {
    const scheduler = new VirtualTimeScheduler();
    const at: number[] = [];
    const work = ({ t }: { t: number }): string => {
      at.push(scheduler.now());
      if (at.length <= failures) throw new Error(`failure ${at.length}`);
      return `row ${t}`;
    };
    return { at, scheduler, work };
  };
  const run = (work: (row: { t: number }) => string, options: MapAsyncOptions, seen: unknown[]) =>
    of({ t: 1 })
      .pipe(withWatermark('t', 0), mapAsync(work, options), outcomes())
      .subscribe({
        next: (one) => seen.push(one.kind === 'row' ? one.row : one.reason),
        error: (cause: { cause: Error }) => seen.push(cause.cause.message),
      });

  it('[D70] a row is tried again, by the clock of the pipe, before it counts', async () => {
    const { at, scheduler, work } = calls(2);
    const seen: unknown[] = [];
    run(work, { scheduler, retry: {} }, seen);
    await settle(scheduler);
    expect(at).toEqual([0, 1000, 3000]);
    expect(seen).toEqual(['row 1']);
  });

  it('[D70] after the last attempt the last failure follows onError', async () => {
    const [rejecting, failing] = [calls(9), calls(9)];
    const seen: unknown[] = [];
    run(rejecting.work, { scheduler: rejecting.scheduler, retry: { attempts: 2 }, onError: 'reject' }, seen);
    run(failing.work, { scheduler: failing.scheduler, retry: { attempts: 2 } }, seen);
    await settle(rejecting.scheduler);
    await settle(failing.scheduler);
    expect(seen).toEqual(['failed', 'failure 2']);
  });

  it('[D71] leaving the stream ends the waiting', async () => {
    const { at, scheduler, work } = calls(9);
    const seen: unknown[] = [];
    const subscription = run(work, { scheduler, retry: { attempts: 5 } }, seen);
    for (let i = 0; i < 8; i++) await Promise.resolve();
    subscription.unsubscribe();
    await settle(scheduler);
    expect(at).toEqual([0]);
    expect(seen).toEqual([]);
  });

  it('[D70] 0 attempts are refused at call', () => {
    expect(() => mapAsync((row: number) => row, { retry: { attempts: 0 } })).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_OPTION' }),
    );
  });
});
