import { fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import type { CrashReport } from 'tidemark/testing';
import { CASES } from './cases';

/**
 * `npm run crash -- --points N --seed S [--case NAME]`: the crash laboratory. Exits with 1 if anything was lost, duplicated
 * or wrong. The points are shared out over processes; what each of them tries hangs on the seed alone.
 */
const options = {
  points: { type: 'string', default: '2000' },
  seed: { type: 'string', default: '1' },
  case: { type: 'string' },
} as const;
const { values } = parseArgs({ options });
const [points, seed] = [Number(values.points), Number(values.seed)];
const names = Object.keys(CASES).filter((name) => values.case === undefined || name === values.case);
if (!Number.isInteger(points) || points < 1 || !Number.isInteger(seed) || names.length === 0) {
  console.error(`usage: npm run crash -- --points N --seed S [--case NAME], one of ${Object.keys(CASES).join(', ')}`);
  process.exit(2);
}

type Counts = Omit<CrashReport, 'seed' | 'details'>;
type Part = Readonly<Record<string, CrashReport>>;
const nothing: Counts = { points: 0, trials: 0, errors: 0, lost: 0, duplicated: 0, wrong: 0, failures: 0 };
const root = fileURLToPath(new URL('../..', import.meta.url));

/** A part in a process of its own. Seeds of different parts are far apart. */
function partElsewhere(program: string, share: number, from: number): Promise<Part> {
  return new Promise((resolve, reject) => {
    const argv = [String(Math.ceil(share / names.length)), String(from), ...names];
    const child = fork(program, argv, {
      cwd: root,
      execArgv: ['--max-semi-space-size=32'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.once('message', (reports) => resolve(reports as Part));
    child.once('exit', (code) => reject(new Error(`a part of the laboratory ended with ${code}`)));
  });
}

/** One file, for all parts: what runs from sources as they are is slower by a third. */
async function everywhere(workers: number): Promise<readonly Part[]> {
  const program = `${root}dist/crash-${process.pid}.mjs`;
  const entryPoints = [`${root}test/crash/part.ts`];
  await build({
    entryPoints,
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'silent',
  });
  try {
    const share = Math.ceil(points / workers);
    return await Promise.all(Array.from({ length: workers }, (_, i) => partElsewhere(program, share, seed + i * 10_000_000)));
  } finally {
    rmSync(program, { force: true });
  }
}

async function everything(): Promise<void> {
  const started = performance.now();
  const parts = await everywhere(Math.min(availableParallelism(), Math.ceil(points / 100)));
  let total = nothing;
  for (const name of names) {
    const reports = parts.map((reports) => reports[name]!);
    const sum = reports.reduce(plus, nothing);
    console.log(`${name.padEnd(16)} ${line(sum)}`);
    for (const { details } of reports) for (const detail of details) console.log(`  ${detail}`);
    total = plus(total, sum);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${'total'.padEnd(16)} ${line(total)}  seed ${seed}  ${seconds} s`);
  process.exitCode = total.lost + total.duplicated + total.wrong + total.failures > 0 ? 1 : 0;
}

function plus(a: Counts, b: Counts): Counts {
  return Object.fromEntries(
    Object.keys(nothing).map((name) => [name, a[name as keyof Counts] + b[name as keyof Counts]]),
  ) as unknown as Counts;
}

function line({ points: tried, errors, trials, lost, duplicated, wrong, failures }: Counts): string {
  const found = `${lost} lost, ${duplicated} duplicated, ${wrong} wrong, ${failures} failed recoveries`;
  return `${tried} points (${errors} errors) in ${trials} histories: ${found}`;
}

await everything();
