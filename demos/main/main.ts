import { HELP, readArguments } from './arguments';
import { checksOf } from './checks';
import { DemoFailure } from './failure';
import { jobOf } from './jobs';
import { summaryLines } from './report';
import { run } from './run';
import { displayOf } from './screen';

/** Runs what the command line asks for; true when every sum agrees. */
async function main(argv: readonly string[]): Promise<boolean> {
  const options = readArguments(argv);
  if (options.help) {
    process.stdout.write(`${HELP}\n`);
    return true;
  }
  const job = await jobOf(options);
  const display = displayOf(job, process.stdout, !options.fast && job.total !== undefined);
  const outcome = await run(job, options.out, (ledger) => display.watch(ledger)).catch((cause: unknown) => {
    display.fail();
    throw cause;
  });
  display.close(outcome.ledger);
  const checks = await checksOf(outcome, job.judgesRows ? job.delayMs : null);
  process.stdout.write(`\n${summaryLines(job, outcome, checks).join('\n')}\n`);
  return checks.every(({ left, right }) => left === right);
}

// `npm start | head` closes the pipe: that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  if (!(await main(process.argv.slice(2)))) process.exitCode = 1;
} catch (cause) {
  process.stderr.write(
    cause instanceof DemoFailure ? `tidemark demo: ${cause.message}\n` : `${String((cause as Error).stack ?? cause)}\n`,
  );
  process.exitCode = 1;
}
