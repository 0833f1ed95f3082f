/** Something that takes values from outside into a graph: a source, a foreign edge, a timer. */
export interface Entry<V> {
  deliver(value: V): void;
}

/** Runs a function as an entry: timers, ends, errors. */
export const TASK: Entry<() => void> = { deliver: (work) => work() };

/**
 * Each graph has one. A call that comes in while another runs — a consumer that pushes into the source — waits until
 * that one is done, so time order survives re-entrancy.
 */
export class Trampoline {
  /** Something is being delivered. */
  running = false;
  /** What came in meanwhile: entry, value, entry, value, … */
  queue: unknown[] = [];

  enter<V>(entry: Entry<V>, value: V): void {
    if (this.running) {
      this.queue.push(entry, value);
      return;
    }
    this.running = true;
    try {
      entry.deliver(value);
      if (this.queue.length > 0) this.drain();
    } finally {
      this.running = false;
    }
  }

  drain(): void {
    // Swapped, not shifted: what is queued meanwhile goes into the next round, and memory is given back.
    while (this.queue.length > 0) {
      const queued = this.queue;
      this.queue = [];
      for (let i = 0; i < queued.length; i += 2) (queued[i] as Entry<unknown>).deliver(queued[i + 1]);
    }
  }
}
