/**
 * Which changes of the source no test notices:
 * `npm run mutants -- [--files GLOB,…] [--tests GLOB,…] [--sample N] [--seed S] [--json FILE] [--jobs 2] [--budget SECONDS]
 * [--runs N] [--minutes M] [--again FILE] [--doubt]`
 *
 * All chosen mutants are compiled in at once, each behind a switch (mutant schemata). A first run without any learns which
 * test cases reach which mutant; then each mutant is switched on and the cases that reach it run until one fails: first those
 * that killed others of its file, then the quick ones of the folder that mirrors its own. Test files are evaluated anew for
 * every mutant, in threads that are ended when a mutant loops for ever.
 *
 * --sample   so many, each place as likely as any other; --seed says which: the same seed and code give the same ones. The
 *            report then says within what bounds (95 %) the share over all of them lies
 * --tests    a `!` in front of a glob leaves tests out: what they alone would have killed counts as survived
 * --budget   seconds of test time (as measured without a mutant) spent on one mutant; cases beyond it are left out and
 *            counted in the list of survivors. Default 10.
 * --runs     sets TIDEMARK_RUNS, the number of seeds of the property tests, for a quicker and weaker run
 * --minutes  starts no further mutant after so long; the rest is reported as not run
 * --again    only the mutants that lived, or did not run, in the run that wrote this file with --json: with --tests the
 *            quick way to see whether a new test kills them
 * --doubt    also runs the mutants that survivors.md lists as equivalent, and says which of them are killed after all
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { mutate, type Mutant } from './mutants/mutate';
import { lineOf, lived, report, type Verdict } from './mutants/report';
import { chosenAgain, readSurvivors, sampled } from './mutants/choose';
import { inThreads, type Thread } from './mutants/threads';
import type { CoveredCase, MutantTask } from './mutants/worker';

const root = fileURLToPath(new URL('..', import.meta.url));
const DEFAULT_FILES = 'operators/**,src/window/**,src/watermark/**,src/aggregate/**,src/operator/**';
const DEFAULT_TESTS = 'test/**/*.test.ts';
/** Tests of other things than what the library does. */
const NOT_RUN = /^test\/(browser|bench|types|demos)\/|^test\/(architecture|package)\.test\.ts$|\.types\.test\.ts$/;

const { values: options } = parseArgs({
  options: {
    files: { type: 'string', default: DEFAULT_FILES },
    tests: { type: 'string', default: DEFAULT_TESTS },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    budget: { type: 'string', default: '10' },
    runs: { type: 'string' },
    minutes: { type: 'string', default: '600' },
    again: { type: 'string' },
    doubt: { type: 'boolean', default: false },
  },
});
const jobs = Number(options.jobs);
const budgetMs = Number(options.budget) * 1000;
const startedAt = Date.now();
let lastSaid = startedAt;
const deadline = startedAt + Number(options.minutes) * 60_000;
if (options.runs !== undefined) process.env.TIDEMARK_RUNS = options.runs;

const typescriptIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name).split(sep).join('/'))
    .sort();

/** `**`, `*` and plain prefixes; with `!` in front what is left out of the others. */
function matcherOf(globs: string): (file: string) => boolean {
  const list = globs.split(',');
  const wanted = list.filter((glob) => !glob.startsWith('!')).map(patternOf);
  const unwanted = list.filter((glob) => glob.startsWith('!')).map((glob) => patternOf(glob.slice(1)));
  const isIn = (patterns: readonly RegExp[], file: string): boolean => patterns.some((pattern) => pattern.test(file));
  return (file) => (wanted.length === 0 || isIn(wanted, file)) && !isIn(unwanted, file);
}

function patternOf(glob: string): RegExp {
  const text = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*\*|\*|\?/g, (part) => ({ '**/': '(.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' })[part] as string);
  return new RegExp(`^${text}(/.*)?$`);
}

// ---- the code, with every mutant in it

