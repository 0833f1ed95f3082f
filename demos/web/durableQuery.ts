import { agg, aggregate, dropDuplicates, tumbling, withWatermark } from 'tidemark';
import type { EventStream, UntimedStream, Window } from 'tidemark';
import type { Sighting } from './data';

/** A final window of a station. */
export interface StationWindow {
  readonly window: Window;
  readonly station: string;
  readonly count: number;
  readonly mean: number | null;
}

/** The pipeline of the durable tab; operators have ids, by which their state is found again. */
export function durableWindows(rows$: UntimedStream<Sighting>): EventStream<StationWindow> {
  return rows$.pipe(
    withWatermark('time', '15 seconds', { id: 'watermark', maxFutureSkew: false }),
    dropDuplicates(['id', 'time'], { id: 'dedup' }),
    aggregate({
      id: 'windows',
      key: 'station',
      window: tumbling('20 seconds'),
      select: { count: agg.count<Sighting>(), mean: agg.avg<Sighting>('value') },
    }),
  );
}
