import { defer, EMPTY, merge, Subject, type Observable } from 'rxjs';
import {
  agg,
  aggregate,
  alertWhen,
  asOfJoin,
  deduplicate,
  dropDuplicates,
  explain,
  filterRows,
  flatMapGroupsWithState,
  keyedProcess,
  matchPattern,
  onUpdate,
  panes,
  pattern,
  previousRows,
  rows,
  session,
  threshold,
  topN,
  transformWithState,
  trigger,
  tumbling,
  withWatermark,
  type EventStream,
  type GroupState,
} from 'tidemark';
import { describe, expect, it } from 'vitest';
import { collections } from './collector';

interface Row {
  readonly t: number;
  readonly k: string;
}

const all = { all: agg.collectList((row) => row), last: agg.last((row) => row), n: agg.count() } as const;
const started = (): Row => ({ t: 1, k: 'versions' });

/** One for each kind of state in which rows of the user's can be. */
const PIPES: Readonly<Record<string, (rows$: EventStream<Row>) => Observable<unknown>>> = {
  'groups without windows': (rows$) => rows$.pipe(aggregate({ key: 'k', select: all }), rows()),
  'one group': (rows$) => rows$.pipe(aggregate({ select: { all: agg.collectList('t'), last: agg.last('k') } }), rows()),
  'keys seen': (rows$) => rows$.pipe(dropDuplicates(['k'], { unbounded: true }), rows()),
  'last row of a key': (rows$) => rows$.pipe(deduplicate({ key: 'k', keep: 'last' }), rows()),
  'best rows': (rows$) => rows$.pipe(topN({ key: 'k', n: 3, by: 't', emit: 'onUpdate' }), rows()),
  'rows before': (rows$) => rows$.pipe(previousRows({ key: 'k', n: 3, select: { s: agg.sum('t') } }), rows()),
  sessions: (rows$) => rows$.pipe(aggregate({ key: 'k', window: session(5), select: all, emit: onUpdate() }), rows()),
  panes: (rows$) =>
    rows$.pipe(
      aggregate({ key: 'k', window: tumbling(5), select: all, emit: panes({ trigger: trigger.afterCount(1) }) }),
      rows(),
    ),
  velocity: (rows$) =>
    rows$.pipe(aggregate({ key: 'k', window: tumbling(5), select: { v: agg.velocity(agg.count()), ...all } }), rows()),
  'partial matches': (rows$) =>
    rows$.pipe(
      matchPattern(
        pattern('one', ({ t }: Row) => t > 0).followedBy('never', () => false),
        { key: 'k' },
      ),
      rows(),
    ),
  versions: (rows$) => {
    const table = new Subject<Row>();
    const joined = rows$.pipe(asOfJoin(table.pipe(withWatermark('t', 0)), { on: 'k', type: 'left', select: (a) => a }), rows());
    return merge(
      joined,
      defer(() => (table.next(started()), table.complete(), EMPTY)),
    );
  },
  alerts: (rows$) =>
    rows$.pipe(alertWhen({ when: threshold({ metric: 't', threshold: 0 }), key: 'k', for: 5, resolved: true }), rows()),
  'state of groups': (rows$) =>
    rows$.pipe(
      flatMapGroupsWithState({
        key: 'k',
        update: (_key, those: readonly Row[], state: GroupState<readonly Row[]>) => {
          state.update([...(state.getOption() ?? []), ...those]);
          return [];
        },
      }),
      rows(),
    ),
  'keyed state': (rows$) =>
    rows$.pipe(
      keyedProcess(
        (handle) => {
          const last = handle.valueState<Row>('last');
          return { onRow: (row: Row, { time, eventTimers }) => (last.update(row), eventTimers.register(time + 1e9)) };
        },
        { key: 'k' },
      ),
      rows(),
    ),
  'lists and maps of keys': (rows$) =>
    rows$.pipe(
      transformWithState(
        (handle) => {
          const list = handle.listState<Row>('list');
          const map = handle.mapState<number, Row>('map');
          return {
            handleInputRows: (_key, those: Iterable<Row>) => {
              for (const row of those) {
                list.append(row);
                map.put(row.t, row);
              }
            },
          };
        },
        { key: 'k', timeMode: 'eventTime' },
      ),
      rows(),
    ),
};

interface Left {
  readonly keep: WeakRef<object>;
  readonly rows: readonly WeakRef<object>[];
  readonly failed: unknown;
}

function ended(pipe: (rows$: EventStream<Row>) => Observable<unknown>, isCut: boolean): Left {
  const keep = (): boolean => true;
  const those = Array.from({ length: 20 }, (_, t): Row => ({ t: t + 1, k: `k${t % 3}` }));
  const input = new Subject<Row>();
  let failed: unknown;
  const open = pipe(input.pipe(withWatermark('t', 4), filterRows(keep, { id: 'mine' }))).subscribe({
    error: (cause) => (failed = cause),
  });
  for (const row of those) input.next(row);
  if (isCut) open.unsubscribe();
  else input.complete();
  return { keep: new WeakRef(keep), rows: those.map((row) => new WeakRef(row)), failed };
}

/** An accumulator of several aggregates has the values of the last row at hand: that one may be there. */
const stillThere = (rows: readonly WeakRef<object>[]): number =>
  rows.slice(0, -1).filter((row) => row.deref() !== undefined).length;

describe('a pipe that has ended keeps no row in', () => {
  it.each(Object.entries(PIPES))('%s', async (name, pipe) => {
    const { keep, rows, failed } = ended(pipe, false);
    expect(failed).toBeUndefined();
    await collections(2);
    // Versions count as rows that wait; the code of all others stays warm.
    expect(keep.deref() !== undefined).toBe(name !== 'versions');
    expect(stillThere(rows)).toBe(0);
  });

  it.each(Object.entries(PIPES))('%s, cut off', async (_name, pipe) => {
    const { rows, failed } = ended(pipe, true);
    expect(failed).toBeUndefined();
    await collections(2);
    expect(stillThere(rows)).toBe(0);
  });
});

it('says afterwards what it held', () => {
  const input = new Subject<Row>();
  const groups$ = input.pipe(withWatermark('t', 0), aggregate({ id: 'groups', key: 'k', select: { n: agg.count() } }));
  groups$.pipe(rows()).subscribe();
  for (const k of ['a', 'b', 'a']) input.next({ t: 1, k });
  const before = explain(groups$).operators.at(-1)!.live!.state;
  input.complete();
  expect(explain(groups$).operators.at(-1)!.live!.state).toEqual(before);
  expect(Object.values(before)).toContain(2);
});
