/**
 * Which changes of the source no test notices:
 * `npm run mutants -- [--files GLOB,…] [--tests GLOB,…] [--sample N] [--seed S] [--json FILE] [--jobs 2] [--budget SECONDS]
 * [--runs N] [--minutes M]`
 *
 * All mutants are compiled in at once, each behind a switch (mutant schemata). A first run without any learns which test
 * cases reach which mutant; then each mutant is switched on and the cases that reach it run, the quick ones first, until
 * one fails. Test files are evaluated anew for every mutant, in threads that are ended when a mutant loops for ever.
 *
 * --budget   seconds of test time (as measured without a mutant) spent on one mutant; cases beyond it are left out and
 *            counted in the list of survivors. Default 10.
 * --runs     sets TIDEMARK_RUNS, the number of seeds of the property tests, for a quicker and weaker run
 * --minutes  starts no further mutant after so long; the rest is reported as not run
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { mutate, type Mutant } from './mutants/mutate';
import type { Answer, CoveredCase, CoverTask, MutantTask, WorkerData } from './mutants/worker';

const root = fileURLToPath(new URL('..', import.meta.url));
const DEFAULT_FILES = 'operators/**,src/window/**,src/watermark/**,src/aggregate/**,src/operator/**';
const DEFAULT_TESTS = 'test/**/*.test.ts';
/** Tests of other things than what the library does. */
const NOT_RUN = /^test\/(browser|bench|types|demos)\/|^test\/(architecture|package)\.test\.ts$|\.types\.test\.ts$/;

type Status = 'killed' | 'timeout' | 'survived' | 'no coverage' | 'not run';
interface Verdict {
  readonly mutant: Mutant;
  readonly status: Status;
  readonly by?: string;
  /** Cases that reach the mutant but did not fit into the budget. */
  readonly leftOut: number;
}

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
  },
});
const jobs = Number(options.jobs);
const budgetMs = Number(options.budget) * 1000;
const startedAt = Date.now();
const deadline = startedAt + Number(options.minutes) * 60_000;
if (options.runs !== undefined) process.env.TIDEMARK_RUNS = options.runs;

const typescriptIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name).split(sep).join('/'))
    .sort();

/** `**`, `*` and plain prefixes. */
function matcherOf(globs: string): (file: string) => boolean {
  const patterns = globs.split(',').map((glob) => {
    const text = glob
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*\*\/|\*\*|\*|\?/g, (part) => ({ '**/': '(.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' })[part] as string);
    return new RegExp(`^${text}(/.*)?$`);
  });
  return (file) => patterns.some((pattern) => pattern.test(file));
}

/** A random number generator with a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function sampled(mutants: readonly Mutant[], size: number, seed: number): Mutant[] {
  const random = randomOf(seed);
  const pool = [...mutants];
  for (let i = pool.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [pool[i], pool[j]] = [pool[j] as Mutant, pool[i] as Mutant];
  }
  return pool.slice(0, size).sort((a, b) => a.id - b.id);
}

// ---- the code, with every mutant in it

const isMutated = matcherOf(options.files);
const sources: Record<string, string> = {};
const all: Mutant[] = [];
for (const file of ['src', 'operators', 'test', 'demos'].flatMap(typescriptIn)) {
  const text = readFileSync(join(root, file), 'utf8');
  const isSource = !file.startsWith('test/') && !file.startsWith('demos/');
  const { code, mutants } = isSource && isMutated(file) ? mutate(file, text, all.length + 1) : { code: text, mutants: [] };
  sources[join(root, file)] = code;
  all.push(...mutants);
}
const chosen = options.sample === undefined ? all : sampled(all, Number(options.sample), Number(options.seed));
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

class Thread {
  private worker: Worker | undefined;

  /** Runs a task; undefined when it took longer than `ms` or the thread died. */
  run(task: CoverTask | MutantTask, ms: number): Promise<Answer | undefined> {
    const worker = (this.worker ??= this.start());
    return new Promise((done) => {
      const finish = (answer: Answer | undefined): void => {
        clearTimeout(timer);
        worker.off('message', finish).off('error', died).off('exit', ended);
        if (answer === undefined) this.stop();
        done(answer);
      };
      const died = (cause: unknown): void => {
        say(`  a thread died: ${String(cause)}`);
        finish(undefined);
      };
      const ended = (): void => finish(undefined);
      const timer = setTimeout(ended, ms);
      worker.on('message', finish).on('error', died).on('exit', ended);
      worker.postMessage(task);
    });
  }

  stop(): void {
    this.worker?.on('error', () => undefined);
    void this.worker?.terminate();
    this.worker = undefined;
  }

  private start(): Worker {
    const workerData: WorkerData = { root, sources, mutants: all.length };
    return new Worker(workerFile, { workerData, execArgv: [] });
  }
}

