import { parseArgs } from 'node:util';
import { crashTest, type CrashReport } from 'tidemark/testing';
import { CASES } from './cases';

/** `npm run crash -- --points N --seed S`: the crash laboratory. Exits with 1 if anything was lost, duplicated or wrong. */
const { values } = parseArgs({
  options: { points: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' } },
});
const [points, seed] = [Number(values.points), Number(values.seed)];
if (!Number.isInteger(points) || points < 1 || !Number.isInteger(seed)) {
  console.error('usage: npm run crash -- --points N --seed S');
  process.exit(2);
}

const names = Object.keys(CASES);
const total = { points: 0, trials: 0, lost: 0, duplicated: 0, wrong: 0, failures: 0 };
const started = Date.now();
for (const [i, name] of names.entries()) {
  const share = Math.ceil((points * (i + 1)) / names.length) - Math.ceil((points * i) / names.length);
  if (share === 0) continue;
  const report = await crashTest(CASES[name] as never, { points: share, seed });
  console.log(`${name.padEnd(14)} ${line(report)}`);
  for (const detail of report.details) console.log(`  ${detail}`);
  for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += report[key];
}
console.log(`${'total'.padEnd(14)} ${line(total)}  seed ${seed}  ${((Date.now() - started) / 1000).toFixed(1)} s`);
process.exitCode = total.lost + total.duplicated + total.wrong + total.failures > 0 ? 1 : 0;

function line(report: Pick<CrashReport, keyof typeof total>): string {
  const { points: tried, trials, lost, duplicated, wrong, failures } = report;
  return `${tried} points in ${trials} trials: ${lost} lost, ${duplicated} duplicated, ${wrong} wrong, ${failures} failed recoveries`;
}
