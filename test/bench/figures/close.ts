import { Subject, type Observable } from 'rxjs';
import type { Metric } from '../data';
import { agg, aggregate, rows, session, tumbling, withWatermark } from '../library';
import { collectGarbage, cpuMs, median } from '../measure';
import { rounded, type Result } from '../report';

const CLOSED = 100_000;
const KEYS = 1000;
const START = 1_699_999_200_000;
const DAY = 86_400_000;

interface Case {
  readonly name: string;
  readonly pipe: (input: Observable<Metric>) => Observable<unknown>;
  /** Time of row `i` of `CLOSED`; key `i % keys`. */
  readonly time: (i: number) => number;
  readonly keys: number;
}

const byWindow = (input: Observable<Metric>): Observable<unknown> =>
  input.pipe(
    withWatermark('t', 2 * DAY),
    aggregate({ key: 'k', window: tumbling(1000), select: { n: agg.count(), total: agg.sum('v') } }),
    rows(),
  );
const bySession = (input: Observable<Metric>): Observable<unknown> =>
  input.pipe(
    withWatermark('t', 2 * DAY),
    aggregate({ key: 'k', window: session(1000), select: { n: agg.count(), total: agg.sum('v') } }),
    rows(),
  );

const cases: readonly Case[] = [
  { name: 'close', pipe: byWindow, time: (i) => START + Math.floor(i / KEYS) * 1000, keys: KEYS },
  { name: 'close-windows-of-one', pipe: byWindow, time: (i) => START + i * 1000, keys: 1 },
  { name: 'close-sessions', pipe: bySession, time: (i) => START + (i % 1000), keys: CLOSED },
];

/** One row moves W past 100,000 windows: how long that one row takes. */
export function close(rounds: number): Result[] {
  return cases.map((one) => {
    const ms = Array.from({ length: rounds + 1 }, () => closing(one)).slice(1);
    return { workload: one.name, value: rounded(median(ms), 1), unit: 'ms', target: 40, rounds, details: { windows: CLOSED } };
  });
}

function closing({ pipe, time, keys }: Case): number {
  const names = Array.from({ length: keys }, (_, i) => `key${i}`);
  const input = new Subject<Metric>();
  let given = 0;
  const open = pipe(input).subscribe(() => given++);
  for (let i = 0; i < CLOSED; i++) input.next({ t: time(i), k: names[i % keys]!, v: i });
  collectGarbage();
  const ms = cpuMs(() => input.next({ t: START + 10 * DAY, k: 'last', v: 1 }));
  if (given !== CLOSED) throw new Error(`${given} windows were closed, not ${CLOSED}`);
  open.unsubscribe();
  return ms;
}
