import type { WriteStream } from 'node:tty';
import type { Job } from './job';
import type { Live } from './live';
import { progressLine, screenLines } from './report';

/** Shows how far a run has come: after each commit, what is committed. */
export interface Display {
  watch(live: Live): void;
  /** Puts the terminal in order; the last state stays on the screen. */
  close(): void;
}

/** What of a job the display needs. */
type Shown = Pick<Job, 'title' | 'keyName'>;

/** Does somebody look at a terminal that can be drawn on? */
export function isScreen(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
}

/** Redrawn in place where somebody looks; plain lines, without escape codes, everywhere else. */
export function displayOf(job: Shown, stream: NodeJS.WriteStream): Display {
  return isScreen(stream) ? new Screen(job, stream) : new PlainLines(job, (line) => stream.write(`${line}\n`));
}

/** Rows a second since this run began. */
class Rate {
  private readonly start = performance.now();
  private first: number | undefined;

  of(read: number): number {
    this.first ??= read;
    return (read - this.first) / Math.max((performance.now() - this.start) / 1000, 0.001);
  }
}

/** A line for each quarter, or for each 100,000 rows where nobody knows how many there are. */
class PlainLines implements Display {
  private readonly rate = new Rate();
  private said = 0;
  private live: Live | undefined;

  constructor(
    job: Shown,
    private readonly say: (line: string) => void,
  ) {
    say(`tidemark: ${job.title}`);
  }

  watch(live: Live): void {
    const every = live.total === undefined ? 100_000 : Math.max(1, Math.ceil(live.total / 4));
    const step = Math.floor(live.read / every);
    const rate = this.rate.of(live.read);
    if (step > this.said && live.watermark !== Infinity) this.say(progressLine(live, rate));
    this.said = Math.max(this.said, step);
    this.live = live;
  }

  close(): void {
    if (this.live !== undefined) this.say(progressLine(this.live, this.rate.of(this.live.read)));
  }
}

/** The escape codes of terminals: hide and show the cursor, up, and clear to the end. */
const HIDE = '\u001B[?25l';
const SHOW = '\u001B[?25h';
const CLEAR = '\u001B[J';
const up = (lines: number): string => (lines > 0 ? `\u001B[${lines}A\r` : '\r');

class Screen implements Display {
  private readonly rate = new Rate();
  private drawn = 0;

  constructor(
    private readonly job: Shown,
    private readonly stream: WriteStream,
  ) {
    stream.write(HIDE);
  }

  watch(live: Live): void {
    const lines = screenLines(this.job, live, this.rate.of(live.read), this.stream.columns || 80);
    this.stream.write(`${up(this.drawn)}${CLEAR}${lines.join('\n')}\n`);
    this.drawn = lines.length;
  }

  close(): void {
    this.stream.write(SHOW);
  }
}
