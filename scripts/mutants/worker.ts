/** Runs test cases again and again, with one mutant switched on, in a thread that can be ended from outside. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { transformSync } from 'esbuild';
import { shimOf, type Case } from './shim';

/** What the thread is started with. */
export interface WorkerData {
  readonly root: string;
  /** The code of every file of the library and its tests (instrumented or not) by absolute file, as it was at the start. */
  readonly sources: Readonly<Record<string, string>>;
  readonly mutants: number;
}

/** A test file run whole, to learn what its cases reach. */
export interface CoverTask {
  readonly kind: 'cover';
  readonly file: string;
}

/** Cases of some files under one mutant, until one fails. */
export interface MutantTask {
  readonly kind: 'mutant';
  readonly id: number;
  readonly plan: readonly {
    readonly file: string;
    readonly cases: readonly { readonly index: number; readonly calls: number }[];
  }[];
}

export interface CoveredCase {
  readonly name: string;
  readonly ms: number;
  readonly calls: number;
  readonly hits: readonly number[];
  readonly error?: string;
}

export type Answer =
  | {
      readonly kind: 'covered';
      readonly file: string;
      readonly statics: readonly number[];
      readonly cases: readonly CoveredCase[];
      readonly error?: string;
    }
  | { readonly kind: 'verdict'; readonly id: number; readonly status: 'killed' | 'timeout' | 'survived'; readonly by?: string };

const { root, sources, mutants } = workerData as WorkerData;
const nodeRequire = createRequire(join(root, 'package.json'));
/** As in vitest.config.ts. */
const ALIASES: Readonly<Record<string, string>> = {
  tidemark: join(root, 'src/index.ts'),
  'tidemark/agg': join(root, 'src/aggregate/index.ts'),
  'tidemark/browser': join(root, 'src/browser.ts'),
  'tidemark/drafts': join(root, 'src/drafts.ts'),
  'tidemark/node': join(root, 'src/node.ts'),
  'tidemark/testing': join(root, 'src/testing/index.ts'),
  'tidemark/ui': join(root, 'src/ui.ts'),
};
/** `import(…)` becomes a `require`, so that it meets the same modules. */
const SUPPORTED = { 'dynamic-import': false };

// The switch: which mutant is on, or which mutants are reached.
let active = 0;
let calls = 0;
let limit = Infinity;
let hits: Uint8Array | undefined;
let uncaught: unknown;

class EndlessLoop extends Error {}

function isOn(id: number): boolean {
  if (++calls > limit) throw new EndlessLoop(`more than ${limit} steps`);
  if (hits !== undefined) hits[id] = 1;
  return id === active;
}
(globalThis as unknown as { __mutant: (id: number) => boolean }).__mutant = isOn;

process.on('uncaughtException', (cause) => (uncaught ??= cause));
process.on('unhandledRejection', (cause) => (uncaught ??= cause));

type Wrapped = (require: (id: string) => unknown, module: { exports: unknown }, exports: unknown) => void;
const compiled = new Map<string, Wrapped>();

function compile(file: string): Wrapped {
  let wrapped = compiled.get(file);
  if (wrapped === undefined) {
    const text = sources[file] ?? readFileSync(file, 'utf8');
    const define = { 'import.meta.url': JSON.stringify(pathToFileURL(file).href) };
    const { code } = transformSync(text, {
      loader: 'ts',
      format: 'cjs',
      target: 'es2022',
      supported: SUPPORTED,
      define,
      sourcefile: file,
    });
    wrapped = new vm.Script(`(function (require, module, exports) {${code}\n})`, {
      filename: file,
    }).runInThisContext() as Wrapped;
    compiled.set(file, wrapped);
  }
  return wrapped;
}

/** A file on its own module registry: every module of the library is evaluated anew. */
function load(file: string, vitest: object): void {
  const registry = new Map<string, { exports: unknown }>();
  const requireFrom =
    (folder: string) =>
    (id: string): unknown => {
      if (id === 'vitest') return vitest;
      const path = ALIASES[id] ?? (id.startsWith('.') ? located(resolve(folder, id)) : undefined);
      if (path === undefined) return nodeRequire(id);
      return path.endsWith('.ts') ? evaluate(path) : nodeRequire(path);
    };
  const evaluate = (path: string): unknown => {
    const known = registry.get(path);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    registry.set(path, module);
    compile(path)(requireFrom(dirname(path)), module, module.exports);
    return module.exports;
  };
  evaluate(file);
}

const places = new Map<string, string>();
function located(path: string): string {
  let place = places.get(path);
  if (place === undefined) {
    const candidates = [path, `${path}.ts`, path.replace(/\.js$/, '.ts'), join(path, 'index.ts')];
    place = candidates.find((candidate) => existsSync(candidate) && statSync(candidate).isFile());
    if (place === undefined) throw new Error(`no file ${path}`);
    places.set(path, place);
  }
  return place;
}

function collect(file: string): readonly Case[] {
  const { module, collect: cases } = shimOf();
  load(file, module);
  return cases();
}

const settle = (): Promise<void> => new Promise((done) => setImmediate(done));
const textOf = (cause: unknown): string =>
  (cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)).slice(0, 300);

async function cover(file: string): Promise<Answer> {
  active = 0;
  limit = Infinity;
  const statics = new Uint8Array(mutants + 1);
  hits = statics;
  const covered: CoveredCase[] = [];
  try {
    for (const { name, run } of collect(file)) {
      hits = new Uint8Array(mutants + 1);
      calls = 0;
      uncaught = undefined;
      const start = performance.now();
      let error: string | undefined;
      try {
        await run();
        await settle();
        if (uncaught !== undefined) error = textOf(uncaught);
      } catch (cause) {
        error = textOf(cause);
      }
      const ms = performance.now() - start;
      covered.push({ name, ms, calls, hits: indexes(hits), ...(error === undefined ? {} : { error }) });
    }
    return { kind: 'covered', file, statics: indexes(statics), cases: covered };
  } catch (cause) {
    return { kind: 'covered', file, statics: [], cases: [], error: textOf(cause) };
  }
}

const indexes = (bits: Uint8Array): number[] => [...bits.keys()].filter((i) => bits[i] === 1);

async function judge({ id, plan }: MutantTask): Promise<Answer> {
  active = id;
  hits = undefined;
  uncaught = undefined;
  for (const { file, cases } of plan) {
    let name = file;
    try {
      calls = 0;
      limit = 50_000_000;
      const collected = collect(file);
      for (const { index, calls: usual } of cases) {
        const one = collected[index];
        if (one === undefined) return { kind: 'verdict', id, status: 'killed', by: `${file}: fewer cases` };
        name = one.name;
        calls = 0;
        limit = usual * 10 + 200_000;
        await one.run();
        await settle();
        if (uncaught !== undefined) throw new Error(textOf(uncaught));
        if (calls > limit) throw new EndlessLoop();
      }
    } catch {
      const endless = calls > limit;
      limit = Infinity;
      await settle();
      return { kind: 'verdict', id, status: endless ? 'timeout' : 'killed', by: name };
    }
  }
  return { kind: 'verdict', id, status: 'survived' };
}

parentPort!.on('message', (task: CoverTask | MutantTask) => {
  void (task.kind === 'cover' ? cover(task.file) : judge(task)).then((answer) => parentPort!.postMessage(answer));
});
