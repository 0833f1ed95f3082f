import { TidemarkError } from '../errors';
import type { CheckpointLocation, Holder, NamedBytes, StateBackend } from './backend';

/** A checkpoint in memory: for tests, and for queries whose state may go with the process. */
export interface MemoryLocation extends CheckpointLocation {
  /** What lies there, by name: to look at, to damage. */
  readonly files: Map<string, Uint8Array>;
  /** As if the process that holds it had died: whoever opens it next gets it, and the old holder is fenced. */
  abandon(): void;
}

/** Files by name, and who holds them. */
class MemoryStore {
  readonly files = new Map<string, Uint8Array>();
  epoch = 0;
  holder: Holder | undefined;
}

/**
 * A place for a checkpoint in memory. It outlives the query, so a second query on the same object goes on where the
 * first one stopped; it does not outlive the process.
 *
 * @param name - shown in messages; default `memory`
 * @example
 * const checkpoint = memoryCheckpoint();
 * checkpoint.location // => 'memory'
 */
export function memoryCheckpoint(name = 'memory'): MemoryLocation {
  const store = new MemoryStore();
  return {
    location: name,
    files: store.files,
    abandon: () => void (store.holder = undefined),
    open: () => Promise.resolve(new MemoryBackend(name, store)),
  };
}

class MemoryBackend implements StateBackend {
  readonly capabilities = { kind: 'memory', durability: 'none', atomicGroups: true } as const;
  private epoch = 0;

  constructor(
    readonly location: string,
    private readonly store: MemoryStore,
  ) {}

  async acquire(holder: Holder): Promise<number> {
    const { store } = this;
    if (store.holder !== undefined) {
      const message = `checkpoint ${this.location} is in use by ${store.holder.owner}`;
      throw new TidemarkError('TIDEMARK_CHECKPOINT_IN_USE', message, { location: this.location, holder: store.holder });
    }
    store.holder = holder;
    return (this.epoch = ++store.epoch);
  }

  async list(folder: string): Promise<readonly string[]> {
    const prefix = `${folder}/`;
    const names = [...this.store.files.keys()].filter((name) => name.startsWith(prefix));
    return names.map((name) => name.slice(prefix.length)).sort();
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    return this.store.files.get(name)?.slice();
  }

  async publish(files: readonly NamedBytes[]): Promise<void> {
    this.checkHeld();
    for (const { name, bytes } of files) {
      const there = this.store.files.get(name);
      if (there !== undefined && !sameBytes(there, bytes)) throw fenced(this.location, `${name} is there already`);
    }
    for (const { name, bytes } of files) this.store.files.set(name, bytes.slice());
  }

  async remove(names: readonly string[]): Promise<void> {
    this.checkHeld();
    for (const name of names) this.store.files.delete(name);
  }

  async release(): Promise<void> {
    if (this.epoch === this.store.epoch) this.store.holder = undefined;
    this.epoch = 0;
  }

  private checkHeld(): void {
    if (this.epoch === 0) throw closed(this.location);
    if (this.epoch !== this.store.epoch) throw fenced(this.location, `epoch ${this.store.epoch} has begun`);
  }
}

/** Somebody else has taken the checkpoint over. */
export function fenced(location: string, what: string): TidemarkError {
  return new TidemarkError('TIDEMARK_FENCED', `checkpoint ${location} belongs to somebody else now: ${what}. This run stops`, {
    location,
  });
}

/** Used before `acquire` or after `release`. */
export function closed(location: string): TidemarkError {
  return new TidemarkError('TIDEMARK_BACKEND_CLOSED', `checkpoint ${location} is not held: it is closed, or was never acquired`, {
    location,
  });
}

/** True when both hold the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
