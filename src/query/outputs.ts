import type { Change, Rejection, Sink, StreamKind } from '../element';
import { createKeyMap, keyFrom } from '../key';
import type { OutputMode } from '../rx';

/** What one batch has brought to one output. */
export interface Collected {
  readonly rows: readonly unknown[];
  readonly changes?: readonly Change<unknown>[];
}

/** What the end of a pipe tells the run it belongs to. */
export interface OutputListener {
  rejected(rejection: Rejection): void;
  arrived(output: string, batchId: number): void;
  failed(cause: unknown): void;
  ended(output: string): void;
}

/** The end of one output: keeps what a batch brings until it is committed. */
export class Collector implements Sink<unknown> {
  private values: unknown[] = [];

  constructor(
    readonly name: string,
    private readonly kind: StreamKind,
    private readonly mode: OutputMode,
    private readonly listener: OutputListener,
  ) {}

  event(_time: number, row: unknown): void {
    this.values.push(row);
  }
  watermark(): void {}
  idle(): void {}
  reject(rejection: Rejection): void {
    this.listener.rejected(rejection);
  }
  barrier(batchId: number): void {
    this.listener.arrived(this.name, batchId);
  }
  end(): void {
    this.listener.ended(this.name);
  }
  error(cause: unknown): void {
    this.listener.failed(cause);
  }

  /** Drops what has come so far: results of the start, before the first batch. */
  clear(): void {
    this.values = [];
  }

  get isEmpty(): boolean {
    return this.values.length === 0;
  }

  take(): Collected {
    const { values } = this;
    this.values = [];
    if (this.kind !== 'change') return { rows: values };
    const changes = values as Change<unknown>[];
    if (this.mode === 'append') return { rows: changes.filter(isUpsert).map(({ row }) => row), changes };
    const last = lastOfEachKey(changes);
    return { rows: last.filter(isUpsert).map(({ row }) => row), changes: last };
  }
}

function isUpsert(change: Change<unknown>): boolean {
  return change.op === 'upsert';
}

/** Update and complete mode speak once a batch about each key: the last change stands, where it was said last. */
function lastOfEachKey(changes: readonly Change<unknown>[]): Change<unknown>[] {
  if (changes.length < 2) return [...changes];
  const last = createKeyMap<Change<unknown>>(changes[0]!.key.length);
  for (const change of changes) {
    const key = keyFrom(change.key);
    last.delete(key);
    last.set(key, change);
  }
  return [...last.entries()].map(([, change]) => change);
}
