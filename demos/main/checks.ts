import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Ledger, WindowLedger } from './ledger';
import type { Outcome } from './run';
import { LADDER } from './totals';

/** One sum that must come out. */
export interface Check {
  readonly what: string;
  readonly left: number;
  readonly right: number;
}

/** What the files hold, counted by reading them again. */
interface FileCounts {
  readonly lines: number;
  readonly sums: Readonly<Record<string, number>>;
}

/**
 * All sums of a run: every row is accounted for, the windows hold what they should, and the files hold what was said.
 *
 * @param delayMs - of the watermark, where each row was judged by it; else null
 */
export async function checksOf({ ledger, files }: Outcome, delayMs: number | null): Promise<Check[]> {
  const windows = await countLines(files.windows, (line) => [String(line['kind']), countIn(line)]);
  const rejected = await countLines(files.rejected, (line) => [String(line['operator']), 1]);
  const alerts = await countLines(files.alerts, (line) => [String(line['name']), 1]);
  return [
    ...rowChecks(ledger, delayMs),
    ...ledger.windows.flatMap((window) => windowChecks(window, windows.sums)),
    {
      what: 'lines in windows.ndjson',
      left: windows.lines,
      right: ledger.windows.reduce((sum, window) => sum + window.rows, 0),
    },
    {
      what: 'lines in rejected.ndjson',
      left: rejected.lines,
      right: ledger.read - ledger.clean + ledger.windows.reduce((sum, window) => sum + window.missed, 0),
    },
    { what: 'lines in alerts.ndjson', left: alerts.lines, right: ledger.alerts },
  ];
}

function rowChecks(ledger: Ledger, delayMs: number | null): Check[] {
  const first = ledger.windows[0]!;
  // A tumbling window holds each row once; of others only the rows that are in any of them can be counted.
  const inWindows = first.isTumbling ? first.counted : ledger.clean - first.missed;
  const sum = inWindows + first.late + sumOf(ledger.rejected);
  const accounted = { what: 'rows read = in windows + rejected', left: ledger.read, right: sum };
  const rung = LADDER.indexOf(delayMs ?? NaN);
  if (rung < 0) return [accounted];
  const late = {
    what: 'late rows = rows that came later than the delay',
    left: ledger.rejected['late'] ?? 0,
    right: ledger.behind[rung]!,
  };
  return [accounted, late];
}

function windowChecks({ name, counted, expected, missed, late, open }: WindowLedger, inFile: FileCounts['sums']): Check[] {
  return [
    { what: `rows in ${name} windows`, left: counted, right: expected },
    { what: `rows in ${name} windows, in the file`, left: inFile[name] ?? 0, right: counted },
    { what: `rows too late for ${name} windows`, left: late, right: missed },
    { what: `${name} windows left open`, left: open, right: 0 },
  ];
}

export function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function countIn(line: Readonly<Record<string, unknown>>): number {
  return Number(line['count'] ?? line['video_count']);
}

async function countLines(
  path: string,
  read: (line: Readonly<Record<string, unknown>>) => readonly [string, number],
): Promise<FileCounts> {
  const sums: Record<string, number> = {};
  let lines = 0;
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const [name, count] = read(JSON.parse(text) as Record<string, unknown>);
    sums[name] = (sums[name] ?? 0) + count;
    lines++;
  }
  return { lines, sums };
}
