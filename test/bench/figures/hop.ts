import { filter, from, map, type OperatorFunction } from 'rxjs';
import { metrics, W1, WATERMARK_EVERY, type Metric } from '../data';
import { filterRows, mapRows, rows, withWatermark } from '../library';
import { compare, median } from '../measure';
import { rounded, type Result } from '../report';

const HOPS = 8;
const EVENTS = 200_000;

type Hop = OperatorFunction<never, never>;

/** What eight hops cost above none, a hop and event: the library's against RxJS's. */
export function hop(rounds: number): Result[] {
  const events = metrics({ ...W1.shape, events: EVENTS });
  const same = (row: Metric): Metric => row;
  const all = (row: Metric): boolean => row.t > 0;
  const alternatives = [
    rxjs(events, []),
    rxjs(
      events,
      times(() => map(same)),
    ),
    rxjs(
      events,
      times(() => filter(all)),
    ),
    library(events, []),
    library(
      events,
      times(() => mapRows(same)),
    ),
    library(
      events,
      times(() => filterRows(all)),
    ),
  ];
  const { times: t } = compare(alternatives, EVENTS, rounds);
  const cost = (chain: number, none: number): number[] => t[chain]!.map((ns, round) => (ns - t[none]![round]!) / HOPS);
  const [rxMap, rxFilter, ownMap, ownFilter] = [cost(1, 0), cost(2, 0), cost(4, 3), cost(5, 3)];
  const ratio = rounded(median(ownMap.map((ns, round) => (ns + ownFilter[round]!) / 2 / rxMap[round]!)));
  const details = {
    'RxJS map': rounded(median(rxMap)),
    'RxJS filter': rounded(median(rxFilter)),
    mapRows: rounded(median(ownMap)),
    'filterRows (ns/hop)': rounded(median(ownFilter)),
  };
  return [{ workload: 'hop', value: ratio, ratio, unit: '× RxJS', target: 0.5, good: 0.2, rounds, details }];
}

function times(make: () => unknown): Hop[] {
  return Array.from({ length: HOPS }, () => make() as Hop);
}

function rxjs(events: readonly Metric[], hops: readonly Hop[]): () => void {
  return () => {
    let sum = 0;
    const chain = hops.reduce((source, apply) => source.pipe(apply as never), from(events));
    chain.subscribe((row) => (sum += row.v ?? 0));
    check(sum);
  };
}

function library(events: readonly Metric[], hops: readonly Hop[]): () => void {
  return () => {
    let sum = 0;
    const head = from(events).pipe(withWatermark('t', W1.shape.delayMs, { emitEvery: { rows: WATERMARK_EVERY } }));
    const chain = hops.reduce((source, apply) => source.pipe(apply as never), head);
    chain.pipe(rows()).subscribe((row) => (sum += row.v ?? 0));
    check(sum);
  };
}

function check(sum: number): void {
  if (!(sum > 0)) throw new Error('no rows came through');
}
