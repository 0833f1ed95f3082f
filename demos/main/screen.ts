import { setTimeout as sleep } from 'node:timers/promises';
import type { WriteStream } from 'node:tty';
import type { Ledger } from './ledger';
import { progressLine, screenLines, type Progress } from './report';
import type { Job } from './run';

/** Shows how far a run has come. */
export interface Display {
  watch(ledger: Ledger): Promise<void> | void;
  /** Leaves the last state on the screen. */
  close(ledger: Ledger): void;
  /** Puts the terminal in order when the run has failed. */
  fail(): void;
}

const FRAME_MS = 50;

/** What of a job the display needs. */
type Shown = Pick<Job, 'title' | 'keyName' | 'total'>;

/** Redrawn in place where somebody looks; plain lines, without escape codes, everywhere else. */
export function displayOf(job: Shown, stream: NodeJS.WriteStream, paced: boolean): Display {
  const fancy = stream.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  return fancy ? new Screen(job, stream, paced) : new PlainLines(job, (line) => stream.write(`${line}\n`));
}

class Clock {
  private readonly start = performance.now();

  progress(ledger: Ledger, total: number | undefined): Progress {
    const seconds = (performance.now() - this.start) / 1000;
    return { ledger, total, rowsPerSecond: ledger.read / Math.max(seconds, 0.001) };
  }
}

/** A line for each quarter, or for each 100,000 rows where nobody knows how many there are. */
class PlainLines implements Display {
  private readonly clock = new Clock();
  private readonly every: number;

  constructor(
    private readonly job: Shown,
    private readonly say: (line: string) => void,
  ) {
    this.every = job.total === undefined ? 100_000 : Math.max(1, Math.ceil(job.total / 4));
    say(`tidemark: ${job.title}`);
  }

  watch(ledger: Ledger): void {
    if (ledger.read % this.every === 0 && ledger.read !== this.job.total)
      this.say(progressLine(this.clock.progress(ledger, this.job.total)));
  }

  close(ledger: Ledger): void {
    this.say(progressLine(this.clock.progress(ledger, this.job.total)));
  }

  fail(): void {}
}

/** The escape codes of terminals: hide and show the cursor, up, and clear to the end. */
const HIDE = '\u001B[?25l';
const SHOW = '\u001B[?25h';
const CLEAR = '\u001B[J';
const up = (lines: number): string => (lines > 0 ? `\u001B[${lines}A\r` : '\r');

class Screen implements Display {
  private readonly clock = new Clock();
  private drawn = 0;
  private nextFrame = 0;
  private readonly rowsPerFrame: number;
  private readonly stop = (): void => {
    this.stream.write(SHOW);
    process.exit(130);
  };

  constructor(
    private readonly job: Shown,
    private readonly stream: WriteStream,
    private readonly paced: boolean,
  ) {
    // A replay of some five seconds, whatever the number of rows.
    this.rowsPerFrame = paced ? Math.max(1, Math.ceil((job.total ?? Infinity) / 100)) : 500;
    stream.write(HIDE);
    process.once('SIGINT', this.stop);
  }

  watch(ledger: Ledger): Promise<void> | void {
    if (ledger.read % this.rowsPerFrame !== 0) return;
    if (performance.now() >= this.nextFrame) this.draw(ledger);
    if (this.paced) return sleep(FRAME_MS);
  }

  close(ledger: Ledger): void {
    this.draw(ledger);
    this.fail();
  }

  fail(): void {
    this.stream.write(SHOW);
    process.removeListener('SIGINT', this.stop);
  }

  private draw(ledger: Ledger): void {
    const lines = screenLines(this.job, this.clock.progress(ledger, this.job.total), this.stream.columns || 80);
    this.stream.write(`${up(this.drawn)}${CLEAR}${lines.join('\n')}\n`);
    this.drawn = lines.length;
    this.nextFrame = performance.now() + FRAME_MS;
  }
}
