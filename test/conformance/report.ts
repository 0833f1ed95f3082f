import type { SuiteResult } from './suites';

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function totalsOf(suites: readonly SuiteResult[]): Totals {
  const verdicts = suites.flatMap(({ cases }) => cases.map(({ verdict }) => verdict.kind));
  const count = (kind: string): number => verdicts.filter((one) => one === kind).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}

function textOf({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** One line; a message may come with line breaks. */
function line(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ');
}

/** The failing cases of a suite, one line each, and its counts. */
export function suiteLines(result: SuiteResult): readonly string[] {
  const failures = result.cases.flatMap(({ name, verdict }) =>
    verdict.kind === 'failed' ? [line(`FAILED ${result.suite} | ${name} | ${verdict.message}`)] : [],
  );
  return [...failures, line(`${result.suite}: ${textOf(totalsOf([result]))}`)];
}

/** Every skipped case, under the reason for it. */
export function skipLines(suites: readonly SuiteResult[]): readonly string[] {
  const byReason = new Map<string, string[]>();
  for (const { suite, cases } of suites) {
    for (const { name, verdict } of cases) {
      if (verdict.kind !== 'skipped') continue;
      const reason = `${verdict.why}: ${verdict.reason}`;
      byReason.set(reason, [...(byReason.get(reason) ?? []), line(`  ${suite} | ${name}`)]);
    }
  }
  const sorted = [...byReason].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.flatMap(([reason, names]) => [line(`SKIPPED ${names.length} - ${reason}`), ...names]);
}

/** The last line of a run. */
export function lastLine(suites: readonly SuiteResult[]): string {
  return textOf(totalsOf(suites));
}

/** 0 if there was something to run and nothing failed. */
export function exitCode(suites: readonly SuiteResult[]): 0 | 1 {
  const { passed, failed, skipped } = totalsOf(suites);
  return failed > 0 || passed + skipped === 0 ? 1 : 0;
}
