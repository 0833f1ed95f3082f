import { of } from 'rxjs';
import { map, take } from 'rxjs/operators';
import {
  filterChanges,
  finalOnly,
  flatMapChanges,
  fromSignals,
  mapChanges,
  mapRows,
  operator,
  rows,
  type Change,
  type Signal,
  type Traits,
} from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it, vi } from 'vitest';
import { Deadlines } from '../../src/state/deadlines';

interface Row {
  readonly n: number;
}
type Told = Change<Row>;
type Harness<O> = OperatorHarness<Told, O>;

const MAX_TIME = 8_640_000_000_000_000;
const pane = { timing: 'early', index: 0, isLast: false } as const;
const upsert = (n: number, ...key: unknown[]): Told => ({ op: 'upsert', key, row: { n }, pane });
const gone = (n: number, ...key: unknown[]): Told => ({ op: 'delete', key, row: { n }, pane });

const CHANGES: Partial<Traits> = { kind: 'change', ties: 'ordered', windowColumns: ['window'] };
const open = <O>(operator: unknown, traits: Partial<Traits> = {}): Harness<O> =>
  operatorHarness<Told, O, 'event', 'event'>(operator as never, { traits: { ...CHANGES, ...traits } });

/** Rows that are changes, as a stream of changes. */
const asChanges = operator<Told, Told, 'event', 'change'>({
  type: 'asChanges',
  accepts: ['event'],
  traits: ([input]) => ({ ...input!, ...CHANGES, finality: 'window' }),
  create: () => ({ onEvent: (time, change, out) => out.forward(time, change) }),
});

