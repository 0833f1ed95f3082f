import { agg, type Aggregate } from 'tidemark';
import type { ElementRow } from './assigner';
import type { ConfigOf } from './operators';

type WindowConfig = ConfigOf<'window'>;

/** Beam's discarding panes may be empty, and its sum begins at 0; in SQL, as with `agg.sum`, the sum of nothing is null. */
const sumFromZero = agg.custom<ElementRow, [total: number], number>({
  create: () => [0],
  add: (acc, row) => void (acc[0] += row.value as number),
  merge: (into, from) => void (into[0] += from[0]),
  result: ([total]) => total,
});

function aggregateOf({ aggregate: { fn }, accumulation }: WindowConfig): Aggregate<ElementRow, unknown, unknown> {
  if (fn === 'sum' && accumulation === 'discarding') return sumFromZero as Aggregate<ElementRow, unknown, unknown>;
  if (fn === 'count') return agg.count<ElementRow>() as Aggregate<ElementRow, unknown, unknown>;
  if (fn === 'list') return agg.collectList((row: ElementRow) => row.value) as Aggregate<ElementRow, unknown, unknown>;
  return agg.sum((row: ElementRow) => row.value as number) as Aggregate<ElementRow, unknown, unknown>;
}

/** The columns of a result. */
export function selectOf(config: WindowConfig): Record<string, Aggregate<ElementRow, unknown, unknown>> {
  const latest = agg.max((row: ElementRow) => row.time) as Aggregate<ElementRow, unknown, unknown>;
  return { value: aggregateOf(config), ...(config.timestampCombiner === 'latest' ? { lastTime: latest } : {}) };
}
