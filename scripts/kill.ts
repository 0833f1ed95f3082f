/**
 * `npm run kill -- --times N --seed S [--package]`: starts the main job, kills it with SIGKILL at random moments
 * (half of them while it starts and recovers), starts it again, until it is done; then compares its files with those of an
 * unbroken run. `--package` runs it on `dist` as built, else on the sources. Exits with 1 if a line is lost, there twice or
 * wrong.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { randomFrom } from '../demos/main/random';

const root = fileURLToPath(new URL('..', import.meta.url));
const FILES = ['windows', 'alerts', 'rejected'];

/** What a kill loop has come to; lines of all files together. */
export interface KillReport {
  readonly kills: number;
  /** Of these, in lives that had committed nothing yet: they were starting, or recovering. */
  readonly early: number;
  /** Jobs that were run to their end. */
  readonly rounds: number;
  readonly lines: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly wrong: number;
}

/** How to kill. */
export interface KillOptions {
  readonly times: number;
  readonly seed: number;
  /** On `dist` instead of the sources. */
  readonly onPackage?: boolean;
  /** Told of each round. */
  readonly say?: (line: string) => void;
}

/** Kills the job so many times; it is begun anew whenever it gets to its end before. */
export async function killLoop({ times, seed, onPackage = false, say = () => {} }: KillOptions): Promise<KillReport> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-kill-'));
  try {
    const program = join(root, 'dist', `kill-${process.pid}.mjs`);
    await bundle(program, onPackage);
    try {
      return await new KillLoop(program, folder, randomFrom(seed), say).run(times);
    } finally {
      rmSync(program, { force: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One file: a process that starts quickly is killed more often where it matters. */
async function bundle(outfile: string, onPackage: boolean): Promise<void> {
  await build({
    entryPoints: [join(root, 'demos/main/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // With `tidemark` left out the program finds it as any other does: by the exports of package.json.
    packages: 'external',
    ...(onPackage ? { tsconfigRaw: '{}' } : {}),
    logLevel: 'silent',
  });
}

class KillLoop {
  private kills = 0;
  private early = 0;
  private lines = 0;
  private readonly faults = { lost: 0, duplicated: 0, wrong: 0 };

  constructor(
    private readonly program: string,
    private readonly folder: string,
    private readonly random: () => number,
    private readonly say: (line: string) => void,
  ) {}

  async run(times: number): Promise<KillReport> {
    const startMs = await this.unbroken();
    let rounds = 0;
    while (this.kills < times) {
      const out = `round-${++rounds}`;
      await this.round(out, times, startMs);
      this.compare(out);
      this.say(`round ${rounds}: ${this.kills} kills, ${JSON.stringify(this.faults)}`);
    }
    const { kills, early, lines, faults } = this;
    return { kills, early, rounds, lines, ...faults };
  }

  /** Kills until there are enough, or the job has come to its end all the same. */
  private async round(out: string, times: number, startMs: number): Promise<void> {
    while (this.kills < times) {
      const isEarly = this.random() < 0.5;
      const after = startMs * (isEarly ? 0.5 + this.random() : 1.5 + 4 * this.random());
      if (await this.life(out, after)) return;
    }
    await this.finish(out, Infinity);
  }

  /** One life of the process; true when it came to the end of the job before the shot. */
  private async life(out: string, afterMs: number): Promise<boolean> {
    const before = this.commits(out);
    const child = this.start(out, 200);
    const shot = setTimeout(() => child.kill('SIGKILL'), afterMs);
    const signal = await this.ended(child);
    clearTimeout(shot);
    if (signal !== 'SIGKILL') return true;
    this.kills++;
    if (this.commits(out) === before) this.early++;
    return false;
  }

  /** The run to compare with; how long the program takes to say its first word comes back. */
  private async unbroken(): Promise<number> {
    const began = performance.now();
    const child = this.start('unbroken', Infinity);
    const first = new Promise<number>((resolve) => child.stdout!.once('data', () => resolve(performance.now() - began)));
    await this.ended(child);
    return first;
  }

  /** The newest commit of the job's checkpoint, as its name. */
  private commits(out: string): string | undefined {
    const folder = join(this.folder, out, '.tidemark', 'checkpoint', 'commits');
    return existsSync(folder) ? readdirSync(folder).sort().at(-1) : undefined;
  }

  private async finish(out: string, pace: number): Promise<void> {
    await this.ended(this.start(out, pace));
  }

  private start(out: string, pace: number): ChildProcess {
    const slow = pace === Infinity ? [] : ['--pace', String(pace)];
    const argv = ['--out', join(this.folder, out), '--checkpoint', '40 ms', ...slow];
    return spawn(process.execPath, [this.program, ...argv], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** The signal that ended it, or null when it ended as it should; all else is an error of the job. */
  private async ended(child: ChildProcess): Promise<NodeJS.Signals | null> {
    let text = '';
    child.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr!.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
      child.once('close', (...how) => resolve(how)),
    );
    if (code !== 0 && signal !== 'SIGKILL') throw new Error(`the job ended with ${String(code ?? signal)}:\n${text}`);
    return signal;
  }

  private compare(out: string): void {
    for (const name of FILES) {
      const [expected, found] = ['unbroken', out].map((run) => readFileSync(join(this.folder, run, `${name}.ndjson`), 'utf8'));
      const faults = faultsOf(expected!, found!);
      this.lines += expected!.split('\n').length - 1;
      for (const kind of ['lost', 'duplicated', 'wrong'] as const) this.faults[kind] += faults[kind];
    }
  }
}

/** Line by line; the same lines in another order, or half a line, are wrong too. */
export function faultsOf(expected: string, found: string): Pick<KillReport, 'lost' | 'duplicated' | 'wrong'> {
  const wanted = new Map<string, number>();
  for (const line of expected.split('\n')) wanted.set(line, (wanted.get(line) ?? 0) + 1);
  let [duplicated, wrong] = [0, 0];
  const left = new Map(wanted);
  for (const line of found.split('\n')) {
    const n = left.get(line);
    if (n === undefined) wrong++;
    else if (n === 0) duplicated++;
    else left.set(line, n - 1);
  }
  const lost = [...left.values()].reduce((sum, n) => sum + n, 0);
  if (lost + duplicated + wrong === 0 && expected !== found) wrong = 1;
  return { lost, duplicated, wrong };
}

async function main(): Promise<void> {
  const options = { times: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } } as const;
  const { values } = parseArgs({ options: { ...options, package: { type: 'boolean', default: false } } });
  const [times, seed] = [Number(values.times), Number(values.seed)];
  if (!Number.isInteger(times) || times < 1 || !Number.isInteger(seed)) {
    console.error('usage: npm run kill -- --times N --seed S [--package]');
    process.exit(2);
  }
  const report = await killLoop({ times, seed, onPackage: values.package, say: (line) => console.log(line) });
  const { kills, early, rounds, lines, lost, duplicated, wrong } = report;
  console.log(
    `${kills} kills (${early} before the first commit of a life) in ${rounds} rounds, seed ${seed}, ${lines} lines compared`,
  );
  console.log(`${lost} lost, ${duplicated} duplicated, ${wrong} wrong`);
  process.exitCode = lost + duplicated + wrong === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
