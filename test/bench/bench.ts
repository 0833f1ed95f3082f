import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Fingerprint, Tally } from './checksum';
import { commit } from './durable/commit';
import { endToEnd } from './durable/endToEnd';
import { recovery } from './durable/recovery';
import { batchGrowth } from './figures/batchGrowth';
import { close } from './figures/close';
import { growth } from './figures/growth';
import { heap } from './figures/heap';
import { hop } from './figures/hop';
import { latency } from './figures/latency';
import { sizes } from './figures/sizes';
import { updates, updatesPerEvent } from './figures/updates';
import { compare } from './measure';
import { rounded, tableOf, type Result } from './report';
import { workloads, type Side, type Workload } from './workloads';

// npm run bench -- [--rounds 7] [--only W1,W2@60,hop] [--json] [--out results.json]
// Ratios to hand-written loops that give the same rows. Times are never asserted; only different results fail.

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const rounds = Math.max(1, Number(options.rounds));
const only = options.only?.split(',');

const figures: Readonly<Record<string, () => Result[] | Promise<Result[]>>> = {
  hop: () => hop(rounds),
  updates,
  heap,
  close: () => close(rounds),
  latency: () => latency(Math.min(3, rounds)),
  sizes,
  commit: () => commit(rounds),
  'end-to-end': () => endToEnd(rounds),
  recovery: () => recovery(rounds),
  growth: () => growth(Math.min(3, rounds)),
  'batch-growth': batchGrowth,
};

function measure({ name, target, good, events, counted, prepare }: Workload): Result {
  const { loop, library } = prepare();
  const same = agree(name, loop, library);
  const tallies = [new Tally(), new Tally()] as const;
  const timed = (run: Side, side: 0 | 1) => (): void => {
    tallies[side].reset();
    run(tallies[side].take);
    if (same && side === 1 && !tallies[1].agrees(tallies[0])) throw new Error(`${name}: another result in a later round`);
  };
  const { ns, ratios } = compare([timed(loop, 0), timed(library, 1)], events, rounds);
  const ratio = rounded(ratios[1]!);
  return {
    workload: name,
    ratio,
    value: ratio,
    unit: '× loop',
    target,
    good,
    rounds,
    loopNsPerEvent: rounded(ns[0]!, 0),
    libraryNsPerEvent: rounded(ns[1]!, 0),
    ...(counted === undefined ? {} : { updatesPerEvent: rounded(updatesPerEvent(counted), 4) }),
    checksum: same ? 'ok' : 'DIFFERENT',
    details: { 'results/event': rounded(tallies[0].count / events) },
  };
}

/** Every column of every row, once, outside the clock. It also warms both sides up. */
function agree(name: string, loop: Side, library: Side): boolean {
  const [byHand, byLibrary] = [new Fingerprint(), new Fingerprint()];
  loop(byHand.take);
  library(byLibrary.take);
  const same = byHand.agrees(byLibrary);
  if (!same) console.error(`${name}: the results differ\n  loop    ${byHand}\n  library ${byLibrary}`);
  return same;
}

function wanted(name: string): boolean {
  return only === undefined || only.includes(name);
}

async function run(): Promise<Result[]> {
  const results: Result[] = [];
  const say = (more: readonly Result[]): void => {
    results.push(...more);
    if (options.json) for (const result of more) console.log(JSON.stringify(result));
    else for (const { workload, value, unit } of more) console.error(`${workload}: ${value} ${unit}`);
  };
  for (const workload of workloads)
    if (wanted(workload.name) || wanted(workload.group ?? workload.name)) say([measure(workload)]);
  for (const [name, figure] of Object.entries(figures)) if (wanted(name)) say(await figure());
  return results;
}

function save(path: string, results: readonly Result[]): void {
  const machine = { date: new Date().toISOString(), node: process.version, cpu: cpus()[0]?.model ?? 'unknown' };
  writeFileSync(path, `${JSON.stringify({ ...machine, rounds, results }, undefined, 2)}\n`);
}

const results = await run();
if (!options.json) console.log(tableOf(results));
if (options.out !== undefined) save(options.out, results);
if (results.some((result) => result.checksum === 'DIFFERENT')) process.exitCode = 1;
