import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { check, randomTrial } from './check';
import { reportOf } from './report';

/**
 * `npm run plans -- --cases N --seed S`: random plans against plain arrays. Prints each difference with its seed and the
 * smallest case found, and exits with 1 if there is one. The seeds are shared out over processes.
 */
const options = {
  cases: { type: 'string', default: '2000' },
  seed: { type: 'string', default: '1' },
  part: { type: 'string' },
} as const;
const { values } = parseArgs({ options });
const [cases, seed] = [Number(values.cases), Number(values.seed)];
if (!Number.isInteger(cases) || cases < 1 || !Number.isInteger(seed)) {
  console.error('usage: npm run plans -- --cases N --seed S');
  process.exit(2);
}

async function part(count: number, from: number): Promise<string[]> {
  const reports: string[] = [];
  for (let one = from; one < from + count; one++) {
    const trial = randomTrial(one);
    const wrong = await check(trial);
    if (wrong !== undefined) reports.push(await reportOf(one, trial, wrong));
  }
  return reports;
}

function partElsewhere(count: number, from: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const argv = ['--cases', String(count), '--seed', String(from), '--part', 'yes'];
    const child = fork(fileURLToPath(import.meta.url), argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.once('message', (reports) => resolve(reports as string[]));
    child.once('exit', (code) => reject(new Error(`a part of the cases ended with ${code}`)));
  });
}

async function everything(): Promise<void> {
  const started = Date.now();
  const share = Math.ceil(cases / Math.min(availableParallelism(), Math.ceil(cases / 50)));
  const starts = Array.from({ length: Math.ceil(cases / share) }, (_, i) => i * share);
  const parts = await Promise.all(starts.map((at) => partElsewhere(Math.min(share, cases - at), seed + at)));
  const reports = parts.flat();
  for (const report of reports) console.log(`${report}\n`);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${cases} cases from seed ${seed}: ${reports.length} differences, ${seconds} s`);
  process.exitCode = reports.length > 0 ? 1 : 0;
}

if (values.part === undefined) await everything();
else process.send!(await part(cases, seed), () => process.disconnect());
