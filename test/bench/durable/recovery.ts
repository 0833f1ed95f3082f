import { collectGarbage, median, quantile } from '../measure';
import { rounded, type Result } from '../report';
import { Keeping, type Keeper } from './state';
import { inFolder } from './surroundings';

const KEYS = 100_000;

/** From `start()` to the commit of the first batch, with the state of 100,000 keys in the checkpoint. */
export async function recovery(rounds: number): Promise<Result[]> {
  const results: Result[] = [];
  for (const keeper of ['keyed', 'windows'] as const) results.push(await inFolder((folder) => starts(folder, keeper, rounds)));
  return results;
}

async function starts(folder: string, keeper: Keeper, rounds: number): Promise<Result> {
  const keeping = new Keeping(folder, keeper, KEYS);
  await keeping.query.start();
  await keeping.fill();
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    await keeping.query.stop();
    collectGarbage();
    const from = performance.now();
    await keeping.query.start();
    await keeping.change();
    times.push(performance.now() - from);
    const held = keeping.progress.at(-1)?.stateOperators.at(-1)?.numRowsTotal;
    if (held !== KEYS) throw new Error(`${held} keys came back, not ${KEYS}`);
  }
  await keeping.query.stop();
  const details = { 'lower quartile': rounded(quantile(times, 0.25), 0), slowest: rounded(Math.max(...times), 0), keys: KEYS };
  return { workload: `recovery-${keeper}`, value: rounded(median(times), 0), unit: 'ms', target: 1000, rounds, details };
}
