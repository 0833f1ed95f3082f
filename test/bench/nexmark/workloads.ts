import type { Observable } from 'rxjs';
import type { AnyRow } from '../checksum';
import { WATERMARK_EVERY as EVERY } from '../data';
import { mixedWork, only } from '../mixed';
import type { Work, Workload } from '../workloads';
import { AUCTION, BID, nexmark, PERSON } from './generator';
import * as loops from './loops';
import * as pipelines from './pipelines';

const EVENTS = 500_000;

/** Which inputs a query reads, and its bars. */
const QUERIES = {
  q1: { reads: [BID], target: 2.2, good: 1.8 },
  q2: { reads: [BID], target: 2.2, good: 1.8 },
  q3: { reads: [PERSON, AUCTION], target: 1.5, good: 1.25 },
  q4: { reads: [AUCTION, BID], target: 1.5, good: 1.25 },
  q5: { reads: [BID], target: 1.5, good: 1.25 },
  q7: { reads: [BID], target: 1.5, good: 1.25 },
  q8: { reads: [PERSON, AUCTION], target: 1.5, good: 1.25 },
} as const;

type Name = keyof typeof QUERIES;

export const nexmarkWorkloads: readonly Workload[] = (Object.keys(QUERIES) as Name[]).map((name) => {
  const { reads, target, good } = QUERIES[name];
  const share = [1, 3, 46];
  const events = reads.reduce<number>((sum, input) => sum + (EVENTS * share[input]!) / 50, 0);
  return { name: `nexmark-${name}`, group: 'nexmark', target, good, events, prepare: () => workOf(name, EVENTS) };
});

/** A query by hand and by the library. */
export function workOf(name: Name, count: number): Work {
  const events = only(nexmark(count), QUERIES[name].reads);
  return mixedWork(events, 3, {
    loop: (onRow) => loops[name](events, EVERY, onRow),
    pipeline: (inputs) => pipelines[name](inputs as never, EVERY) as Observable<AnyRow>,
  });
}

export const QUERY_NAMES = Object.keys(QUERIES) as Name[];
