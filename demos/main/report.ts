import { formatDuration } from 'tidemark';
import type { Check } from './checks';
import { sumOf } from './checks';
import type { Job } from './job';
import type { Ledger } from './ledger';
import type { Live } from './live';
import type { Outcome } from './run';
import { LADDER } from './totals';

const NUMBER = new Intl.NumberFormat('en-US');

/** 1707 as 1,707. */
export function grouped(count: number): string {
  return NUMBER.format(count);
}

function share(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(part > 0 && part / whole < 0.001 ? 3 : 1)} %`;
}

function minuteOf(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 16).replace('T', ' ') : '-';
}

/** A span for people: two figures are enough. */
function spanOf(ms: number): string {
  if (!Number.isFinite(ms)) return '-';
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ] as const;
  const [name, size] = units.find(([, size]) => ms >= size) ?? ['ms', 1];
  return `${(ms / size).toFixed(ms / size < 10 && size > 1 ? 1 : 0)} ${name}`;
}

/** One line of figures: what is committed. */
export function progressLine(live: Live, rowsPerSecond: number): string {
  const { read, total, kinds } = live;
  const done = total === undefined ? '' : `${Math.floor((100 * read) / total)} % · `;
  const open = kinds.map(({ name }) => `${live.open[name]} ${name}`).join(' + ');
  return [
    `${done}${grouped(read)} rows (${grouped(Math.round(rowsPerSecond))}/s)`,
    watermarkOf(live),
    `open windows ${open}`,
    `late ${share(live.late, read)}`,
  ].join(' · ');
}

/** How far event time has come, and how far the watermark is behind it. */
function watermarkOf({ watermark, maxTime }: Live): string {
  if (watermark === Infinity) return 'watermark at the end of the stream';
  return `watermark ${minuteOf(watermark)}, ${spanOf(maxTime - watermark)} behind`;
}

/** The screen: progress, figures and the latest windows. No line is wider than the terminal. */
export function screenLines(job: Pick<Job, 'title' | 'keyName'>, live: Live, rowsPerSecond: number, width: number): string[] {
  const { read, total, kinds } = live;
  const open = kinds.map(({ name }) => `${live.open[name]} ${name}`).join(', ');
  const closed = kinds.map(({ name }) => `${grouped(live.closed[name]!)} ${name}`).join(', ');
  const rejected = live.rejections.byReason;
  const lines = [
    `tidemark: ${job.title}`,
    `${barOf(read, total)}  ${grouped(read)}${total === undefined ? '' : ` of ${grouped(total)}`} rows, ${grouped(Math.round(rowsPerSecond))}/s`,
    `newest event ${minuteOf(live.maxTime)}    ${watermarkOf(live)}`,
    `windows open ${open}    closed ${closed}    alerts ${live.alerts}`,
    `late ${share(live.late, read)}    duplicates ${rejected['duplicate'] ?? 0}    unusable ${unusable(rejected)}`,
    '',
    ...tableOf(live, job.keyName),
  ];
  return lines.map((line) => line.slice(0, Math.max(20, width - 1)));
}

function barOf(read: number, total: number | undefined): string {
  if (total === undefined) return '[ reading ]';
  const full = Math.round((30 * read) / Math.max(1, total));
  return `[${'█'.repeat(full)}${'░'.repeat(30 - full)}] ${String(Math.floor((100 * read) / Math.max(1, total))).padStart(3)} %`;
}

function unusable(rejected: Live['rejections']['byReason']): number {
  const { late: _late = 0, duplicate: _duplicate = 0, ...others } = rejected;
  return sumOf(others);
}

const COLUMNS = 7;

/** The latest closed windows; always the same number of lines, so that the screen does not jump. */
function tableOf({ latest, kinds }: Live, keyName: string): string[] {
  const columns = Object.keys(latest[0] ?? {}).filter((name) => !['kind', 'start', 'end', keyName].includes(name));
  const shown = columns.slice(0, COLUMNS);
  const header = ['window (UTC)', keyName, ...shown];
  const body = latest.map((line) => [
    minuteOf(Date.parse(String(line['start']))),
    cell(line[keyName]),
    ...shown.map((name) => cell(line[name])),
  ]);
  const empty = Array.from({ length: 8 - body.length }, () => '');
  return [`latest ${kinds[0]!.name} windows`, ...aligned([header, ...body]), ...empty];
}

function aligned(table: readonly (readonly string[])[]): string[] {
  const widths = table[0]!.map((_, i) => Math.max(...table.map((row) => row[i]!.length)));
  return table.map((row) => row.map((text, i) => (i < 2 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join('  '));
}

function cell(value: unknown): string {
  if (typeof value !== 'number') return value === null || value === undefined ? '-' : String(value);
  return Number.isInteger(value) ? grouped(value) : Math.abs(value) < 100 ? value.toFixed(2) : grouped(Math.round(value));
}

/** What it came to, and whether the sums agree. */
export function summaryLines(job: Omit<Job, 'rows' | 'flow'>, { ledger, files }: Outcome, checks: readonly Check[]): string[] {
  const reasons = Object.entries(ledger.rejected).sort(([, a], [, b]) => b - a);
  const failed = checks.filter(({ left, right }) => left !== right);
  return [
    ...job.about,
    '',
    `rows read            ${grouped(ledger.read).padStart(9)}`,
    `  in windows         ${grouped(ledger.clean - ledger.windows[0]!.late).padStart(9)}`,
    ...reasons.map(
      ([reason, count]) => `  ${label(reason).padEnd(17)}  ${grouped(count).padStart(9)}  ${share(count, ledger.read)}`,
    ),
    ...(ledger.windows[0]!.late > 0
      ? [`  too late           ${grouped(ledger.windows[0]!.late).padStart(9)}  all their windows were closed`]
      : []),
    '',
    ...ledger.windows.map(
      ({ name, rows, counted }) =>
        `${`${name} windows`.padEnd(20)} ${grouped(rows).padStart(9)}  with ${grouped(counted)} rows in them`,
    ),
    `alerts               ${grouped(ledger.alerts).padStart(9)}`,
    '',
    `delay ${formatDuration(job.delayMs)}. Rows that came later than another delay would allow (of ${grouped(ledger.timed)}):`,
    `  ${ladder(ledger)}; the latest ${spanOf(ledger.farthestBehind)} behind`,
    '',
    ...Object.entries(files).map(([name, path]) => `${path.padEnd(24)} ${grouped(ledger.lines[name] ?? 0).padStart(7)} lines`),
    failed.length === 0
      ? `checks: all ${checks.length} sums agree`
      : `checks: ${failed.length} of ${checks.length} sums do NOT agree`,
    ...failed.map(({ what, left, right }) => `  ${what}: ${grouped(left)} is not ${grouped(right)}`),
  ];
}

function label(reason: string): string {
  const labels: Record<string, string> = {
    failed: 'unreadable',
    invalid: 'no event time',
    late: 'late',
    duplicate: 'duplicates',
    future: 'in the future',
  };
  return labels[reason] ?? reason;
}

/** The part of the ladder where something changes. */
function ladder({ behind, timed }: Ledger): string {
  const last = behind.findIndex((count) => count === 0);
  const rungs = LADDER.map((delay, i) => `${formatDuration(delay)} ${share(behind[i]!, timed)}`);
  return rungs.slice(Math.max(0, (last < 0 ? rungs.length : last) - 6), last < 0 ? rungs.length : last + 1).join(', ');
}
