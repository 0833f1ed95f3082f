import { agg, aggregate, globalWindow, mapRows, mergeStreams, type Assigner, type EventStream } from 'tidemark';
import { columnOf, type Flow, type WindowRow } from './flow';

/** Delays for the table "what another delay would have lost": 1 minute to 14 days. */
export const LADDER: readonly number[] = [60, 600, 3_600, 21_600, 43_200, 86_400, 172_800, 259_200, 604_800, 1_209_600].map(
  (s) => s * 1000,
);

/** What is counted over the whole stream and said at its end, by aggregates of the query: a restart goes on with them. */
export type Total =
  | { readonly of: 'arrivals'; readonly arrivals: Arrivals }
  | { readonly of: 'clean'; readonly clean: CleanTotal }
  | { readonly of: 'window'; readonly name: string; readonly rows: number; readonly counted: number | null }
  | { readonly of: 'alerts'; readonly alerts: number };

/** How far rows came behind the newest one before them. */
export interface Arrivals {
  timed: number;
  maxTime: number;
  farthestBehind: number;
  /** How many came behind by a delay of the ladder, or by more. */
  readonly behind: number[];
}

/** What should be in windows, as it follows from the clean rows and the delay: the library's count has no part in it. */
export interface CleanTotal {
  readonly rows: number;
  readonly windows: readonly Expected[];
}

/** What one kind of windows should hold. */
export interface Expected {
  /** Rows, once for each window that was still open for them. */
  rows: number;
  /** Rows all of whose windows had been passed. */
  missed: number;
  /** Windows that rows fell into. */
  windows: number;
}

interface Clean {
  rows: number;
  maxTime: number;
  /** With the keys of the windows that are open, by their ends. */
  readonly windows: (Expected & { readonly open: Map<number, Set<unknown>> })[];
}

/** All totals of a flow as one stream; nothing comes before the end of the data. */
export function totalsOf(flow: Flow, delayMs: number, alerts$: EventStream<object>): EventStream<Total> {
  const window = globalWindow();
  const { timed$, clean$ } = flow;
  const arrivals$ = timed$.pipe(aggregate({ id: 'total-arrivals', window, select: { arrivals: arrivalsOf(flow) } }));
  const expected$ = clean$.pipe(aggregate({ id: 'total-clean', window, select: { clean: cleanOf(flow, delayMs) } }));
  const alarms$ = alerts$.pipe(aggregate({ id: 'total-alerts', window, select: { alerts: agg.count<object>() } }));
  const windows = flow.windows.map(({ name, rows$, countColumn }) => {
    const counted = agg.sum<WindowRow>((row) => Number(columnOf(row, countColumn)));
    const said$ = rows$.pipe(aggregate({ id: `total-${name}`, window, select: { rows: agg.count<WindowRow>(), counted } }));
    return said$.pipe(mapRows(({ rows, counted }): Total => ({ of: 'window', name, rows, counted })));
  });
  return mergeStreams<Total>([
    arrivals$.pipe(mapRows(({ arrivals }): Total => ({ of: 'arrivals', arrivals }))),
    expected$.pipe(mapRows(({ clean }): Total => ({ of: 'clean', clean }))),
    ...windows,
    alarms$.pipe(mapRows(({ alerts }): Total => ({ of: 'alerts', alerts }))),
  ]);
}

function arrivalsOf({ timeOf }: Flow) {
  return agg.custom<object, Arrivals, Arrivals>({
    name: 'arrivals',
    create: () => ({ timed: 0, maxTime: -Infinity, farthestBehind: 0, behind: LADDER.map(() => 0) }),
    add(acc, row) {
      const time = timeOf(row);
      const behind = acc.maxTime - time;
      acc.timed++;
      LADDER.forEach((delay, i) => (acc.behind[i]! += behind >= delay ? 1 : 0));
      acc.farthestBehind = Math.max(acc.farthestBehind, behind);
      acc.maxTime = Math.max(acc.maxTime, time);
    },
    result: (acc) => acc,
  });
}

function cleanOf({ timeOf, keyColumn, windows }: Flow, delayMs: number) {
  return agg.custom<object, Clean, CleanTotal>({
    name: 'clean',
    create: () => ({
      rows: 0,
      maxTime: -Infinity,
      windows: windows.map(() => ({ rows: 0, missed: 0, windows: 0, open: new Map() })),
    }),
    add(acc, row) {
      const time = timeOf(row);
      acc.rows++;
      windows.forEach(({ assigner }, i) =>
        expectIn(acc.windows[i]!, assigner, time, row, columnOf(row, keyColumn), acc.maxTime - delayMs),
      );
      acc.maxTime = Math.max(acc.maxTime, time);
    },
    result: (acc) => ({ rows: acc.rows, windows: acc.windows.map(({ open: _open, ...counts }) => counts) }),
    encode: (acc) => structuredClone(acc),
    decode: (data) => structuredClone(data) as Clean,
  });
}

function expectIn(
  acc: Clean['windows'][number],
  assigner: Assigner,
  time: number,
  row: object,
  key: unknown,
  passed: number,
): void {
  for (const end of acc.open.keys()) if (end <= passed) acc.open.delete(end);
  const windows = assigner.assign(time, row).filter((window) => window.end > passed);
  acc.rows += windows.length;
  if (windows.length === 0) acc.missed++;
  for (const { end } of windows) {
    const keys = acc.open.get(end) ?? new Set<unknown>();
    acc.open.set(end, keys);
    if (!keys.has(key)) acc.windows++;
    keys.add(key);
  }
}
