import { Subject, tap } from 'rxjs';
import {
  agg,
  aggregate,
  filterRows,
  mapRows,
  mergeStreams,
  onUpdate,
  rows,
  signals,
  tumbling,
  withWatermark,
  type Signal,
} from 'tidemark';
import { describe, expect, it } from 'vitest';
import { Trampoline, type Entry } from '../../src/rx/trampoline';
import { timedSignals } from './inputs';
import type { Any } from './operators';
import { forSeeds } from './random';

interface Row {
  readonly t: number;
  readonly from?: string;
}

describe('a consumer that pushes into the source', () => {
  it('cannot disturb the order: its row waits until the row and the watermark it came with are done', () => {
    const source = new Subject<Row>();
    const seen: string[] = [];
    source.pipe(withWatermark('t', 0), signals()).subscribe((signal) => {
      seen.push(signal.kind === 'event' ? `row ${signal.row.t}` : signal.kind === 'watermark' ? `W ${signal.time}` : signal.kind);
      if (signal.kind === 'event' && signal.row.t < 30) source.next({ t: signal.row.t + 10 });
    });
    source.next({ t: 10 });
    expect(seen).toEqual(['row 10', 'W 10', 'row 20', 'W 20', 'row 30', 'W 30']);
  });

  it('gives the same windows as pushing afterwards', () => {
    const source = new Subject<Row>();
    const out: unknown[] = [];
    const seen: number[] = [];
    source
      .pipe(
        withWatermark('t', 0),
        mapRows((r) => (seen.push(r.t), r)),
        aggregate({ window: tumbling(10), select: { n: agg.count() } }),
        rows(),
      )
      .subscribe((row) => {
        out.push([row.window.start, row.n]);
        if (row.window.start < 20) source.next({ t: row.window.end + 5 });
      });
    source.next({ t: 1 });
    source.next({ t: 12 }); // closes [0, 10): the subscriber pushes 15, then 12's watermark was said before
    source.next({ t: 29 });
    expect(seen).toEqual([1, 12, 15, 29, 25]);
    expect(out).toEqual([
      [0, 1],
      [10, 2],
    ]);
  });

  it('sees every result of one watermark before what it pushed', () => {
    const source = new Subject<Row>();
    const order: string[] = [];
    source
      .pipe(withWatermark('t', 0), tap(), aggregate({ key: 'from', window: tumbling(10), select: { n: agg.count() } }), rows())
      .subscribe((row) => {
        order.push(`${row.window.start}${row.from}`);
        if (order.length === 1) source.next({ t: 40, from: 'x' });
      });
    source.next({ t: 1, from: 'a' });
    source.next({ t: 2, from: 'b' });
    source.next({ t: 11, from: 'a' });
    expect(order).toEqual(['0a', '0b', '10a']);
  });

  it('may complete the source', () => {
    const source = new Subject<Row>();
    const seen: string[] = [];
    source.pipe(withWatermark('t', 0), signals()).subscribe({
      next: (signal) => {
        seen.push(signal.kind);
        if (signal.kind === 'event') source.complete();
      },
      complete: () => seen.push('complete'),
    });
    source.next({ t: 10 });
    expect(seen).toEqual(['event', 'watermark', 'watermark', 'complete']);
  });

  it('may unsubscribe itself: what it pushed before does not come', () => {
    const source = new Subject<Row>();
    const seen: number[] = [];
    const subscription = source.pipe(withWatermark('t', 0), rows()).subscribe((row) => {
      seen.push(row.t);
      source.next({ t: row.t + 1 });
      subscription.unsubscribe();
    });
    source.next({ t: 1 });
    expect(seen).toEqual([1]);
  });

  it('shares one trampoline over both inputs of a merge', () => {
    const [a, b] = [new Subject<Row>(), new Subject<Row>()];
    const seen: string[] = [];
    const stream = mergeStreams([a.pipe(withWatermark('t', 0)), b.pipe(withWatermark('t', 0))]);
    stream.pipe(signals()).subscribe((signal) => {
      seen.push(signal.kind === 'event' ? `row ${signal.row.t}` : signal.kind === 'watermark' ? `W ${signal.time}` : signal.kind);
      if (signal.kind === 'event' && signal.row.t === 10) b.next({ t: 15 });
    });
    a.next({ t: 10 });
    expect(seen).toEqual(['row 10', 'row 15', 'W 10']);
  });

  it('through a change stream', () => {
    const source = new Subject<Row>();
    const counts: number[] = [];
    source
      .pipe(withWatermark('t', 0), aggregate({ window: tumbling(100), select: { n: agg.count() }, emit: onUpdate() }), rows())
      .subscribe((change) => {
        counts.push(change.row.n);
        if (change.row.n < 4) source.next({ t: 1 + change.row.n });
      });
    source.next({ t: 1 });
    expect(counts).toEqual([1, 2, 3, 4]);
  });

  it('random pushes back: time order holds and nothing is lost', () => {
    forSeeds(60, (random) => {
      const source = new Subject<Any>();
      const said: Signal<Any>[] = [];
      let budget = 40;
      let pushed = 0;
      const push = (row: Any): void => {
        pushed++;
        source.next(row);
      };
      source
        .pipe(
          withWatermark((r: Any) => r.t ?? 0, 5),
          filterRows(() => true),
          signals(),
        )
        .subscribe((signal) => {
          said.push(signal);
          while (budget > 0 && random.chance(0.5)) {
            budget--;
            push({ t: random.int(0, 200), id: pushed });
          }
        });
      for (const signal of timedSignals(random, 20)) if (signal.kind === 'event') push({ t: signal.time, id: pushed });
      let max = -Infinity;
      let w = -Infinity;
      said.forEach((signal, i) => {
        if (signal.kind === 'event') max = Math.max(max, signal.time);
        if (signal.kind !== 'watermark') return;
        expect(signal.time).toBeGreaterThan(w);
        w = signal.time;
        // It follows at once from the row before it.
        expect(w).toBe(max - 5);
        expect(said[i - 1]?.kind).toBe('event');
      });
      expect(said.filter(({ kind }) => kind === 'event')).toHaveLength(pushed);
    });
  });
});