/** Hands the items to the threads, one at a time each. */
async function inThreads<T>(items: readonly T[], use: (thread: Thread, item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      const thread = new Thread();
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await use(thread, item);
      thread.stop();
    }),
  );
}

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

await inThreads(testFiles, async (thread, file) => {
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
});
const cases = [...byFile.values()].flat();
say(
  `${cases.length} cases pass without a mutant, ${useless.length} cannot be used; ${Math.round(cases.reduce((sum, { ms }) => sum + ms, 0) / 1000)} s of test time`,
);
for (const one of useless) say(`  not used: ${one}`);

/** The cases to run for a mutant: quick ones first, those of the folder that mirrors its own before others of its kind. */
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
  const atHome = (a: Reached, b: Reached): number =>
    Number(b.file.startsWith(home)) - Number(a.file.startsWith(home)) || quick(a, b);
  const ordered = [...direct.sort(quick), ...indirect.filter((one) => !known.has(one) && !untrusted.has(one.key)).sort(atHome)];
  let spent = 0;
  const plan = ordered.filter(({ ms }, i) => (spent += ms) <= budgetMs || i === 0);
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
let lastSaid = Date.now();

await inThreads(chosen, async (thread, mutant) => {
  if (Date.now() > deadline) return void verdicts.push({ mutant, status: 'not run', leftOut: 0 });
  verdicts.push(await judge(thread, mutant));
  if (Date.now() - lastSaid < 15_000) return;
  lastSaid = Date.now();
  say(`${verdicts.length} of ${chosen.length}: ${verdicts.filter(({ status }) => status === 'survived').length} survived`);
});

async function judge(thread: Thread, mutant: Mutant): Promise<Verdict> {
  const { plan, leftOut } = planFor(mutant);
  if (plan.length === 0) return { mutant, status: 'no coverage', leftOut };
  const patience = 5000 + 8 * plan.reduce((sum, { ms }) => sum + ms, 0);
  const answer = await thread.run(taskFor(mutant.id, plan), patience);
  if (answer?.kind !== 'verdict') return { mutant, status: 'timeout', leftOut };
  const { status, by } = answer;
  if (status === 'killed' && by !== undefined && !(await canBeTrusted(thread, by, plan))) return judge(thread, mutant);
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
const folderOf = (file: string): string =>
  file
    .split('/')
    .slice(0, file.startsWith('src/') ? 2 : 1)
    .join('/');
const count = (list: readonly Verdict[], status: Status): number => list.filter((one) => one.status === status).length;

function row(name: string, list: readonly Verdict[]): string {
  const caught = count(list, 'killed') + count(list, 'timeout');
  const ran = list.length - count(list, 'not run');
  const score = ran === 0 ? '' : `${((100 * caught) / ran).toFixed(1)} %`;
  return `| ${name} | ${list.length} | ${count(list, 'killed')} | ${count(list, 'timeout')} | ${count(list, 'survived')} | ${count(list, 'no coverage')} | ${count(list, 'not run')} | ${score} |`;
}

const shown = verdicts.filter(({ status }) => status === 'survived' || status === 'no coverage');
console.log('\n## Mutants that lived\n');
for (const { mutant, status, leftOut } of shown) {
  const note = [status === 'no coverage' ? 'no coverage' : '', leftOut > 0 ? `${leftOut} slow cases left out` : '']
    .filter((part) => part !== '')
    .join(', ');
  console.log(
    `${mutant.file}:${mutant.line}:${mutant.column} ${mutant.kind}: ${mutant.original}  →  ${mutant.mutated}${note === '' ? '' : `  (${note})`}`,
  );
}
const groups = new Map<string, Verdict[]>();
const kinds = new Map<string, Verdict[]>();
for (const one of verdicts) {
  const folder = folderOf(one.mutant.file);
  groups.set(folder, [...(groups.get(folder) ?? []), one]);
  kinds.set(one.mutant.kind, [...(kinds.get(one.mutant.kind) ?? []), one]);
}
const head =
  '| mutants | killed | timeout | survived | no coverage | not run | score |\n|---|---:|---:|---:|---:|---:|---:|---:|';
console.log(`\n## Score\n\n| folder ${head}`);
for (const [folder, list] of groups) console.log(row(folder, list));
console.log(row('all', verdicts));
console.log(`\n| kind ${head}`);
for (const [kind, list] of kinds) console.log(row(kind, list));
console.log(`\nseed ${options.seed}, budget ${options.budget} s, ${((Date.now() - startedAt) / 60_000).toFixed(1)} minutes`);
if (options.json !== undefined) {
  const records = verdicts.map(({ mutant, ...rest }) => ({ ...mutant, ...rest }));
  writeFileSync(options.json, `${JSON.stringify({ seed: options.seed, useless, verdicts: records }, null, 1)}\n`);
}

function say(text: string): void {
  console.error(`${((Date.now() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${text}`);
}
process.exit(0);
