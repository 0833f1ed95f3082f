import { readdirSync, readFileSync, mkdirSync, openSync, closeSync, writeSync } from 'node:fs';
import { metrics, W1 } from '../data';
import { agg, aggregate, availableNow, fileCheckpoint, fileSink, fileSource, ndjson, schema } from '../library';
import { streamingQuery, tumbling, withWatermark, type Format, type QueryProgress } from '../library';
import { w1Loop } from '../loops/w1';
import { collectGarbage, cpuMsOf, median, quantile } from '../measure';
import { rounded, type Result } from '../report';
import type { TotalRow } from '../rows';
import { fineClock, inFolder } from './surroundings';

const FILES = 10;
const EVENTS = 200_000;
const SIZE = W1.sizeMs;
const { delayMs: DELAY } = W1.shape;

interface Input {
  readonly t: number;
  readonly k: string;
  readonly v: number | null;
}

/** What the library did in one run. */
interface Run {
  readonly rows: number;
  readonly parseMs: number;
  readonly progress: readonly QueryProgress[];
}

/**
 * Ten files of NDJSON, through tumbling windows, to NDJSON, with a checkpoint in files: beside the same by hand without a
 * checkpoint, beside reading, parsing and writing the same rows with nothing in between, and beside a copy of all rows.
 */
export function endToEnd(rounds: number): Promise<Result[]> {
  return inFolder(async (folder) => {
    const input = `${folder}/in`;
    writeInput(input);
    const results = byHand(input, `${folder}/hand`);
    const seen: { ms: number[]; run: Run }[] = [];
    for (let round = 0; round <= rounds; round++) {
      let run: Run | undefined;
      const ms: number[] = [];
      for (const work of [
        async () => (run = await byLibrary(input, `${folder}/query-${round}`)),
        async () => byHand(input, `${folder}/hand`),
        async () => bare(input, `${folder}/bare`, results),
        async () => copy(input, `${folder}/copy`),
      ]) {
        collectGarbage();
        ms.push(await cpuMsOf(work));
      }
      if (run!.rows !== results.length) throw new Error(`${run!.rows} rows were written, by hand ${results.length}`);
      if (round > 0) seen.push({ ms, run: run! });
    }
    return [resultOf(seen, results.length)];
  });
}

function resultOf(seen: readonly { readonly ms: readonly number[]; readonly run: Run }[], results: number): Result {
  const ratiosTo = (side: number): number[] => seen.map(({ ms }) => ms[0]! / ms[side]!);
  const perEvent = (side: number): number => rounded((median(seen.map(({ ms }) => ms[side]!)) * 1e6) / EVENTS, 0);
  return {
    workload: 'end-to-end',
    value: rounded(median(ratiosTo(2))),
    unit: '× parse and write',
    target: 1.5,
    rounds: seen.length,
    details: {
      'lower quartile': rounded(quantile(ratiosTo(2), 0.25)),
      '× by hand': rounded(median(ratiosTo(1))),
      '× copy of all rows': rounded(median(ratiosTo(3))),
      'library ns/event': perEvent(0),
      'by hand': perEvent(1),
      bare: perEvent(2),
      copy: perEvent(3),
      ...shares(seen.map(({ run }) => run)),
      'results/event': rounded(results / EVENTS),
    },
  };
}

/** Where the time of the batches goes, on the wall clock. */
function shares(runs: readonly Run[]): Record<string, string> {
  const part = (name: string): number =>
    runs.reduce((sum, { progress }) => sum + progress.reduce((s, { durationMs }) => s + (durationMs[name] ?? 0), 0), 0);
  const whole = part('triggerExecution');
  const parse = runs.reduce((sum, { parseMs }) => sum + parseMs, 0);
  const [state, sink] = [part('walCommit') + part('stage') + part('commitOffsets'), part('sinkCommit')];
  const operators = part('addBatch') - parse;
  const percent = (ms: number): string => `${rounded((100 * ms) / whole, 0)} %`;
  const rest = whole - parse - operators - state - sink;
  return {
    parse: percent(parse),
    'reading and operators': percent(operators),
    'state and log': percent(state),
    sink: percent(sink),
    rest: percent(rest),
  };
}

