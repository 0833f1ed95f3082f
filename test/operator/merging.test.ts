import { mergeStreams, type Element } from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import type { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { forSeeds } from '../laws/random';

interface Row {
  readonly t: number;
}

type Harness = OperatorHarness<Row, Row>;

function merged(inputs = 2, options: Parameters<typeof mergeStreams>[1] = {}, run = false): Harness {
  const build = (streams: readonly Observable<Element<Row>>[]): Observable<Element<Row>> => mergeStreams(streams, options);
  return operatorHarness<Row, Row, 'event'>(build, { inputs, run });
}

function said(harness: Harness): string {
  return harness
    .take()
    .map((s) =>
      s.kind === 'event'
        ? `${s.time}`
        : s.kind === 'watermark'
          ? `W${s.time}`
          : s.kind === 'idle'
            ? s.idle
              ? 'idle'
              : 'active'
            : s.kind,
    )
    .join(' ');
}

describe('[D20] a stage with several inputs', () => {
  it('says the smallest watermark, and none before every input has one', () => {
    const h = merged();
    h.watermark(10, 10, 0);
    expect(said(h)).toBe('');
    h.watermark(5, 5, 1);
    expect(said(h)).toBe('W5');
    h.watermark(7, 7, 1);
    h.watermark(20, 20, 1);
    h.watermark(15, 15, 0);
    expect(said(h)).toBe('W7 W10 W15');
  });

  it('hands on rows, rejections and errors of every input', () => {
    const h = merged();
    h.event(3, { t: 3 }, 0);
    h.event(1, { t: 1 }, 1);
    h.signal({ kind: 'rejected', reason: 'late', time: 1, row: { t: 1 }, operator: 'x', watermark: 2 }, 1);
    expect(said(h)).toBe('3 1 rejected');
    expect(h.tally).toMatchObject({ in: 2, forwarded: 2 });
  });

  it('an idle input holds nothing back; all idle is idle, and W holds', () => {
    const h = merged();
    h.watermark(10, 10, 0);
    h.idle(true, 1);
    expect(said(h)).toBe('W10');
    h.watermark(12, 12, 0);
    h.idle(true, 0);
    expect(said(h)).toBe('W12 idle');
    h.event(4, { t: 4 }, 1);
    expect(said(h)).toBe('active 4');
    h.watermark(11, 11, 1);
    expect(said(h)).toBe('');
    h.watermark(30, 30, 1);
    expect(said(h)).toBe('W30');
  });

  it('a resumed input holds W at once', () => {
    const h = merged();
    h.watermark(10, 10, 0);
    h.watermark(10, 10, 1);
    h.idle(true, 1);
    h.watermark(20, 20, 0);
    h.event(12, { t: 12 }, 1);
    h.watermark(25, 25, 0);
    expect(said(h)).toBe('W10 W20 12');
  });

  it('barriers wait for every input', () => {
    const h = merged(3);
    h.barrier(1, 0);
    h.barrier(1, 2);
    expect(said(h)).toBe('');
    h.barrier(1, 1);
    expect(said(h)).toBe('barrier');
    h.barrier(2, 1);
    h.barrier(2, 0);
    expect(said(h)).toBe('');
    h.barrier(2, 2);
    expect(said(h)).toBe('barrier');
  });

  it('an input that ends does not keep a barrier waiting', () => {
    const h = merged();
    h.barrier(1, 0);
    h.end(1);
    expect(said(h)).toBe('barrier');
    h.barrier(2, 0);
    expect(said(h)).toBe('barrier');
  });

  it('ends when every input has; one that ends holds nothing back', () => {
    const h = merged();
    h.watermark(10, 10, 0);
    h.end(1);
    expect(said(h)).toBe('W10');
    expect(h.ended).toBe(false);
    h.end(0);
    expect(h.ended).toBe(true);
  });

  it('says +Infinity only if the inputs did', () => {
    const without = merged();
    without.watermark(10, 10, 0);
    without.watermark(10, 10, 1);
    without.end(0);
    without.end(1);
    expect(said(without)).toBe('W10');
    const withIt = merged();
    withIt.watermark(Infinity, Infinity, 0);
    withIt.end(0);
    withIt.watermark(5, 5, 1);
    expect(said(withIt)).toBe('W5');
    withIt.watermark(Infinity, Infinity, 1);
    withIt.end(1);
    expect(said(withIt)).toBe('WInfinity');
    expect(withIt.ended).toBe(true);
  });

  it('policy max follows the fastest', () => {
    const h = merged(2, { policy: 'max' });
    h.watermark(10, 10, 0);
    h.watermark(5, 5, 1);
    h.watermark(20, 20, 1);
    expect(said(h)).toBe('W10 W20');
  });

  it('in a run says one watermark a batch, when every input has said its', () => {
    const h = merged(2, {}, true);
    h.watermark(10, 10, 0);
    h.watermark(10, 10, 1);
    h.event(11, { t: 11 }, 0);
    h.watermark(10, 10, 0);
    h.event(12, { t: 12 }, 1);
    h.watermark(10, 10, 1);
    expect(said(h)).toBe('W10 11 12 W10');
  });

  it('goes on after a restore as without', () => {
    forSeeds(40, (random) => {
      const play = (restart: () => boolean): string => {
        const h = merged(3);
        const next = [random.int(0, 0), 0, 0];
        const steps = script.map((step) => step);
        for (const { kind, input, by } of steps) {
          next[input] = (next[input] as number) + by;
          if (kind === 'row') h.event(next[input] as number, { t: by }, input);
          else if (kind === 'idle') h.idle(by % 2 === 0, input);
          else h.watermark(next[input] as number, (next[input] as number) - 3, input);
          if (restart()) h.restore(h.snapshot());
        }
        return said(h);
      };
      const script = Array.from({ length: 40 }, () => ({
        kind: random.pick(['row', 'watermark', 'watermark', 'idle'] as const),
        input: random.int(0, 2),
        by: random.int(0, 9),
      }));
      expect(play(() => random.chance(0.3))).toBe(play(() => false));
    });
  });
});
