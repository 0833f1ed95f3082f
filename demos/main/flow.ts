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
  readonly clean$: EventStream<object>;
  /** The column of a clean row that the windows are grouped by. */
  readonly keyColumn: string;
  readonly windows: readonly WindowOutput[];
  readonly alerts: readonly EventStream<Alert<WindowRow>>[];
}
