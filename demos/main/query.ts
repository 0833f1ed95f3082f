import { continuous, mapRows, mergeStreams, streamingQuery } from 'tidemark';
import type { Source, StreamingQuery } from 'tidemark';
import { fileCheckpoint } from 'tidemark/node';
import type { Home } from './home';
import type { Job } from './job';
import type { Kind } from './ledger';
import { alertLine, rejectionLine, windowLine, type Line } from './lines';
import { lineSink } from './lineSink';
import { totalsOf } from './totals';

/** What a run of a job needs beside the job. */
export interface QueryPlan {
  readonly home: Home;
  readonly source: Source<unknown>;
  /** Between two commits, ms. */
  readonly checkpointEvery: number;
  /** Told of lines once they are committed. */
  readonly onLines: (output: OutputName, lines: readonly Line[]) => void;
}

/** The outputs that become files. */
export const OUTPUTS = ['windows', 'alerts', 'rejected'] as const;
export type OutputName = (typeof OUTPUTS)[number];

/**
 * The job as a durable query. Rows go through one by one, each moving the watermark, as in a plain pipe; state, outputs and
 * the position in the source are committed together. Nothing that comes out depends on when that happens.
 */
export function queryOf(
  job: Job,
  { home, source, checkpointEvery, onLines }: QueryPlan,
): {
  readonly query: StreamingQuery;
  readonly kinds: readonly Kind[];
} {
  let kinds: readonly Kind[] = [];
  const sink = <R>(name: OutputName, line: (row: R) => Line) =>
    lineSink({ path: home.at(name), line, isStrict: home.isOpenEnded, onLines: (lines) => onLines(name, lines) });
  const asIs = (line: Line): Line => line;
  const query = streamingQuery(source, (raw$) => {
    const flow = job.flow(raw$, home.now);
    kinds = flow.windows.map(({ name, assigner }) => ({ name, isTumbling: assigner.kind === 'tumbling' }));
    const windows = flow.windows.map((output) =>
      output.rows$.pipe(mapRows((row) => windowLine(output, job.keyName, row), { id: `lines-${output.name}` })),
    );
    const alerts = mergeStreams(flow.alerts, { id: 'alerts' }).pipe(mapRows(alertLine, { id: 'lines-alerts' }));
    return {
      windows: mergeStreams(windows, { id: 'windows' }),
      alerts,
      totals: totalsOf(flow, job.delayMs, alerts),
    };
  }).writeStream({
    to: {
      windows: sink('windows', asIs),
      alerts: sink('alerts', asIs),
      rejected: sink('rejected', rejectionLine),
      totals: lineSink({ path: home.at('totals'), line: (total) => ({ ...total }) }),
    },
    trigger: continuous({ checkpoint: checkpointEvery }),
    checkpoint: fileCheckpoint(home.at('checkpoint')),
    errorThreshold: false,
    minBatchesToRetain: 10,
    onAdvice: () => {},
  });
  return { query, kinds };
}