describe('the trampoline', () => {
  const recorder = (log: string[], act: (value: number) => void = () => undefined): Entry<number> => ({
    deliver: (value) => {
      log.push(`begin ${value}`);
      act(value);
      log.push(`end ${value}`);
    },
  });

  it('runs a call at once when nothing runs', () => {
    const log: string[] = [];
    new Trampoline().enter(recorder(log), 1);
    expect(log).toEqual(['begin 1', 'end 1']);
  });

  it('queues calls that come meanwhile, first in, first out, however deep', () => {
    const log: string[] = [];
    const trampoline = new Trampoline();
    const entry: Entry<number> = recorder(log, (value) => {
      if (value < 10) {
        trampoline.enter(entry, value * 10);
        trampoline.enter(entry, value * 10 + 1);
      }
    });
    trampoline.enter(entry, 1);
    trampoline.enter(entry, 2);
    expect(log.filter((line) => line.startsWith('begin'))).toEqual([
      'begin 1',
      'begin 10',
      'begin 11',
      'begin 2',
      'begin 20',
      'begin 21',
    ]);
    log.forEach((line, i) => expect(line.startsWith('begin')).toBe(i % 2 === 0));
  });

  it('is usable again after something threw', () => {
    const log: string[] = [];
    const trampoline = new Trampoline();
    const broken: Entry<number> = {
      deliver: () => {
        throw new Error('broken');
      },
    };
    expect(() => trampoline.enter(broken, 0)).toThrow('broken');
    trampoline.enter(recorder(log), 1);
    expect(log).toEqual(['begin 1', 'end 1']);
  });
});
