import { asyncScheduler, type SchedulerLike } from 'rxjs';
import type { Alert, Assigner, EventStream, Window } from 'tidemark';

/** A row of a window, whatever its other columns are. */
export interface WindowRow {
  readonly window: Window;
}

/** The windows of one shape over one stream, and what the demo needs to check them. */
export interface WindowOutput {
  /** Id of the operator, and the `kind` of its lines in windows.ndjson. */
  readonly name: string;
  readonly assigner: Assigner;
  readonly rows$: EventStream<WindowRow>;
  /** The column with the key, and the one that says how many rows are in the window. */
  readonly keyColumn: string;
  readonly countColumn: string;
}

/** A pipeline as the demo runs it: clean rows, windows over them, alerts on the windows. */
export interface Flow {
  /** Rows with event time, before any of them is judged. */
  readonly timed$: EventStream<object>;
  readonly clean$: EventStream<object>;
  /** Event time of such a row, epoch ms. */
  timeOf(row: object): number;
  /** The column of a clean row that the windows are grouped by. */
  readonly keyColumn: string;
  readonly windows: readonly WindowOutput[];
  readonly alerts: readonly EventStream<Alert<WindowRow>>[];
}

export function columnOf(row: object, column: string): unknown {
  return (row as Readonly<Record<string, unknown>>)[column];
}

/** A clock that stands still, so that nothing of what comes out depends on when it is made. */
export function frozenAt(ms: number): SchedulerLike {
  return Object.create(asyncScheduler, { now: { value: () => ms } }) as SchedulerLike;
}
