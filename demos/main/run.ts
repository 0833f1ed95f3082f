import { join } from 'node:path';
import { Subject, Subscription, type Observable } from 'rxjs';
import { formatTime, outcomes, rows, signals, type Alert, type Rejection } from 'tidemark';
import type { Flow, WindowOutput, WindowRow } from './flow';
import { columnOf, Ledger } from './ledger';
import { NdjsonFile } from './ndjsonFile';

/** Rows, what is made of them, and what is said about it. */
export interface Job<Raw = unknown> {
  readonly title: string;
  /** Where the rows come from, and why the delay is what it is. */
  readonly about: readonly string[];
  readonly rows: AsyncIterable<Raw> | Iterable<Raw>;
  /** How many rows there are, where that is known before. */
  readonly total?: number;
  /** The delay of the watermark, where rows are judged by it one by one. */
  readonly delayMs: number;
  /** True where duplicates are looked for: that operator judges each row, not its windows. */
  readonly judgesRows: boolean;
  /** What the key is called in the files. */
  readonly keyName: string;
  /** A method, so that a job of earthquakes is a job of anything. */
  flow(raw$: Observable<Raw>): Flow;
}

/** The files of a run. */
export type Outputs = Readonly<Record<'windows' | 'alerts' | 'rejected', NdjsonFile>>;

/** What a run comes to. */
export interface Outcome {
  readonly ledger: Ledger;
  readonly outputs: Outputs;
}

/**
 * Sends the rows through the pipeline and what comes out into the files.
 *
 * @param watch - called after each row; what it awaits holds the source, so a slow watcher is no problem
 * @throws what the source, the pipeline or the disk throws; then no file has been left
 */
export async function run<Raw>(
  job: Job<Raw>,
  folder: string,
  watch: (ledger: Ledger) => Promise<void> | void = () => {},
): Promise<Outcome> {
  const outputs = openOutputs(folder);
  try {
    const ledger = await send(job, outputs, watch);
    for (const file of Object.values(outputs)) file.close();
    return { ledger, outputs };
  } catch (cause) {
    for (const file of Object.values(outputs)) file.discard();
    throw cause;
  }
}

function openOutputs(folder: string): Outputs {
  const file = (name: string): NdjsonFile => new NdjsonFile(join(folder, `${name}.ndjson`));
  return { windows: file('windows'), alerts: file('alerts'), rejected: file('rejected') };
}

async function send<Raw>(job: Job<Raw>, outputs: Outputs, watch: (ledger: Ledger) => Promise<void> | void): Promise<Ledger> {
  const input$ = new Subject<Raw>();
  const flow = job.flow(input$);
  const ledger = new Ledger(flow);
  const failures: unknown[] = [];
  const subscription = listen(flow, job.keyName, ledger, outputs, (cause) => failures.push(cause));
  const check = (): void => {
    if (failures.length > 0) throw failures[0];
  };
  try {
    for await (const raw of job.rows) {
      ledger.read++;
      input$.next(raw);
      check();
      const waited = watch(ledger);
      if (waited !== undefined) await waited;
    }
    input$.complete();
    check();
  } finally {
    subscription.unsubscribe();
  }
  return ledger;
}

/** Everybody listens before the first row comes: the pipeline is shared, and nothing is said twice. */
function listen(flow: Flow, keyName: string, ledger: Ledger, outputs: Outputs, fail: (cause: unknown) => void): Subscription {
  const all = new Subscription();
  // RxJS would hand an error of a subscriber to the process, later; here it stops the source.
  const on = <V>(source$: Observable<V>, take: (value: V) => void): void => {
    const next = (value: V): void => {
      try {
        take(value);
      } catch (cause) {
        fail(cause);
      }
    };
    all.add(source$.subscribe({ next, error: fail }));
  };
  on(flow.clean$.pipe(signals()), (signal) => {
    ledger.signal(signal);
    if (signal.kind === 'rejected') outputs.rejected.write(rejectionLine(signal));
  });
  for (const entry of ledger.windows) {
    const { output } = entry;
    on(output.rows$.pipe(outcomes()), (outcome) => {
      if (outcome.kind === 'row') {
        entry.result(outcome.row);
        outputs.windows.write(windowLine(output, keyName, outcome.row));
      } else if (outcome.operator === output.name) {
        // What was rejected above comes by here too; it has been counted there.
        entry.late++;
        outputs.rejected.write(rejectionLine(outcome));
      }
    });
  }
  for (const alerts$ of flow.alerts) {
    on(alerts$.pipe(rows()), (alert) => {
      ledger.alerts++;
      outputs.alerts.write(alertLine(alert));
    });
  }
  return all;
}

function windowLine({ name, keyColumn }: WindowOutput, keyName: string, row: WindowRow): object {
  const { window, ...columns } = row as WindowRow & Record<string, unknown>;
  const { [keyColumn]: key, ...figures } = columns as Record<string, unknown>;
  return { kind: name, start: formatTime(window.start), end: formatTime(window.end), [keyName]: key, ...figures };
}

function alertLine({ name, status, severity, key, time, value, row }: Alert<WindowRow>): object {
  const { start, end } = row.window;
  return {
    name,
    status,
    severity,
    key: key[0],
    time: formatTime(time),
    value,
    window: { start: formatTime(start), end: formatTime(end) },
  };
}

function rejectionLine({ reason, operator, time, watermark, detail, row }: Rejection): object {
  const { message, behindMs, missingDelayMs, windows } = detail ?? {};
  const at = Number.isFinite(time) ? formatTime(time) : null;
  const line = columnOf(row as object, 'line');
  return { reason, operator, line, message, time: at, watermark: formatTime(watermark), behindMs, missingDelayMs, windows, row };
}
