import { filter, map, Subject, type Observable } from 'rxjs';
import type { Metric } from '../data';
import { agg, aggregate, filterRows, mapRows, rows, tumbling, withWatermark } from '../library';
import { collectGarbage, median, quantile } from '../measure';
import { rounded, type Result } from '../report';

const PER_SECOND = 100_000;
const SECONDS = 1;
const START = 1_699_999_200_000;
const KEYS = 100;

type Pipe = (input: Observable<Metric>) => Observable<unknown>;

const isHot = (row: Metric): boolean => row.v !== null && row.v >= 0;
const celsius = (row: Metric): { v: number; k: string } => ({ k: row.k, v: (row.v ?? 0) / 10 });
const warm = (row: { readonly k: string; readonly v: number }): boolean => row.v >= 0;
const alertOf = (row: { readonly k: string; readonly v: number }): { k: string; text: string; v: number } => ({
  ...row,
  text: 'hot',
});

const pipes: Readonly<Record<string, Pipe>> = {
  rxjs: (input) => input.pipe(filter(isHot), map(celsius), filter(warm), map(alertOf)),
  latency: (input) =>
    input.pipe(withWatermark('t', 0), filterRows(isHot), mapRows(celsius), filterRows(warm), mapRows(alertOf), rows()),
  // A window a millisecond of event time and key: every hundredth event moves W over an end and gives a hundred rows.
  'latency-window': (input) =>
    input.pipe(withWatermark('t', 0), aggregate({ key: 'k', window: tumbling(1), select: { n: agg.count() } }), rows()),
};

/**
 * From the time an event was due to its result, at 100,000 events a second. This is the one figure on the wall clock: on a
 * busy machine its tail is the other processes.
 */
export function latency(rounds: number): Result[] {
  const seen: Record<string, number[][]> = {};
  for (let round = 0; round <= rounds; round++) {
    for (const [name, pipe] of Object.entries(pipes)) {
      const times = drive(pipe);
      if (round > 0) (seen[name] ??= []).push([0.5, 0.99].map((q) => quantile(times, q)));
    }
  }
  const at = (name: string, q: number): number => rounded(median(seen[name]!.map((one) => one[q]!)), 1);
  const details = { 'RxJS p50': at('rxjs', 0), 'RxJS p99': at('rxjs', 1) };
  return ['latency', 'latency-window'].flatMap((name) => [
    { workload: `${name}-p50`, value: at(name, 0), unit: 'µs', target: 20, rounds, details },
    { workload: `${name}-p99`, value: at(name, 1), unit: 'µs', target: 1000, rounds },
  ]);
}

/** Pushes what is due, and lets the event loop turn when nothing is. Gives the latencies in µs. */
function drive(pipe: Pipe): number[] {
  const input = new Subject<Metric>();
  const count = PER_SECOND * SECONDS;
  const events = Array.from({ length: count }, (_, i) => ({ t: START + Math.floor(i / 100), k: `key${i % KEYS}`, v: i % 50 }));
  const out: number[] = [];
  let due = 0;
  const open = pipe(input).subscribe(() => out.push((performance.now() - due) * 1000));
  collectGarbage();
  const begin = performance.now();
  for (let i = 0; i < count; i++) {
    due = begin + (i * 1000) / PER_SECOND;
    while (performance.now() < due);
    input.next(events[i]!);
  }
  open.unsubscribe();
  return out;
}
