import { Worker } from 'node:worker_threads';
import type { Answer, CoverTask, MutantTask, WorkerData } from './worker';

/** How threads are started, and how many. */
export interface Threads {
  readonly jobs: number;
  /** The compiled worker. */
  readonly file: string;
  readonly data: WorkerData;
  readonly say: (text: string) => void;
}

/** A thread that is started when it is needed, and again after it had to be ended. */
export class Thread {
  private worker: Worker | undefined;

  constructor(private readonly threads: Threads) {}

  /** Runs a task; undefined when it took longer than `ms` or the thread died. */
  run(task: CoverTask | MutantTask, ms: number): Promise<Answer | undefined> {
    const worker = (this.worker ??= this.start());
    return new Promise((done) => {
      const finish = (answer: Answer | undefined): void => {
        clearTimeout(timer);
        worker.off('message', finish).off('error', died).off('exit', ended);
        if (answer === undefined) this.stop();
        done(answer);
      };
      const died = (cause: unknown): void => {
        this.threads.say(`  a thread died: ${String(cause)}`);
        finish(undefined);
      };
      const ended = (): void => finish(undefined);
      const timer = setTimeout(ended, ms);
      worker.on('message', finish).on('error', died).on('exit', ended);
      worker.postMessage(task);
    });
  }

  stop(): void {
    this.worker?.on('error', () => undefined);
    void this.worker?.terminate();
    this.worker = undefined;
  }

  private start(): Worker {
    const { file, data } = this.threads;
    return new Worker(file, { workerData: data, execArgv: [] });
  }
}

/** Hands the items to the threads, one at a time each. */
export async function inThreads<T>(
  threads: Threads,
  items: readonly T[],
  use: (thread: Thread, item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: threads.jobs }, async () => {
      const thread = new Thread(threads);
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await use(thread, item);
      thread.stop();
    }),
  );
}
