import { operator, type Processor } from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

/**
 * More types than there are places in the source, and all of them in each case: places are given out as types come, so that
 * every copy of the text runs, whichever cases do.
 */
const TYPES = Array.from({ length: 20 }, (_, i) => `probe-${i}`);

function harnessOf(type: string, seen: unknown[][], onError: 'error' | 'reject'): OperatorHarness<string, string> {
  const processor: Processor<string, string> = {
    onEvent(time, row, out, input) {
      seen.push([time, row, input]);
      if (row === 'bad') throw new Error('bad row');
      if (row === 'result') out.event(time + 1, `${row}!`);
      else out.forward(time + 2, `${row}?`);
    },
  };
  return operatorHarness<string, string, 'event', 'event'>(
    operator({ type, accepts: ['event'], options: { onError }, create: () => processor }),
  );
}

describe('every place', () => {
  it('tells the processor, hands on what it says, and counts both', () => {
    for (const type of TYPES) {
      const seen: unknown[][] = [];
      const harness = harnessOf(type, seen, 'error');
      harness.event(10, 'a');
      harness.event(20, 'result');
      harness.event(30, 'b');
      expect(seen).toEqual([
        [10, 'a', 0],
        [20, 'result', 0],
        [30, 'b', 0],
      ]);
      expect(harness.take()).toEqual([
        { kind: 'event', time: 12, row: 'a?' },
        { kind: 'event', time: 21, row: 'result!' },
        { kind: 'event', time: 32, row: 'b?' },
      ]);
      expect(harness.tally).toMatchObject({ in: 3, forwarded: 2, outputs: 1 });
    }
  });

  it('ends with the first row that fails, and hears no more', () => {
    for (const type of TYPES) {
      const seen: unknown[][] = [];
      const harness = harnessOf(type, seen, 'error');
      harness.event(10, 'bad');
      expect(harness.error).toMatchObject({ code: 'TIDEMARK_USER_FUNCTION' });
      harness.event(20, 'a');
      expect(seen).toHaveLength(1);
      expect(harness.tally).toMatchObject({ in: 1, forwarded: 0 });
    }
  });

  it('goes on behind a rejected row', () => {
    for (const type of TYPES) {
      const harness = harnessOf(type, [], 'reject');
      harness.event(10, 'bad');
      harness.event(20, 'a');
      expect(harness.take()).toMatchObject([
        { kind: 'rejected', reason: 'failed', time: 10, row: 'bad' },
        { kind: 'event', time: 22, row: 'a?' },
      ]);
      expect(harness.tally).toMatchObject({ in: 2, forwarded: 1, rejected: { failed: 1 } });
    }
  });
});
