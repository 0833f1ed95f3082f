import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { crashTest, type CrashReport } from 'tidemark/testing';
import { CASES } from './cases';

/**
 * `npm run crash -- --points N --seed S`: the crash laboratory. Exits with 1 if anything was lost, duplicated or wrong. The
 * points are shared out over processes; what each of them tries hangs on the seed alone.
 */
const options = {
  points: { type: 'string', default: '2000' },
  seed: { type: 'string', default: '1' },
  part: { type: 'string' },
} as const;
const { values } = parseArgs({ options });
const [points, seed] = [Number(values.points), Number(values.seed)];
if (!Number.isInteger(points) || points < 1 || !Number.isInteger(seed)) {
  console.error('usage: npm run crash -- --points N --seed S');
  process.exit(2);
}

type Counts = Omit<CrashReport, 'seed' | 'details'>;
type Part = Readonly<Record<string, CrashReport>>;
const names = Object.keys(CASES);
const nothing: Counts = { points: 0, trials: 0, lost: 0, duplicated: 0, wrong: 0, failures: 0 };

/** All cases, one after the other. */
async function part(share: number, from: number): Promise<Part> {
  const reports: Record<string, CrashReport> = {};
  for (const name of names)
    reports[name] = await crashTest(CASES[name]!, { points: Math.ceil(share / names.length), seed: from });
  return reports;
}

/** The same in a process of its own. Seeds of different parts are far apart. */
function partElsewhere(share: number, from: number): Promise<Part> {
  return new Promise((resolve, reject) => {
    const argv = ['--points', String(share), '--seed', String(from), '--part', 'yes'];
    const child = fork(fileURLToPath(import.meta.url), argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.once('message', (reports) => resolve(reports as Part));
    child.once('exit', (code) => reject(new Error(`a part of the laboratory ended with ${code}`)));
  });
}

async function everything(): Promise<void> {
  const started = Date.now();
  const workers = Math.min(availableParallelism(), Math.ceil(points / 100));
  const shares = Array.from({ length: workers }, () => Math.ceil(points / workers));
  const parts = await Promise.all(shares.map((share, i) => partElsewhere(share, seed + i * 10_000_000)));
  let total = nothing;
  for (const name of names) {
    const reports = parts.map((reports) => reports[name]!);
    const sum = reports.reduce(plus, nothing);
    console.log(`${name.padEnd(14)} ${line(sum)}`);
    for (const { details } of reports) for (const detail of details) console.log(`  ${detail}`);
    total = plus(total, sum);
  }
  console.log(`${'total'.padEnd(14)} ${line(total)}  seed ${seed}  ${((Date.now() - started) / 1000).toFixed(1)} s`);
  process.exitCode = total.lost + total.duplicated + total.wrong + total.failures > 0 ? 1 : 0;
}

function plus(a: Counts, b: Counts): Counts {
  return {
    points: a.points + b.points,
    trials: a.trials + b.trials,
    lost: a.lost + b.lost,
    duplicated: a.duplicated + b.duplicated,
    wrong: a.wrong + b.wrong,
    failures: a.failures + b.failures,
  };
}

function line({ points: tried, trials, lost, duplicated, wrong, failures }: Counts): string {
  return `${tried} points in ${trials} trials: ${lost} lost, ${duplicated} duplicated, ${wrong} wrong, ${failures} failed recoveries`;
}

if (values.part === undefined) await everything();
else process.send!(await part(points, seed), () => process.disconnect());
