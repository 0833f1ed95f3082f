import { existsSync } from 'node:fs';
import { HELP, readArguments, type Arguments } from './arguments';
import { checksOf } from './checks';
import { DemoFailure } from './failure';
import { atHome, type Home } from './home';
import type { Job } from './job';
import { followJob, jobOf } from './jobs';
import { summaryLines } from './report';
import { filesOf, follow, run, type RunOptions } from './run';
import { displayOf, isScreen } from './screen';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Exit code after Ctrl-C before the end, as shells have it. */
const STOPPED = 130;

/** Does what the command line asks for; the exit code comes back. */
async function main(argv: readonly string[]): Promise<number> {
  const options = readArguments(argv);
  if (options.help) {
    say(HELP);
    return 0;
  }
  return options.follow === undefined ? runJob(options) : followFolder({ ...options, follow: options.follow });
}

async function runJob(options: Arguments): Promise<number> {
  const job = await jobOf(options);
  return atHome(options.out, job.identity, { isFresh: options.fresh }, (home) => runAt(home, job, options));
}

/** Runs a job from where it stands; 0 when every sum agrees. */
async function runAt(home: Home, job: Job, options: Arguments): Promise<number> {
  if (home.state === 'begun') say(`${options.out} has begun this job: going on from its last commit (--fresh begins anew)`);
  if (home.state === 'done') say(`${options.out} has this job done, and this is what came out (--fresh runs it again)`);
  const display = home.state === 'done' ? undefined : displayOf(job, process.stdout);
  const outcome = await run(job, home, {
    ...optionsOf(options, job),
    ...(display === undefined ? {} : { watch: (live) => display.watch(live) }),
  }).finally(() => display?.close());
  if (outcome === undefined) {
    say('stopped; the same command goes on from here');
    return STOPPED;
  }
  const checks = await checksOf(outcome, job.judgesRows ? job.delayMs : null);
  say(`\n${summaryLines(job, outcome, checks).join('\n')}`);
  return checks.every(({ left, right }) => left === right) ? 0 : 1;
}

/** Reads what comes into a folder until Ctrl-C. */
async function followFolder(options: Arguments & { follow: string }): Promise<number> {
  if (!existsSync(options.follow)) throw new DemoFailure(`there is no folder ${options.follow}`);
  const { job, source } = followJob(options);
  return atHome(options.out, job.identity, { isFresh: options.fresh, isOpenEnded: true }, async (home) => {
    if (home.state === 'begun') say(`${options.out} has begun this job: going on from its last commit (--fresh begins anew)`);
    const display = displayOf(job, process.stdout);
    await follow(job, home, source, { ...optionsOf(options, job), watch: (live) => display.watch(live) }).finally(() =>
      display.close(),
    );
    say(`stopped; the same command goes on from here. What is final: ${Object.values(filesOf(home)).join(', ')}`);
    return 0;
  });
}

function optionsOf({ pace, checkpoint, fast }: Arguments, { total }: Job): RunOptions {
  const forTheEye = isScreen(process.stdout) && !fast && total !== undefined ? total / 5 : undefined;
  const rowsPerSecond = pace ?? forTheEye;
  const stopped = new AbortController();
  process.once('SIGINT', () => stopped.abort());
  return {
    signal: stopped.signal,
    ...(rowsPerSecond === undefined ? {} : { rowsPerSecond }),
    ...(checkpoint === undefined ? {} : { checkpointEvery: checkpoint }),
  };
}

// `npm start | head` closes the pipe: that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (cause) {
  process.stderr.write(
    cause instanceof DemoFailure ? `tidemark demo: ${cause.message}\n` : `${String((cause as Error).stack ?? cause)}\n`,
  );
  process.exitCode = 1;
}