const isMutated = matcherOf(options.files);
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');
const mutated = ['src', 'operators'].flatMap(typescriptIn).filter(isMutated);
const all: Mutant[] = [];
const firstIds = new Map<string, number>();
for (const file of mutated) {
  firstIds.set(file, all.length + 1);
  all.push(...mutate(file, textOf(file), all.length + 1).mutants);
}
const survivors = readSurvivors(textOf('scripts/mutants/survivors.md'));
for (const stray of survivors.strays(all, isMutated)) say(`survivors.md lists what is no mutant: ${stray}`);
const pool = options.again === undefined ? all : chosenAgain(all, readFileSync(options.again, 'utf8'));
const chosen = options.sample === undefined ? pool : sampled(pool, Number(options.sample), Number(options.seed));
const chosenIds = new Set(chosen.map(({ id }) => id));
const sources: Record<string, string> = {};
for (const file of ['src', 'operators', 'test', 'demos'].flatMap(typescriptIn)) {
  const firstId = firstIds.get(file);
  const text = textOf(file);
  sources[join(root, file)] = firstId === undefined ? text : mutate(file, text, firstId, (id) => chosenIds.has(id)).code;
}
const isTest = matcherOf(options.tests);
const testFiles = typescriptIn('test').filter((file) => file.endsWith('.test.ts') && isTest(file) && !NOT_RUN.test(file));
say(
  `${all.length} mutants in ${new Set(all.map(({ file }) => file)).size} files, ${chosen.length} of them chosen; ${testFiles.length} test files`,
);

// ---- threads

/** tsx does not reach the entry of a thread, so it is compiled here. */
const workerFile = join(root, 'node_modules/.cache/tidemark/mutants.mjs');
await build({
  entryPoints: [join(root, 'scripts/mutants/worker.ts')],
  outfile: workerFile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'es2022',
  packages: 'external',
});

const threads = { jobs, file: workerFile, data: { root, sources, mutants: all.length }, say };

// ---- which case reaches which mutant

interface Reached extends CoveredCase {
  readonly file: string;
  readonly index: number;
  readonly key: string;
}

const reaching = new Map<number, Reached[]>();
/** By file: mutants reached while it is loaded, which count for all its cases. */
const loading = new Map<string, ReadonlySet<number>>();
const byFile = new Map<string, Reached[]>();
/** Cases that cannot tell: they fail without any mutant. */
const useless: string[] = [];

await inThreads(threads, testFiles, async (thread, file) => {
  const answer = await thread.run({ kind: 'cover', file: join(root, file) }, 600_000);
  if (answer?.kind !== 'covered' || answer.error !== undefined) {
    useless.push(`${file}: ${answer?.kind === 'covered' ? answer.error : 'did not end'}`);
    return;
  }
  loading.set(file, new Set(answer.statics));
  const cases = answer.cases.map((one, index): Reached => ({ ...one, file, index, key: `${file} > ${one.name}` }));
  byFile.set(
    file,
    cases.filter(({ error }) => error === undefined),
  );
  for (const one of cases) {
    if (one.error !== undefined) useless.push(`${one.key}: ${one.error}`);
    else for (const id of one.hits) reaching.set(id, [...(reaching.get(id) ?? []), one]);
  }
  const seconds = cases.reduce((sum, { ms }) => sum + ms, 0) / 1000;
  if (seconds > 10) say(`  ${file} takes ${Math.round(seconds)} s`);
  sometimes(() => `${loading.size} of ${testFiles.length} test files looked at`);
});
const cases = [...byFile.values()].flat();
say(
  `${cases.length} cases pass without a mutant, ${useless.length} cannot be used; ${Math.round(cases.reduce((sum, { ms }) => sum + ms, 0) / 1000)} s of test time`,
);
for (const one of useless) say(`  not used: ${one}`);

/** By mutated file: how many of its mutants a case has killed so far. */
const kills = new Map<string, Map<string, number>>();

function killed(file: string, key: string): void {
  const counts = kills.get(file) ?? new Map<string, number>();
  kills.set(file, counts.set(key, (counts.get(key) ?? 0) + 1));
}

/** The cases to run for a mutant: first those that killed others of its file, then those of the folder that mirrors its own. */
function planFor({ id, file }: Mutant): { plan: Reached[]; leftOut: number } {
  const home = `test/${file
    .split('/')
    .slice(file.startsWith('src/') ? 1 : 0)
    .slice(0, -1)
    .join('/')}/`;
  const direct = (reaching.get(id) ?? []).filter(({ key }) => !untrusted.has(key));
  const known = new Set(direct);
  const indirect = [...loading].filter(([, ids]) => ids.has(id)).flatMap(([testFile]) => byFile.get(testFile) ?? []);
  const quick = (a: Reached, b: Reached): number => a.ms - b.ms;
  const killsOf = ({ key }: Reached): number => kills.get(file)?.get(key) ?? 0;
  const likelyFirst = (a: Reached, b: Reached): number =>
    killsOf(b) - killsOf(a) || Number(b.file.startsWith(home)) - Number(a.file.startsWith(home)) || quick(a, b);
  const ordered = [
    ...direct.sort(likelyFirst),
    ...indirect.filter((one) => !known.has(one) && !untrusted.has(one.key)).sort(likelyFirst),
  ];
  let spent = 0;
  const plan = ordered.filter((one, i) => {
    const isTaken = i === 0 || spent + one.ms <= budgetMs;
    if (isTaken) spent += one.ms;
    return isTaken;
  });
  return { plan, leftOut: ordered.length - plan.length };
}

