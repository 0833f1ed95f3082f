import type { Rejection, Signal } from 'tidemark';
import type { Flow, WindowOutput, WindowRow } from './flow';

/** Delays for the table "what another delay would have lost": 1 minute to 14 days. */
export const LADDER: readonly number[] = [60, 600, 3_600, 21_600, 43_200, 86_400, 172_800, 259_200, 604_800, 1_209_600].map(
  (s) => s * 1000,
);

/** What is known of one kind of windows. */
export class WindowLedger {
  rows = 0;
  /** Sum of the count column: rows in windows, as the library counted them. */
  counted = 0;
  /** The same, counted here: the windows of each clean row that the watermark had not passed. */
  expected = 0;
  /** Clean rows all of whose windows had been passed, as seen here and as rejected by the library. */
  missed = 0;
  late = 0;
  readonly open = new Set<string>();
  latest: WindowRow[] = [];

  constructor(readonly output: WindowOutput) {}

  take(time: number, row: object, key: unknown, drop: number): void {
    const windows = this.output.assigner.assign(time, row).filter((window) => window.end > drop);
    this.expected += windows.length;
    if (windows.length === 0) this.missed++;
    for (const { start } of windows) this.open.add(`${start}|${String(key)}`);
  }

  result(row: WindowRow): void {
    this.rows++;
    this.counted += Number(columnOf(row, this.output.countColumn));
    this.open.delete(`${row.window.start}|${String(columnOf(row, this.output.keyColumn))}`);
    this.latest = [...this.latest.slice(-7), row];
  }
}

export function columnOf(row: object, column: string): unknown {
  return (row as Readonly<Record<string, unknown>>)[column];
}

/** Counts everything twice: what the library says, and what follows from the rows and the watermark. */
export class Ledger {
  read = 0;
  clean = 0;
  alerts = 0;
  maxTime = -Infinity;
  watermark = -Infinity;
  /** Rows by why they were not used, without those that only the windows refused. */
  readonly rejected: Record<string, number> = {};
  /** How many timed rows came behind the newest one by a delay of the ladder, or by more. */
  readonly behind: number[] = LADDER.map(() => 0);
  timed = 0;
  farthestBehind = 0;
  readonly windows: readonly WindowLedger[];

  constructor(private readonly flow: Flow) {
    this.windows = flow.windows.map((output) => new WindowLedger(output));
  }

  /** What came out of the cleaning part of the pipe, in order. */
  signal(signal: Signal<object>): void {
    if (signal.kind === 'event') this.row(signal.time, signal.row);
    else if (signal.kind === 'watermark') this.watermark = signal.drop ?? signal.time;
    else if (signal.kind === 'rejected') this.reject(signal);
  }

  get late(): number {
    return (this.rejected['late'] ?? 0) + (this.windows[0]?.late ?? 0);
  }

  private row(time: number, row: object): void {
    this.clean++;
    const key = columnOf(row, this.flow.keyColumn);
    for (const window of this.windows) window.take(time, row, key, this.watermark);
    this.arrived(time);
  }

  private reject({ reason, time }: Rejection): void {
    this.rejected[reason] = (this.rejected[reason] ?? 0) + 1;
    if (reason === 'late' || reason === 'duplicate') this.arrived(time);
  }

  private arrived(time: number): void {
    this.timed++;
    const behind = this.maxTime - time;
    LADDER.forEach((delay, i) => (this.behind[i]! += behind >= delay ? 1 : 0));
    this.farthestBehind = Math.max(this.farthestBehind, behind);
    this.maxTime = Math.max(this.maxTime, time);
  }
}