async function byLibrary(input: string, folder: string): Promise<Run> {
  const parsing = { ms: 0 };
  const progress: QueryProgress[] = [];
  const query = streamingQuery(
    fileSource({
      path: input,
      format: timed(ndjson(), parsing),
      schema: schema({ t: 'timestamp', k: 'string', v: 'number?' }),
      maxFilesPerTrigger: 1,
      settle: 0,
      endOfData: true,
    }),
    (rows$) =>
      rows$.pipe(
        withWatermark('t', DELAY, { id: 'time' }),
        aggregate({ id: 'totals', key: 'k', window: tumbling(SIZE), select: { n: agg.count(), total: agg.sum('v') } }),
      ),
  ).writeStream({
    sink: fileSink({ path: `${folder}/out`, format: ndjson() }),
    checkpoint: fileCheckpoint(`${folder}/checkpoint`),
    trigger: availableNow(),
    scheduler: fineClock,
    onAdvice: () => {},
  });
  query.progress$.subscribe((one) => progress.push(one));
  await query.start();
  await query.awaitTermination();
  const rows = progress.reduce((sum, { sinks }) => sum + Object.values(sinks).reduce((n, s) => n + s.numOutputRows, 0), 0);
  return { rows, parseMs: parsing.ms, progress };
}

/** The same format; adds up the time in its decoder, rows checked against the schema included. */
function timed(format: Format, total: { ms: number }): Format {
  const measured = (work: () => void): void => {
    const from = performance.now();
    work();
    total.ms += performance.now() - from;
  };
  return {
    ...format,
    decoder: (context) => {
      const decoder = format.decoder(context);
      return {
        push: (bytes, out) => measured(() => decoder.push(bytes, out)),
        end: (out) => measured(() => decoder.end(out)),
        get counts() {
          return decoder.counts;
        },
      };
    },
  };
}

/** The rows of W1, without those that come too late: how late is late depends on the batches. */
function writeInput(folder: string): void {
  mkdirSync(folder);
  const rows = metrics({ ...W1.shape, events: EVENTS, veryLateMs: W1.shape.jitterMs });
  for (let i = 0; i < FILES; i++) {
    const part = rows.slice((i * EVENTS) / FILES, ((i + 1) * EVENTS) / FILES);
    write(`${folder}/part-${String(i).padStart(3, '0')}.ndjson`, textsOf(part));
  }
}

function linesOf(folder: string): string[][] {
  const names = readdirSync(folder).sort();
  return names.map((name) => readFileSync(`${folder}/${name}`, 'utf8').trimEnd().split('\n'));
}

function write(path: string, lines: readonly string[]): void {
  const file = openSync(path, 'w');
  writeSync(file, `${lines.join('\n')}\n`);
  closeSync(file);
}

function byHand(input: string, output: string): TotalRow[] {
  const rows = linesOf(input).flatMap((lines) => lines.map((line) => JSON.parse(line) as Input));
  const results: TotalRow[] = [];
  w1Loop(rows, SIZE, DELAY, EVENTS / FILES, (row) => results.push(row));
  write(output, textsOf(results));
  return results;
}

function bare(input: string, output: string, results: readonly TotalRow[]): void {
  let sum = 0;
  for (const lines of linesOf(input)) for (const line of lines) sum += (JSON.parse(line) as Input).t;
  if (!(sum > 0)) throw new Error('nothing was read');
  write(output, textsOf(results));
}

const textsOf = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row));

function copy(input: string, output: string): void {
  linesOf(input).forEach((lines, i) =>
    write(
      `${output}-${i}`,
      lines.map((line) => JSON.stringify(JSON.parse(line))),
    ),
  );
}
