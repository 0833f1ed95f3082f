/**
 * Prints what each strategy does to the six synthetic traces and to the recordings: `node --import tsx
 * test/watermark/experiment.ts [seed]`. Late = behind the watermark; lost = its window was closed, horizon included.
 */
import { argv, stdout } from 'node:process';
import { parseDuration } from '../../src/time/duration';
import { adaptive, fixedDelay, quality, type WatermarkStrategy } from '../../src/watermark';
import { isPresent, RECORDINGS, timesOf } from './recorded';
import { type Outcome, simulate, type SimulationOptions } from './simulate';
import { trace, TRACES } from './traces';

const seed = Number(argv[2] ?? 1);
const MAX_DELAY = '2 minutes';
const HORIZON_MS = 60_000;
const print = (...cells: readonly string[]): boolean => stdout.write(`| ${cells.join(' | ')} |\n`);
const percent = (part: number, of: number): string => ((100 * part) / of).toFixed(3);

/** A delay in the unit that suits it. */
function span(ms: number): string {
  const [unit, size] = ms < 600_000 ? ['s', 1000] : ms < 172_800_000 ? ['h', 3_600_000] : ['days', 86_400_000];
  return `${(ms / Number(size)).toFixed(1)} ${unit}`;
}

/** How many log lines carried each status. */
function phases({ log }: Outcome): string {
  const counts = new Map<unknown, number>();
  for (const { status } of log) counts.set(status['status'], (counts.get(status['status']) ?? 0) + 1);
  return ['learning', 'holding', 'broken'].map((phase) => counts.get(phase) ?? 0).join(' / ');
}

function line(name: string, label: string, times: Float64Array, strategy: WatermarkStrategy, options: SimulationOptions): void {
  const outcome = simulate(times, strategy, options);
  const { late, lost, rows, meanDelayMs, largestDelayMs } = outcome;
  const delays = [span(meanDelayMs), span(largestDelayMs)];
  print(name, label, percent(late, rows), percent(lost, rows), ...delays, strategy.kind === 'quality' ? phases(outcome) : '');
}

function header(title: string): void {
  stdout.write(`\n${title}\n\n`);
  print('rows', 'strategy', 'late %', 'lost %', 'mean delay', 'largest', 'learning / holding / broken');
  print(...Array.from({ length: 7 }, () => '---'));
}

header(`Six traces, seed ${seed}; maxDelay ${MAX_DELAY}; delays of the adaptive rule in seconds`);
for (const name of TRACES) {
  const times = trace(name, seed);
  const withHorizon = (horizon: number): WatermarkStrategy => quality({ maxDelay: MAX_DELAY, horizon });
  line(name, 'fixed 10 s', times, fixedDelay('10 seconds'), {});
  line(name, 'adaptive', times, adaptive({ unit: '1 second' }), {});
  line(name, 'adaptive, horizon 60 s', times, adaptive({ unit: '1 second' }), { horizonMs: HORIZON_MS });
  line(name, 'quality, no horizon', times, withHorizon(0), {});
  line(name, 'quality, no horizon, told of losses', times, withHorizon(0), { isFed: true });
  line(name, 'quality, horizon 60 s', times, withHorizon(HORIZON_MS), { horizonMs: HORIZON_MS });
  line(name, 'quality, horizon 60 s, told of losses', times, withHorizon(HORIZON_MS), { horizonMs: HORIZON_MS, isFed: true });
}

header('Recordings; W moves with every row');
for (const recording of RECORDINGS.filter(isPresent)) {
  const { name, maxDelay, horizon, windowMs, why } = recording;
  const times = timesOf(recording);
  const horizonMs = parseDuration(horizon);
  const base = { windowMs, refreshEvery: 1, logEvery: 100 };
  const strategy = quality({ maxDelay, horizon, every: 100 });
  line(`${name} (${times.length})`, `adaptive`, times, adaptive({ every: 100 }), base);
  line(name, `quality ${String(maxDelay)} + ${String(horizon)}: ${why}`, times, strategy, { ...base, horizonMs });
  line(name, 'the same, told of losses', times, strategy, { ...base, horizonMs, isFed: true });
}
