import { basename, dirname } from 'node:path';
import { elementFile, isElementFile, runElementCase } from './element/run';
import type { Found } from './files';
import { dataRootOf, goldenFile, isGoldenFile, runGoldenCase } from './golden/run';
import { isRecord, list, malformed } from './shape';
import { BACKENDS, type Backend } from './query/backends';
import { isSparkFile, sparkFile } from './spark/case';
import { runSparkCase } from './spark/run';
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
  /** Where queries keep their checkpoints; default: in memory. */
  readonly backend?: Backend;
}

type RunCase = (given: unknown) => void | Promise<void>;

/** Runs all cases of a file. A file that is malformed as a whole counts as one failed case. */
export async function runFile(found: Found, options: RunOptions = {}): Promise<SuiteResult> {
  const { backend = 'memory' } = options;
  const name = labelOf(found.content, 'suite') ?? basename(found.path);
  const suite = backend === 'memory' ? name : `${name} on ${backend}`;
  let cases: readonly unknown[] = [];
  let run: RunCase | undefined;
  const reading = await verdictOf(() => {
    if (found.problem !== undefined) malformed(found.path, found.problem);
    run = runnerOf(found, options);
    cases = list((found.content as { readonly cases?: unknown }).cases, 'cases');
  });
  if (reading.kind !== 'passed' || run === undefined) return { suite, cases: [{ name: 'the file', verdict: reading }] };
  const runCase = run;
  const results: CaseResult[] = [];
  for (const [i, one] of cases.entries()) {
    results.push({ name: labelOf(one, 'name') ?? `case ${i + 1}`, verdict: await verdictOf(() => runCase(one)) });
  }
  return { suite, cases: results };
}

/** Do cases of this file run as queries, with checkpoints? */
export function hasQueries(content: unknown): boolean {
  return isSparkFile(content) && !isElementFile(content);
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
    return (one) => runGoldenCase(one, root, options.backend ?? BACKENDS[0]!);
  }
  if (!isSparkFile(content)) malformed('file', 'neither formatVersion nor format');
  sparkFile(content, 'file');
  return (one) => runSparkCase(one, options.backend ?? BACKENDS[0]!);
}
