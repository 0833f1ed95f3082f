import { fromSignals, mergeStreams, rows, signals, type Element, type Signal } from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { Subject, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { StateTable } from '../../src/state/table';
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

  it('an input without a watermark holds nothing back where another has one', () => {
    const untimed = { watermark: false };
    const build = (streams: readonly Observable<Element<Row>>[]): Observable<Element<Row>> => mergeStreams(streams);
    for (const silent of [0, 1, 2]) {
      const traits = [0, 1, 2].map((input) => (input === silent ? untimed : {}));
      const h = operatorHarness<Row, Row, 'event'>(build, { inputs: 3, traits });
      [0, 1, 2].filter((input) => input !== silent).forEach((input) => h.watermark(10 + input, 10 + input, input));
      expect(said(h)).toBe(silent === 0 ? 'W11' : 'W10');
    }
    const none = operatorHarness<Row, Row, 'event'>(build, { inputs: 2, traits: [untimed, untimed] });
    none.watermark(5, 5, 0);
    expect(said(none)).toBe('');
  });

  it('an idle input that says a watermark is active again, and all are told so first', () => {
    const h = merged();
    h.watermark(10, 10, 0);
    h.watermark(10, 10, 1);
    h.idle(true, 0);
    h.idle(true, 1);
    expect(said(h)).toBe('W10 idle');
    h.watermark(20, 20, 0);
    expect(said(h)).toBe('active W20');
  });

  it('an error of any input is an error of all', () => {
    const h = merged();
    const cause = new Error('second');
    h['enter'](1, (sink) => sink.error(cause));
    expect(h.error).toBe(cause);
  });

  it('says who holds the watermark back', () => {
    const h = merged();
    h.watermark(10, 10, 0);
    h.watermark(7, 7, 1);
    expect(h.report).toMatchObject({ watermark: 7, holder: { input: 1, emit: 7 } });
  });

  it('in a run what an input said before it ended does not count for the others', () => {
    const h = merged(3, {}, true);
    h.watermark(10, 10, 0);
    h.barrier(1, 0);
    h.end(0);
    h.watermark(10, 10, 1);
    h.barrier(1, 1);
    expect(said(h)).toBe('');
    h.watermark(10, 10, 2);
    h.barrier(1, 2);
    expect(said(h)).toBe('W10 barrier');
  });

  it('what its inputs have said is part of its state', () => {
    const [before, after] = [merged(), merged()];
    before.watermark(10, 10, 0);
    const tables = (h: Harness): Readonly<Record<string, StateTable>> =>
      (h as unknown as { stages: readonly { stateTables(): Readonly<Record<string, StateTable>> }[] }).stages[0]!.stateTables();
    for (const [name, table] of Object.entries(tables(after))) table.load([...tables(before)[name]!.entries()]);
    after.watermark(20, 20, 1);
    expect(said(after)).toBe('W10');
    expect(() => after.restore([{ emit: 0, drop: 0, tables: {} }])).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_STATE' }) as Error,
    );
  });
});

describe('[D20] inputs that come and go', () => {
  const input = (): { source: Subject<Signal<Row>>; stream: Observable<Element<Row>> } => {
    const source = new Subject<Signal<Row>>();
    return { source, stream: source.pipe(fromSignals()) };
  };
  const watermark = (time: number): Signal<Row> => ({ kind: 'watermark', time });
  const event = (time: number): Signal<Row> => ({ kind: 'event', time, row: { t: time } });
  function heard(stream: Observable<Element<Row>>): { take(): string; ended(): boolean } {
    const heardSoFar: string[] = [];
    let hasEnded = false;
    stream.pipe(signals()).subscribe({
      next: (s) => heardSoFar.push(s.kind === 'event' ? `${s.time}` : s.kind === 'watermark' ? `W${s.time}` : s.kind),
      complete: () => (hasEnded = true),
    });
    return { take: () => heardSoFar.splice(0).join(' '), ended: () => hasEnded };
  }

  it('one that is added is heard, and holds the watermark until it has its own', () => {
    const [a, b] = [input(), input()];
    const merge = mergeStreams([a.stream]);
    const out = heard(merge);
    a.source.next(watermark(10));
    merge.add(b.stream);
    expect(b.source.observed).toBe(true);
    a.source.next(watermark(20));
    b.source.next(event(12));
    expect(out.take()).toBe('W10 12');
    b.source.next(watermark(15));
    expect(out.take()).toBe('W15');
    const later = heard(merge);
    for (const { source } of [a, b]) source.next(watermark(30));
    expect(later.take()).toBe('W30');
  });

  it('one that is removed is heard no more, and holds nothing back', () => {
    const [a, b, c] = [input(), input(), input()];
    const merge = mergeStreams([a.stream, b.stream, c.stream]);
    const out = heard(merge);
    for (const { source } of [a, b, c]) source.next(watermark(10));
    merge.remove(b.stream);
    expect([a, b, c].map(({ source }) => source.observed)).toEqual([true, false, true]);
    a.source.next(watermark(30));
    c.source.next(watermark(20));
    expect(out.take()).toBe('W10 W20');
    merge.remove(b.stream); // it is not there any more
    merge.remove(a.stream);
    c.source.next(watermark(40));
    expect(out.take()).toBe('W40');
    merge.remove(c.stream);
    expect(out.ended()).toBe(true);
    const later = heard(merge);
    expect([a, b, c].map(({ source }) => source.observed)).toEqual([false, false, false]);
    expect(later.take()).toBe('');
  });

  it('one that is removed does not keep a barrier waiting', () => {
    const [a, b] = [input(), input()];
    const merge = mergeStreams([a.stream, b.stream]);
    const out = heard(merge);
    a.source.next({ kind: 'barrier', batchId: 1 });
    expect(out.take()).toBe('');
    merge.remove(b.stream);
    expect(out.take()).toBe('barrier');
  });

  it('nothing is added to a merge that has been left', () => {
    const [a, b] = [input(), input()];
    const merge = mergeStreams([a.stream]);
    merge.pipe(rows()).subscribe().unsubscribe();
    merge.add(b.stream);
    expect(b.source.observed).toBe(false);
  });

  it('an id that another operator has is refused', () => {
    const { stream } = input();
    const errors: unknown[] = [];
    mergeStreams([mergeStreams([stream], { id: 'x' })], { id: 'x' })
      .pipe(rows())
      .subscribe({ error: (cause) => errors.push(cause) });
    expect(errors).toEqual([expect.objectContaining({ code: 'TIDEMARK_DUPLICATE_ID' })]);
  });
});
