import { mapAsync } from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { randomOf, type Random } from '../laws/random';

async function settled(): Promise<void> {
  for (let i = 0; i < 8; i++) await Promise.resolve();
}

type Slot = { readonly word: string; readonly id?: number; state: 'waiting' | 'running' | 'done' | 'failed' };

/** What is to be said, by the simplest rule: the whole queue is looked through whenever something is new. */
class Model {
  readonly said: string[] = [];
  readonly begun: number[] = [];
  private queue: Slot[] = [];

  constructor(
    private readonly concurrency: number,
    private readonly ordered: boolean,
  ) {}

  get running(): Slot[] {
    return this.queue.filter(({ state }) => state === 'running');
  }

  get held(): number {
    return this.queue.filter(({ id, state }) => id !== undefined && state !== 'failed').length;
  }

  row(id: number): void {
    this.queue.push({ word: `row ${id}`, id, state: 'waiting' });
    this.fill();
  }

  watermark(time: number): void {
    this.queue.push({ word: `W ${time}`, state: 'done' });
    this.release();
  }

  settle(slot: Slot, failed: boolean): void {
    slot.state = failed ? 'failed' : 'done';
    if (failed) this.said.push(`failed ${slot.id}`);
    this.release();
    this.fill();
  }

  private fill(): void {
    for (const slot of this.queue) {
      if (slot.state !== 'waiting' || this.running.length >= this.concurrency) continue;
      slot.state = 'running';
      this.begun.push(slot.id!);
    }
  }

  private release(): void {
    const left: Slot[] = [];
    for (const slot of this.queue) {
      const isOpen = slot.state === 'waiting' || slot.state === 'running';
      const rowWaits = left.some(({ id }) => id !== undefined);
      const markWaits = left.some(({ id }) => id === undefined);
      if (isOpen || markWaits || (rowWaits && (this.ordered || slot.id === undefined))) left.push(slot);
      else if (slot.state === 'done') this.said.push(slot.word);
    }
    this.queue = left;
  }
}

/** Rows, watermarks and answers in any order; some answers are failures. */
async function play(random: Random, ordered: boolean): Promise<void> {
  const concurrency = random.pick([1, 3, 20]);
  const answers = new Map<number, (failed: boolean) => void>();
  const begun: number[] = [];
  const work = (id: number): Promise<number> => {
    begun.push(id);
    return new Promise((resolve, reject) => answers.set(id, (failed) => (failed ? reject(new Error('no')) : resolve(id))));
  };
  const h = operatorHarness<number, number, 'event', 'event'>(mapAsync(work, { concurrency, ordered, onError: 'reject' }));
  const model = new Model(concurrency, ordered);
  const said: string[] = [];
  const check = async (): Promise<void> => {
    await settled();
    for (const signal of h.take()) {
      if (signal.kind === 'event') said.push(`row ${signal.row}`);
      else if (signal.kind === 'watermark') said.push(`W ${signal.time}`);
      else if (signal.kind === 'rejected') said.push(`failed ${String(signal.row)}`);
    }
    expect(said).toEqual(model.said);
    expect(begun).toEqual(model.begun);
    expect(h.tally.held).toBe(model.held);
  };
  const eagerness = random.pick([0.3, 0.6]);
  for (let i = 0; i < 250; i++) {
    if (random.chance(eagerness)) {
      h.event(i, i);
      model.row(i);
    } else if (random.chance(0.15)) {
      h.watermark(i);
      model.watermark(i);
    } else if (model.running.length > 0) {
      const slot = random.pick(model.running);
      const failed = random.chance(0.1);
      answers.get(slot.id!)!(failed);
      model.settle(slot, failed);
    }
    await check();
  }
  while (model.running.length > 0) {
    const [slot] = model.running;
    answers.get(slot!.id!)!(false);
    model.settle(slot!, false);
    await check();
  }
  expect(h.tally.held).toBe(0);
  h.close();
}

describe('mapAsync, whatever the order of the answers', () => {
  it.each([true, false])('says what a queue that is looked through each time would say; ordered: %s', async (ordered) => {
    for (let seed = 1; seed <= 6; seed++) {
      try {
        await play(randomOf(seed), ordered);
      } catch (cause) {
        throw new Error(`seed ${seed}`, { cause });
      }
    }
  });
});