/** Cases of one file run together: loading it costs more than most cases. */
function taskFor(id: number, plan: readonly Reached[]): MutantTask {
  const files = new Map<string, { index: number; calls: number }[]>();
  for (const { file, index, calls } of plan) files.set(file, [...(files.get(file) ?? []), { index, calls }]);
  return { kind: 'mutant', id, plan: [...files].map(([file, list]) => ({ file: join(root, file), cases: list })) };
}

// ---- one mutant after the other

const untrusted = new Set<string>();
const trusted = new Set<string>();
const verdicts: Verdict[] = [];

await inThreads(threads, chosen, async (thread, mutant) => {
  if (Date.now() > deadline) return void verdicts.push({ mutant, status: 'not run', leftOut: 0 });
  if (!options.doubt && survivors.has(mutant)) return void verdicts.push({ mutant, status: 'listed', leftOut: 0 });
  const verdict = await judge(thread, mutant);
  verdicts.push(verdict);
  if (lived(verdict)) say(`  ${lineOf(verdict)}`);
  sometimes(() => `${verdicts.length} of ${chosen.length}: ${verdicts.filter(lived).length} lived`);
});

async function judge(thread: Thread, mutant: Mutant): Promise<Verdict> {
  const { plan, leftOut } = planFor(mutant);
  if (plan.length === 0) return { mutant, status: 'no coverage', leftOut };
  // By the clock, which is long on a busy machine: most loops without an end are noticed by their steps.
  const patience = 30_000 + 10 * plan.reduce((sum, { ms }) => sum + ms, 0);
  const answer = await thread.run(taskFor(mutant.id, plan), patience);
  if (answer?.kind !== 'verdict') return { mutant, status: 'timeout', leftOut };
  const { status, by } = answer;
  if (status === 'killed' && by !== undefined && !(await canBeTrusted(thread, by, plan))) return judge(thread, mutant);
  const killer = plan.find(({ name }) => name === by);
  if (status === 'killed' && killer !== undefined) killed(mutant.file, killer.key);
  return { mutant, status, leftOut, ...(by === undefined ? {} : { by }) };
}

/** A case that fails when it runs alone, without any mutant, depends on others: it cannot tell. */
async function canBeTrusted(thread: Thread, name: string, plan: readonly Reached[]): Promise<boolean> {
  const found = plan.filter((one) => one.name === name);
  for (const one of found) {
    if (trusted.has(one.key)) continue;
    const answer = await thread.run(taskFor(0, [one]), 10_000 + 8 * one.ms);
    if (answer?.kind === 'verdict' && answer.status === 'survived') trusted.add(one.key);
    else {
      untrusted.add(one.key);
      say(`  not used: ${one.key}: fails alone`);
      return false;
    }
  }
  return true;
}

// ---- report

verdicts.sort((a, b) => a.mutant.id - b.mutant.id);
console.log(report(verdicts));
console.log(`seed ${options.seed}, budget ${options.budget} s, ${((Date.now() - startedAt) / 60_000).toFixed(1)} minutes`);
if (options.doubt) {
  for (const { mutant, status } of verdicts) {
    if (survivors.has(mutant) && (status === 'killed' || status === 'timeout')) {
      console.log(`killed, though survivors.md lists it: ${mutant.file}:${mutant.line} ${mutant.original} → ${mutant.mutated}`);
    }
  }
}
if (options.json !== undefined) {
  const records = verdicts.map(({ mutant, ...rest }) => ({ ...mutant, ...rest }));
  writeFileSync(options.json, `${JSON.stringify({ seed: options.seed, useless, verdicts: records }, null, 1)}\n`);
}

function sometimes(text: () => string): void {
  if (Date.now() - lastSaid < 15_000) return;
  lastSaid = Date.now();
  say(text());
}

function say(text: string): void {
  console.error(`${((Date.now() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${text}`);
}
process.exit(0);
