/**
 * Runs conformance cases: `npm run conformance -- [--data ROOT] [--backend memory|files|indexedDb|all] PATH...`. PATH is a
 * case file or a folder that is searched for them. The backend is where queries keep their checkpoints, `memory` by default;
 * `all` runs cases of queries on each. One line for each failing case, counts for each suite, the skipped cases by reason,
 * and at last the counts.
 */
import { findFiles, placeOf } from './files';
import { exitCode, lastLine, skipLines, suiteLines } from './report';
import { BACKENDS, type Backend } from './query/backends';
import { hasQueries, runFile, type CaseResult, type SuiteResult } from './suites';

interface Arguments {
  readonly paths: readonly string[];
  readonly data: string | undefined;
  readonly backends: readonly Backend[];
}

const OPTIONS = ['--data', '--backend'];

/** `--name value` or `--name=value`; undefined: not understood. */
function argumentsOf(given: readonly string[]): Arguments | undefined {
  const paths: string[] = [];
  const options = new Map<string, string>();
  for (let i = 0; i < given.length; i++) {
    const [word, inline] = /^(--[^=]*)=(.*)$/.exec(given[i]!)?.slice(1) ?? [given[i]!];
    if (!word!.startsWith('--')) {
      paths.push(word!);
      continue;
    }
    const value = inline ?? given[++i];
    if (!OPTIONS.includes(word!) || !value) return undefined;
    options.set(word!, value);
  }
  const data = options.get('--data');
  const backends = backendsOf(options.get('--backend') ?? 'memory');
  if (backends.length === 0 || paths.length === 0) return undefined;
  return { paths, data: data === undefined ? undefined : placeOf(data), backends };
}

function backendsOf(name: string): readonly Backend[] {
  return name === 'all' ? BACKENDS : BACKENDS.filter((one) => one === name);
}

/** What is thrown outside of every case, by a timer say, fails the run and does not end it. */
function straysOf(events: NodeJS.Process): readonly CaseResult[] {
  const strays: CaseResult[] = [];
  const take = (error: unknown): void => {
    strays.push({ name: 'outside of a case', verdict: { kind: 'failed', message: String(error) } });
  };
  events.on('uncaughtException', take).on('unhandledRejection', take);
  return strays;
}

async function main(given: readonly string[]): Promise<0 | 1> {
  const options = argumentsOf(given);
  if (options === undefined) {
    console.error('usage: npm run conformance -- [--data ROOT] [--backend memory|files|indexedDb|all] PATH...');
    console.log(lastLine([]));
    return 1;
  }
  const suites: SuiteResult[] = [];
  const strays = straysOf(process);
  const files = findFiles(options.paths);
  for (const [i, backend] of options.backends.entries()) {
    // What has no checkpoint runs once.
    for (const found of files.filter(({ content }) => i === 0 || hasQueries(content))) {
      const result = await runFile(found, { data: options.data, backend });
      suites.push(result);
      for (const text of suiteLines(result)) console.log(text);
    }
  }
  if (strays.length > 0) suites.push({ suite: 'the run', cases: strays });
  for (const text of strays.length > 0 ? suiteLines(suites.at(-1)!) : []) console.log(text);
  for (const text of skipLines(suites)) console.log(text);
  console.log(lastLine(suites));
  return exitCode(suites);
}

void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
