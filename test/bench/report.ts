/** One line of the results. `value` is what `target` and `good` are compared with; for the workloads it is the ratio. */
export interface Result {
  readonly workload: string;
  readonly value: number;
  readonly unit: string;
  /** Must, and should. */
  readonly target?: number;
  readonly good?: number;
  readonly rounds?: number;
  /** Set on the workloads. */
  readonly ratio?: number;
  readonly loopNsPerEvent?: number;
  readonly libraryNsPerEvent?: number;
  readonly updatesPerEvent?: number;
  readonly checksum?: 'ok' | 'DIFFERENT';
  /** What else was seen. */
  readonly details?: Readonly<Record<string, number | string>>;
}

export function rounded(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

/** A table for people. */
export function tableOf(results: readonly Result[]): string {
  const head = ['', 'measured', 'target', 'good', '', 'more'];
  const lines = [head, ...results.map(lineOf)];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function lineOf(result: Result): string[] {
  const { workload, value, unit, target, good } = result;
  return [workload, `${value} ${unit}`, text(target), text(good), verdict(result), moreOf(result)];
}

function text(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}

function verdict({ value, target, good, checksum }: Result): string {
  if (checksum === 'DIFFERENT') return 'RESULTS DIFFER';
  if (good !== undefined && value <= good) return 'good';
  if (target === undefined || value <= target) return 'ok';
  return 'over';
}

function moreOf({ loopNsPerEvent, libraryNsPerEvent, updatesPerEvent, details }: Result): string {
  const parts = loopNsPerEvent === undefined ? [] : [`loop ${loopNsPerEvent} ns/event, library ${libraryNsPerEvent} ns/event`];
  if (updatesPerEvent !== undefined) parts.push(`${updatesPerEvent} updates/event`);
  for (const [name, value] of Object.entries(details ?? {})) parts.push(`${name} ${value}`);
  return parts.join(', ');
}
