import { basename, dirname } from 'node:path';
import { elementFile, isElementFile, runElementCase } from './element/run';
import type { Found } from './files';
import { dataRootOf, goldenFile, isGoldenFile, runGoldenCase } from './golden/run';
import { isRecord, list, malformed } from './shape';
import { isSparkFile, runSparkCase, sparkFile } from './spark/run';
import { verdictOf, type Verdict } from './verdict';

export interface CaseResult {
  readonly name: string;
  readonly verdict: Verdict;
}

export interface SuiteResult {
  readonly suite: string;
  readonly cases: readonly CaseResult[];
}

export interface RunOptions {
  /** Takes the place of the `data` root of golden files. */
  readonly data?: string | undefined;
}

type RunCase = (given: unknown) => void;

/** Runs all cases of a file. A file that is malformed as a whole counts as one failed case. */
export function runFile(found: Found, options: RunOptions = {}): SuiteResult {
  const suite = labelOf(found.content, 'suite') ?? basename(found.path);
  let cases: readonly unknown[] = [];
  let run: RunCase | undefined;
  const reading = verdictOf(() => {
    if (found.problem !== undefined) malformed(found.path, found.problem);
    run = runnerOf(found, options);
    cases = list((found.content as { readonly cases?: unknown }).cases, 'cases');
  });
  if (reading.kind !== 'passed' || run === undefined) return { suite, cases: [{ name: 'the file', verdict: reading }] };
  const runCase = run;
  return {
    suite,
    cases: cases.map((one, i) => ({ name: labelOf(one, 'name') ?? `case ${i + 1}`, verdict: verdictOf(() => runCase(one)) })),
  };
}

/** Only for what is printed. */
function labelOf(given: unknown, field: string): string | undefined {
  const label = isRecord(given) ? given[field] : undefined;
  return typeof label === 'string' ? label : undefined;
}

/** The kind of a file is told by its content. */
function runnerOf({ path, content }: Found, options: RunOptions): RunCase {
  if (isElementFile(content)) {
    elementFile(content, 'file');
    return runElementCase;
  }
  if (isGoldenFile(content)) {
    const { data } = goldenFile(content, 'file');
    const root = dataRootOf(data, dirname(path), options.data);
    return (one) => runGoldenCase(one, root);
  }
  if (!isSparkFile(content)) malformed('file', 'neither formatVersion nor format');
  sparkFile(content, 'file');
  return runSparkCase;
}
