/**
 * Runs conformance cases: `npm run conformance -- [--data ROOT] PATH...`. PATH is a case file or a folder that is searched
 * for them. One line for each failing case, counts for each suite, the skipped cases by reason, and at last the counts.
 */
import { findFiles, placeOf } from './files';
import { exitCode, lastLine, skipLines, suiteLines } from './report';
import { runFile, type RunOptions, type SuiteResult } from './suites';

interface Arguments extends RunOptions {
  readonly paths: readonly string[];
}

function argumentsOf(given: readonly string[]): Arguments | undefined {
  const paths: string[] = [];
  let data: string | undefined;
  for (let i = 0; i < given.length; i++) {
    const word = given[i]!;
    if (word === '--data') data = given[++i];
    else if (word.startsWith('--data=')) data = word.slice('--data='.length);
    else if (word.startsWith('--')) return undefined;
    else paths.push(word);
    if (word.startsWith('--data') && !data) return undefined;
  }
  return { paths, data: data === undefined ? undefined : placeOf(data) };
}

async function main(given: readonly string[]): Promise<0 | 1> {
  const options = argumentsOf(given);
  if (options === undefined || options.paths.length === 0) {
    console.error('usage: npm run conformance -- [--data ROOT] PATH...');
    console.log(lastLine([]));
    return 1;
  }
  const suites: SuiteResult[] = [];
  for (const found of findFiles(options.paths)) {
    const result = await runFile(found, options);
    suites.push(result);
    for (const text of suiteLines(result)) console.log(text);
  }
  for (const text of skipLines(suites)) console.log(text);
  console.log(lastLine(suites));
  return exitCode(suites);
}

void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