describe('finalOnly behind windows', () => {
  const finals = (): Harness<Row> => open(finalOnly<Row>(), { finality: 'window' });

  it('says the last row of a key once its window is over, when the watermark has reached its end', () => {
    const harness = finals();
    expect(harness.state).toEqual({ rows: 0 });
    harness.event(9, upsert(1, 0, 'a'));
    harness.event(9, upsert(2, 0, 'a'));
    expect(harness.state).toEqual({ rows: 1 });
    harness.watermark(9);
    expect(harness.take()).toEqual([{ kind: 'watermark', time: 9 }]);
    harness.watermark(10);
    expect(harness.take()).toEqual([
      { kind: 'event', time: 9, row: { n: 2 } },
      { kind: 'watermark', time: 10 },
    ]);
    expect(harness.state).toEqual({ rows: 0 });
    harness.watermark(20);
    expect(harness.takeRows()).toEqual([]);
    expect(harness.tally).toMatchObject({ in: 2, absorbed: 2, outputs: 1, forwarded: 0 });
  });

  it('goes by the drop watermark, and hands that on', () => {
    const harness = finals();
    harness.event(9, upsert(1, 0));
    harness.watermark(50, 9);
    harness.watermark(60, 10);
    expect(harness.take()).toEqual([
      { kind: 'watermark', time: 9 },
      { kind: 'event', time: 9, row: { n: 1 } },
      { kind: 'watermark', time: 10 },
    ]);
  });

  it('what was taken back does not come, unless it is said again', () => {
    const harness = finals();
    harness.event(9, upsert(1, 0, 'a'));
    harness.event(9, upsert(2, 0, 'b'));
    harness.event(9, gone(1, 0, 'a'));
    harness.event(9, gone(7, 0, 'unheard'));
    expect(harness.state).toEqual({ rows: 1 });
    harness.event(9, upsert(3, 0, 'c'));
    harness.event(9, gone(3, 0, 'c'));
    harness.event(9, upsert(4, 0, 'c'));
    harness.watermark(Infinity);
    expect(harness.takeRows()).toEqual([{ n: 2 }, { n: 4 }]);
    expect(harness.tally).toMatchObject({ in: 7, absorbed: 7 });
  });

  it('a delete before anything else is nothing', () => {
    const harness = finals();
    harness.event(9, gone(1, 0));
    harness.watermark(Infinity);
    expect(harness.takeRows()).toEqual([]);
  });

  it('a window that has grown waits for its new end; it never shrinks', () => {
    const harness = finals();
    harness.event(9, upsert(1, 'a'));
    harness.event(14, upsert(2, 'a'));
    harness.event(11, upsert(3, 'a'));
    harness.watermark(14);
    expect(harness.takeRows()).toEqual([]);
    harness.watermark(15);
    expect(harness.take()[0]).toEqual({ kind: 'event', time: 14, row: { n: 3 } });
  });

  it('what is due at once comes in time order, and of equal times in the order in which it was first said', () => {
    const harness = finals();
    for (const [time, n] of [
      [29, 3],
      [19, 1],
      [2009, 4],
      [19, 2],
    ] as const)
      harness.event(time, upsert(n, n));
    harness.watermark(3000);
    expect(harness.takeRows().map(({ n }) => n)).toEqual([1, 2, 3, 4]);
  });

  it('a key that has spoken may be said again', () => {
    const harness = finals();
    harness.event(9, upsert(1, 'a'));
    harness.watermark(10);
    harness.event(19, upsert(2, 'a'));
    harness.watermark(20);
    expect(harness.takeRows()).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('stops in the middle when nobody listens any more', () => {
    const signals: Signal<Told>[] = [
      { kind: 'event', time: 9, row: upsert(1, 'a') },
      { kind: 'event', time: 9, row: upsert(2, 'b') },
      { kind: 'watermark', time: Infinity },
    ];
    let made = 0;
    const out: unknown[] = [];
    of(...signals)
      .pipe(
        fromSignals(),
        asChanges,
        finalOnly<Row>(),
        mapRows((row) => (made++, row)),
        rows(),
        take(1),
      )
      .subscribe((row) => out.push(row));
    expect([out, made]).toEqual([[{ n: 1 }], 1]);
  });

  it('is the same after a restart', () => {
    const harness = finals();
    harness.event(9, upsert(1, 0, 'a'));
    harness.event(29, upsert(2, 20, 'a'));
    harness.restore(harness.snapshot());
    expect(harness.state).toEqual({ rows: 2 });
    harness.event(29, upsert(3, 20, 'a'));
    harness.watermark(Infinity);
    expect(harness.take().slice(0, 2)).toEqual([
      { kind: 'event', time: 9, row: { n: 1 } },
      { kind: 'event', time: 29, row: { n: 3 } },
    ]);
  });
});

describe('finalOnly behind groups that go on for ever', () => {
  it('keeps nothing of rows that were taken back', () => {
    const forget = vi.spyOn(Deadlines.prototype, 'forget');
    const harness = open<Row>(finalOnly<Row>());
    for (let n = 0; n < 1000; n++) {
      harness.event(n, upsert(n, 'a'));
      if (n < 999) harness.event(n, gone(n, 'a'));
    }
    expect((forget.mock.contexts[0] as unknown as { count: number }).count).toBeLessThan(200);
    forget.mockRestore();
    harness.watermark(Infinity);
    expect(harness.takeRows()).toEqual([{ n: 999 }]);
  });

  it.each(['end', undefined] as const)('says them at the end only (%s)', (finality) => {
    const harness = open<Row>(finalOnly<Row>(), finality === undefined ? {} : { finality });
    harness.event(9, upsert(1, 'a'));
    harness.event(12, upsert(2, 'a'));
    harness.watermark(1e15);
    expect(harness.takeRows()).toEqual([]);
    harness.restore(harness.snapshot());
    harness.watermark(Infinity);
    expect(harness.take().at(0)).toEqual({ kind: 'event', time: MAX_TIME, row: { n: 2 } });
  });

  it('refuses parts: the last one is not the whole', () => {
    expect(() => open(finalOnly<Row>(), { isPartial: true })).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
    expect(() => open(finalOnly<Row>(), { isPartial: false })).not.toThrow();
  });
});

describe('changes, row by row', () => {
  it('mapChanges changes the row and nothing else, of deletes too, and may read the clock', () => {
    const harness = operatorHarness<Told, Change<unknown>, 'change', 'change'>(
      mapChanges(({ n }: Row, clock) => ({ n: -n, now: clock.now() })),
      { traits: CHANGES, now: 7 },
    );
    harness.event(9, upsert(1, 0, 'a'));
    harness.event(9, gone(1, 0, 'a'));
    expect(harness.take()).toEqual([
      { kind: 'event', time: 9, row: { ...upsert(1, 0, 'a'), row: { n: -1, now: 7 } } },
      { kind: 'event', time: 9, row: { ...gone(1, 0, 'a'), row: { n: -1, now: 7 } } },
    ]);
    expect(harness.tally).toMatchObject({ in: 2, forwarded: 2, filtered: 0 });
  });

  it('filterChanges takes back what does not stay, and lets every delete through unasked', () => {
    const asked: unknown[] = [];
    const harness = operatorHarness<Told, Told, 'change', 'change'>(
      filterChanges(({ n }: Row, clock) => (asked.push([n, clock.now()]), n > 1 ? 'yes' : null)),
      { traits: CHANGES, now: 7 },
    );
    const told = [upsert(1, 'a'), upsert(2, 'a'), gone(1, 'b'), gone(2, 'c')];
    for (const change of told) harness.event(9, change);
    expect(harness.takeRows()).toEqual([gone(1, 'a'), ...told.slice(1)]);
    expect(asked).toEqual([
      [1, 7],
      [2, 7],
    ]);
    expect(harness.tally).toMatchObject({ in: 4, forwarded: 4, filtered: 0 });
  });

  it('flatMapChanges gives each row its place in the key; no row is filtered', () => {
    const harness = open<Told>(flatMapChanges<Row, Row>(({ n }) => Array.from({ length: n }, (_, i) => ({ n: 10 * n + i }))));
    harness.event(9, upsert(2, 0, 'a'));
    harness.event(9, gone(1, 0, 'a'));
    harness.event(9, upsert(0, 0, 'a'));
    expect(harness.take()).toEqual([
      { kind: 'event', time: 9, row: upsert(20, 0, 'a', 0) },
      { kind: 'event', time: 9, row: upsert(21, 0, 'a', 1) },
      { kind: 'event', time: 9, row: gone(10, 0, 'a', 0) },
    ]);
    expect(harness.tally).toMatchObject({ in: 3, absorbed: 2, filtered: 1, outputs: 3, forwarded: 0 });
  });

  it('flatMapChanges stops in the middle when nobody listens any more', () => {
    let made = 0;
    const out: unknown[] = [];
    of<Signal<Told>>({ kind: 'event', time: 9, row: upsert(3, 'a') })
      .pipe(
        fromSignals(),
        asChanges,
        flatMapChanges((row: Row) => [row, row, row]),
        mapChanges((row) => (made++, row)),
        rows(),
        map(({ key }) => key),
        take(2),
      )
      .subscribe((key) => out.push(key));
    expect([out, made]).toEqual([
      [
        ['a', 0],
        ['a', 1],
      ],
      2,
    ]);
  });
});
