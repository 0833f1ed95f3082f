import { Subject, type Observable } from 'rxjs';
import {
  agg,
  aggregate,
  dropDuplicatesWithinWatermark,
  onTime,
  onUpdate,
  outcomes,
  session,
  sliding,
  tumbling,
  withWatermark,
} from 'tidemark';
import { generated, type Sighting } from '../../demos/web/data';
import { LiveRun, type Status } from '../../demos/web/live';
import type { Settings } from '../../demos/web/settings';

type Pipeline = (rows$: Observable<Sighting>) => Observable<unknown>;

const figures = {
  n: agg.count<Sighting>(),
  mean: agg.avg<Sighting>('value'),
  spread: agg.stddev<Sighting>('value'),
  tail: agg.percentileApprox<Sighting>('value', 0.9),
  ids: agg.approxCountDistinct<Sighting>('id'),
  drift: agg.corr<Sighting>('value', 'time'),
};

/** Five pipelines whose results must be the same bits in every engine. */
export const PIPELINES: Readonly<Record<string, Pipeline>> = {
  'tumbling, final rows': (rows$) =>
    rows$.pipe(
      withWatermark('time', '10 seconds'),
      aggregate({ key: 'station', window: tumbling('30 seconds'), select: figures }),
      outcomes(),
    ),
  'sliding, final rows': (rows$) =>
    rows$.pipe(
      withWatermark('time', '5 seconds'),
      aggregate({ key: 'station', window: sliding('1 minute', '7 seconds'), select: figures }),
      outcomes(),
    ),
  'sessions with corrections': (rows$) =>
    rows$.pipe(
      withWatermark('time', '5 seconds', { allowedLateness: '20 seconds' }),
      aggregate({ key: 'station', window: session('4 seconds'), emit: onTime(), select: figures }),
      outcomes(),
    ),
  'every update': (rows$) =>
    rows$.pipe(
      withWatermark('time', '20 seconds'),
      aggregate({ window: tumbling('1 minute'), emit: onUpdate(), select: figures }),
      outcomes(),
    ),
  'deduplicated within the watermark': (rows$) =>
    rows$.pipe(
      withWatermark('time', '10 seconds'),
      dropDuplicatesWithinWatermark(['id']),
      aggregate({ key: (row) => row.value % 7, window: tumbling('10 seconds'), select: figures }),
      outcomes(),
    ),
};

/** What a pipeline says about the generated rows of a seed, as JSON, line by line. */
export function answers(seed: number): Record<string, string> {
  const { rows } = generated(seed);
  return Object.fromEntries(Object.entries(PIPELINES).map(([name, pipeline]) => [name, answerOf(pipeline, rows)]));
}

function answerOf(pipeline: Pipeline, rows: readonly Sighting[]): string {
  const lines: string[] = [];
  const input$ = new Subject<Sighting>();
  const subscription = pipeline(input$).subscribe((said) => lines.push(JSON.stringify(said)));
  for (const row of rows) input$.next(row);
  input$.complete();
  subscription.unsubscribe();
  return lines.join('\n');
}

/** The page's pipeline, here. */
export function statusOf(seed: number, settings: Settings): Status {
  const run = new LiveRun(generated(seed), settings);
  run.step(Infinity);
  return run.status();
}
