import type { Home } from './home';
import type { Line } from './lines';
import type { Total } from './totals';

/** What is known of one kind of windows. */
export interface WindowLedger {
  readonly name: string;
  readonly isTumbling: boolean;
  /** Windows that spoke. */
  readonly rows: number;
  /** Sum of the count column: rows in windows, as the library counted them. */
  readonly counted: number;
  /** The same, as it follows from the clean rows and the delay. */
  readonly expected: number;
  /** Clean rows all of whose windows had been passed: as it follows from the delay, and as rejected by the library. */
  readonly missed: number;
  readonly late: number;
  /** Windows that rows fell into and that never spoke. */
  readonly open: number;
}

/** What a job has come to: everything twice, as the library says it and as it follows from the rows. Plain data. */
export interface Ledger {
  readonly read: number;
  readonly clean: number;
  readonly alerts: number;
  /** Rows by why they were not used, without those that only the windows refused. */
  readonly rejected: Readonly<Record<string, number>>;
  /** How many timed rows came behind the newest one by a delay of the ladder, or by more. */
  readonly behind: readonly number[];
  readonly timed: number;
  readonly farthestBehind: number;
  readonly windows: readonly WindowLedger[];
  /** Lines of each file. */
  readonly lines: Readonly<Record<string, number>>;
}

/** The kinds of windows of a job. */
export type Kind = Pick<WindowLedger, 'name' | 'isTumbling'>;

/** Rejections by reason; those of windows by the name of the window. */
export class RejectionCounts {
  readonly byReason: Record<string, number> = {};
  readonly byWindow: Record<string, number> = {};

  constructor(private readonly windows: readonly string[]) {}

  add({ operator, reason }: Line): void {
    const isWindow = this.windows.includes(String(operator));
    const [counts, name] = isWindow ? [this.byWindow, String(operator)] : [this.byReason, String(reason)];
    counts[name] = (counts[name] ?? 0) + 1;
  }
}

/** Adds up what the query has committed. */
export async function ledgerOf(
  home: Home,
  kinds: readonly Kind[],
  { read, lines, rejections }: Pick<Ledger, 'read' | 'lines'> & { readonly rejections: RejectionCounts },
): Promise<Ledger> {
  const totals: Total[] = [];
  for await (const line of home.lines('totals')) totals.push(line as unknown as Total);
  const only = <K extends Total['of']>(of: K) => totals.find((total): total is Extract<Total, { of: K }> => total.of === of);
  const { timed = 0, farthestBehind = 0, behind = [] } = only('arrivals')?.arrivals ?? {};
  const clean = only('clean')?.clean;
  const windows = kinds.map((kind, i): WindowLedger => {
    const said = totals.find((total) => total.of === 'window' && total.name === kind.name);
    const { rows = 0, counted = 0 } = (said as Extract<Total, { of: 'window' }> | undefined) ?? {};
    const expected = clean?.windows[i] ?? { rows: 0, missed: 0, windows: 0 };
    const late = rejections.byWindow[kind.name] ?? 0;
    const open = expected.windows - rows;
    return { ...kind, rows, counted: counted ?? 0, expected: expected.rows, missed: expected.missed, late, open };
  });
  const alerts = only('alerts')?.alerts ?? 0;
  const rejected = rejections.byReason;
  return { read, clean: clean?.rows ?? 0, alerts, rejected, behind, timed, farthestBehind, windows, lines };
}
