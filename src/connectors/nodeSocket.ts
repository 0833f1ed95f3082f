import { connect, type Socket } from 'node:net';
import { checkOption, TidemarkError } from '../errors';
import type { Decoder, Format } from '../formats/format';
import { LineSplitter } from '../formats/lines';
import { parseNonNegative, type Duration } from '../time/duration';
import { Inbox } from './inbox';
import type { Source } from './source';

/** Options of `socketSource`. */
export interface SocketSourceOptions {
  readonly host: string;
  readonly port: number;
  /** How bytes become rows: `'lines'` (default) gives `{ value }` for each line; a format its rows, unchecked. */
  readonly framing?: 'lines' | Format;
  /** At most so many rows wait for the query; beyond, the socket is not read, so the sender has to wait. Default 100,000. */
  readonly maxRows?: number;
  /** At most so many rows in a batch; default: `maxRows`. */
  readonly maxRowsPerTrigger?: number;
  /** Longer lines are rejected; default 1 MiB. Of `'lines'` only. */
  readonly maxLineBytes?: number;
  /**
   * After a connection has ended or failed: so many more attempts without a byte between (default 5, Infinity: for ever),
   * the first after `delay` (default 1 second), each twice as late as the one before, at most 30 seconds. `false`: none;
   * the end of the connection is the end of the data.
   */
  readonly reconnect?: { readonly attempts?: number; readonly delay?: Duration } | false;
  /** How time passes between attempts; returns what stops it. Default: `setTimeout`. */
  readonly after?: (ms: number, work: () => void) => () => void;
}

const LONGEST_MS = 30_000;

/**
 * Reads a TCP connection, line by line: Spark's socket source, for trying things out and for simple feeds.
 *
 * It cannot be read again. With a durable checkpoint what arrives is journaled before it is planned; what is sent while
 * nobody is connected is not heard, and a line without its end when a connection breaks is rejected as `invalid`.
 *
 * @param options - `host`, `port`, `framing`, `maxRows`, `maxRowsPerTrigger`, `maxLineBytes`, `reconnect`
 * @returns a journaled source, of `{ value: string }` unless `framing` is a format
 * @throws `TIDEMARK_OPTION` at call; `TIDEMARK_SOURCE` when the last attempt to connect has failed
 * @example
 * ```ts
 * const lines = socketSource({ host: 'localhost', port: 9999 });
 * streamingQuery(lines, (rows$) => rows$).writeStream({ sink: consoleSink(), checkpoint: fileCheckpoint('checkpoint/') });
 * ```
 */
export function socketSource<T = { value: string }>(options: SocketSourceOptions): Source<T> {
  const { host, port, framing = 'lines', maxRows = 100_000, maxRowsPerTrigger = maxRows } = options;
  checkOption(Number.isInteger(port) && port > 0 && port < 65_536, 'port is a number from 1 to 65535', { port });
  checkOption(Number.isInteger(maxRows) && maxRows > 0, 'maxRows is a whole number above 0', { maxRows });
  return {
    type: 'socket',
    description: { host, port, framing: typeof framing === 'string' ? framing : framing.name, maxRows },
    replay: 'journaled',
    open(context) {
      const limits = { maxRows, maxRowsPerTrigger, overflow: 'block' as const, pause: (is: boolean) => line.pause(is) };
      const inbox = new Inbox<T>(limits, context, () => line.close());
      const line = new Connection<T>(options, inbox);
      return inbox;
    },
  };
}

/** One connection after the other. */
class Connection<T> {
  private socket: Socket | undefined;
  private decoder!: Decoder;
  private failed = 0;
  private isPaused = false;
  private isClosed = false;
  private stopWaiting = (): void => {};
  private readonly name: string;

  constructor(
    private readonly options: SocketSourceOptions,
    private readonly inbox: Inbox<T>,
  ) {
    this.name = `${options.host}:${options.port}`;
    this.open();
  }

  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    if (isPaused) this.socket?.pause();
    else this.socket?.resume();
  }

  close(): void {
    this.isClosed = true;
    this.stopWaiting();
    this.socket?.destroy();
  }

  private open(): void {
    const { host, port, framing = 'lines', maxLineBytes = 1 << 20 } = this.options;
    this.decoder = framing === 'lines' ? lineDecoder(maxLineBytes) : framing.decoder({ mode: 'strict' });
    const socket = (this.socket = connect({ host, port }));
    let problem: unknown;
    socket.on('data', (bytes) => {
      this.failed = 0;
      this.decoder.push(bytes as Uint8Array, this.sink);
    });
    socket.on('error', (cause) => (problem = cause));
    socket.on('close', () => this.ended(problem));
    if (this.isPaused) socket.pause();
  }

  private ended(problem: unknown): void {
    if (this.isClosed) return;
    const { reconnect = {}, after = afterTimeout } = this.options;
    if (reconnect === false && problem === undefined) {
      this.decoder.end(this.sink);
      return this.inbox.complete();
    }
    this.decoder.end({
      row: (value, at) => this.sink.bad(text(value), 'the connection ended within the line', at),
      bad: this.sink.bad,
    });
    const { attempts = 5, delay = 1000 } = reconnect === false ? { attempts: 0 } : reconnect;
    if (this.failed >= attempts) {
      const message = `the connection to ${this.name} is lost, and ${attempts} attempts have failed`;
      return this.inbox.fail(new TidemarkError('TIDEMARK_SOURCE', message, { attempts }, { cause: problem }));
    }
    const wait = Math.min(LONGEST_MS, parseNonNegative(delay, 'delay') * 2 ** this.failed++);
    this.stopWaiting = after(wait, () => this.open());
  }

  private readonly sink = {
    row: (value: unknown): void => this.inbox.row(value as T),
    bad: (row: string, message: string, line: number): void =>
      this.inbox.bad({ reason: 'invalid', row, message, position: `${this.name}:${line}` }),
  };
}

function text(value: unknown): string {
  const { value: line } = value as { value?: unknown };
  return typeof line === 'string' ? line : JSON.stringify(value);
}

/** Lines as rows `{ value }`, empty ones too. */
function lineDecoder(maxLineBytes: number): Decoder {
  let line = 0;
  let out!: Parameters<Decoder['push']>[1];
  const splitter = new LineSplitter(maxLineBytes, {
    lines: (all) => {
      for (const one of (all.endsWith('\n') ? all.slice(0, -1) : all).split('\n'))
        out.row({ value: one.replace(/\r$/, '') }, ++line);
    },
    giant: (head, bytes) => out.bad(head, `the line has ${bytes} bytes, too many`, ++line),
  });
  return {
    push: (bytes, sink) => {
      out = sink;
      splitter.push(bytes);
    },
    end: (sink) => {
      out = sink;
      splitter.end();
    },
    get counts() {
      return { replacedCharacters: splitter.replaced };
    },
  };
}

function afterTimeout(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
}
