import type { Source, StreamingQuery } from 'tidemark';
import { DemoFailure, reasonOf } from './failure';
import type { Home } from './home';
import type { Job } from './job';
import { ledgerOf, RejectionCounts, type Kind, type Ledger } from './ledger';
import { Live } from './live';
import { NdjsonFile } from './ndjsonFile';
import { OUTPUTS, queryOf, type OutputName } from './query';
import { replaySource } from './replay';

/** How a job is run; none of it changes what comes out. */
export interface RunOptions {
  /** Holds the rows back; default: as fast as they are taken. */
  readonly rowsPerSecond?: number;
  /** Between two commits, ms; default 250. */
  readonly checkpointEvery?: number;
  /** Told after each commit, and at the start of a run that goes on with an earlier one. */
  readonly watch?: (live: Live) => void;
  /** Stops the run behind its last commit, to be gone on with. */
  readonly signal?: AbortSignal;
}

/** What a job has come to. */
export interface Outcome {
  readonly ledger: Ledger;
  readonly files: Readonly<Record<OutputName, string>>;
}

/**
 * Runs a job from where it stands to its end, and puts the files in their places. A job that is done is not run again.
 *
 * @returns undefined when it was stopped before its end
 * @throws what the source, the pipeline or the disk throws; what is committed stays, and the next run goes on from there
 */
export async function run(job: Job, home: Home, options: RunOptions = {}): Promise<Outcome | undefined> {
  if (home.ledger !== undefined) return { ledger: home.ledger, files: filesOf(home) };
  const kinds = await follow(job, home, replaySource(job.rows, options.rowsPerSecond), options);
  if (kinds === undefined) return undefined;
  const ledger = await publish(job, home, kinds);
  home.done(ledger);
  return { ledger, files: filesOf(home) };
}

/** Runs a job on a source until that ends, or somebody stops it: then undefined comes back. */
export async function follow(
  job: Job,
  home: Home,
  source: Source<unknown>,
  { checkpointEvery = 250, watch = () => {}, signal }: RunOptions,
): Promise<readonly Kind[] | undefined> {
  const { query, kinds } = queryOf(job, { home, source, checkpointEvery, onLines: (name, lines) => live.take(name, lines) });
  const live = new Live(kinds, job.total, job.delayMs, !home.isOpenEnded);
  if (home.state === 'begun') await recall(home, live);
  query.progress$.subscribe((progress) => {
    home.begun();
    live.progressed(progress, query.explain());
    watch(live);
  });
  const stop = (): void => void query.stop().catch(() => {});
  signal?.addEventListener('abort', stop);
  try {
    await query.start();
    if (signal?.aborted) stop();
    await query.awaitTermination();
  } catch (cause) {
    home.abandon();
    throw failureOf(cause);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
  return isOver(query) ? kinds : undefined;
}

/** W is at the end of the stream only when the source has ended and everything it gave is committed. */
function isOver(query: StreamingQuery): boolean {
  return query.explain().watermark === Infinity;
}

/** What earlier runs have committed, for the display. */
async function recall(home: Home, live: Live): Promise<void> {
  for (const output of OUTPUTS) for await (const line of home.lines(output)) live.take(output, [line]);
}

/** What is committed, as the files that people read: whole, or not there. Repeating it gives the same. */
async function publish(job: Job, home: Home, kinds: readonly Kind[]): Promise<Ledger> {
  const rejections = new RejectionCounts(kinds.map(({ name }) => name));
  const lines: Record<string, number> = {};
  for (const output of OUTPUTS) {
    const file = new NdjsonFile(home.fileOf(output));
    for await (const line of home.lines(output)) {
      file.write(line);
      if (output === 'rejected') rejections.add(line);
    }
    file.close();
    lines[output] = file.lines;
  }
  return ledgerOf(home, kinds, { read: job.total ?? (await countOf(job.rows)), lines, rejections });
}

async function countOf(rows: AsyncIterable<unknown> | Iterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _row of rows) count++;
  return count;
}

export function filesOf(home: Home): Record<OutputName, string> {
  return Object.fromEntries(OUTPUTS.map((name) => [name, home.fileOf(name)])) as Record<OutputName, string>;
}

/** The query says where it failed; people want to know why. */
function failureOf(cause: unknown): unknown {
  for (let at: unknown = cause; at instanceof Error; at = at.cause) if (at instanceof DemoFailure) return at;
  const root = (cause as Error).cause;
  return new DemoFailure(root === undefined ? reasonOf(cause) : `${reasonOf(cause)} (${reasonOf(root)})`);
}
