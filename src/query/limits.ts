import type { PlanRecord } from '../checkpoint/records';
import { TidemarkError } from '../errors';
import type { Stage } from '../operator';
import type { BatchResult } from './graphRun';
import type { Settings } from './settings';

/** What the query does not go on with, looked at before anything of the batch is written; undefined: it may go on. */
export function tooManyFailures(
  { errorThreshold }: Settings,
  { batch }: PlanRecord,
  result: BatchResult,
): TidemarkError | undefined {
  if (errorThreshold === false) return undefined;
  const failed = result.rejections.filter(({ reason }) => reason === 'failed').length;
  const rows = [...result.rows.values()].reduce((sum, n) => sum + n, 0);
  if (failed < errorThreshold.rows || failed < errorThreshold.share * rows) return undefined;
  const details = { batchId: batch, failed, rows };
  return new TidemarkError('TIDEMARK_ERROR_THRESHOLD', `${failed} of ${rows} rows of batch ${batch} failed`, details);
}

/** State that grows beyond what the user allows: the batch stays planned, and runs again with a higher limit. */
export function tooMuchState(
  { maxStateRows }: Settings,
  { batch }: PlanRecord,
  stages: ReadonlyMap<string, Stage<unknown, unknown>>,
): TidemarkError | undefined {
  if (maxStateRows === Infinity) return undefined;
  const stateful = [...stages].filter(([, { stateful, processor }]) => stateful && processor.ownsWatermark !== true);
  const operators = Object.fromEntries(stateful.map(([id, stage]) => [id, stage.stateSize]));
  const rows = Object.values(operators).reduce((sum, n) => sum + n, 0);
  if (rows <= maxStateRows) return undefined;
  const message =
    `batch ${batch} would bring the state to ${rows} rows, and maxStateRows is ${maxStateRows}: ` +
    'raise it, or let state end (a watermark, a time to live, fewer keys)';
  return new TidemarkError('TIDEMARK_STATE_LIMIT', message, { batchId: batch, rows, maxStateRows, operators });
}
