import { describe, expect, it, vi } from 'vitest';
import {
  agg,
  aggregate,
  flatMapGroupsWithState,
  mapAsync,
  memorySink,
  memorySource,
  onUpdate,
  processingTime,
  rows,
  streamingQuery,
  withTimestamps,
  withWatermark,
  type Change,
  type GroupState,
} from 'tidemark';
import { Subject } from 'rxjs';
import { ManualClock } from '../../src/testing/manualClock';

interface View {
  readonly at: number;
  readonly k: string;
}

async function settled(): Promise<void> {
  for (let i = 0; i < 300; i++) await Promise.resolve();
}

/** The system's clock says nonsense, and nobody sets a timer of the system. */
async function withoutSystemTime(work: () => Promise<void>): Promise<void> {
  const timers = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'setInterval')];
  const clocks = [vi.spyOn(Date, 'now').mockReturnValue(8e15), vi.spyOn(performance, 'now').mockReturnValue(-1)];
  try {
    await work();
    for (const timer of timers) expect(timer).not.toHaveBeenCalled();
  } finally {
    for (const spy of [...timers, ...clocks]) spy.mockRestore();
  }
}

describe('[D19] processing time is the clock that was given, and no other', () => {
  it('in a query: triggers, idle inputs, timeouts of keyed state, the time limit of stop', async () => {
    await withoutSystemTime(async () => {
      const clock = new ManualClock(0);
      const source = memorySource<View>([{ at: 1, k: 'a' }]);
      const sink = memorySink<string>();
      const query = streamingQuery(source, (rows$) =>
        rows$.pipe(
          withWatermark('at', 5, { idleAfter: 50 }),
          flatMapGroupsWithState({
            key: 'k',
            timeout: 'processingTime',
            update: (key: string, views: readonly View[], state: GroupState<number>) => {
              if (state.hasTimedOut) {
                state.remove();
                return [`${key} is quiet`];
              }
              state.update(views.length);
              state.setTimeoutDuration(100);
              return [];
            },
          }),
        ),
      ).writeStream({ sink, trigger: processingTime(10), scheduler: clock, onAdvice: () => {} });
      await query.start();
      await settled();
      for (const [ms, said] of [
        [100, []],
        [10, ['a is quiet']],
      ] as const) {
        for (let passed = 0; passed < ms; passed += 10) {
          clock.advance(10);
          await settled();
        }
        expect(sink.rows()).toEqual(said);
      }
      const ended = query.awaitTermination(25);
      clock.advance(25);
      expect(await ended).toBe(false);
      await query.stop();
    });
  });

  it('in a plain pipe: speaking every so often, the timeout of asynchronous work', async () => {
    await withoutSystemTime(async () => {
      const clock = new ManualClock(0);
      const source = new Subject<View>();
      const said: number[] = [];
      const failures: unknown[] = [];
      const timed = source.pipe(withTimestamps('at'));
      timed
        .pipe(aggregate({ key: 'k', select: { n: agg.count() }, emit: onUpdate({ every: 250 }), scheduler: clock }), rows())
        .subscribe((change: Change<{ n: number }>) => said.push(change.op === 'upsert' ? change.row.n : 0));
      timed
        .pipe(
          mapAsync(() => new Promise(() => {}), { timeout: 100, scheduler: clock }),
          rows(),
        )
        .subscribe({ error: (cause: { code: string }) => failures.push(cause.code) });
      source.next({ at: 1, k: 'a' });
      source.next({ at: 2, k: 'a' });
      clock.advance(99);
      await settled();
      expect(failures).toEqual([]);
      clock.advance(1);
      await settled();
      expect(failures).toEqual(['TIDEMARK_TIMEOUT']);
      clock.advance(149);
      expect(said).toEqual([]);
      clock.advance(1);
      expect(said).toEqual([2]);
    });
  });
});
