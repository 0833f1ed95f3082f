import { promisifyRequest, type UseStore } from 'idb-keyval';
import { TidemarkError } from '../errors';
import type { BackendCapabilities, Holder, NamedBytes, StateBackend } from './backend';
import { closed, fenced, sameBytes } from './memoryBackend';

/** Longer blobs are slow to write and to read; files are cut. */
const PART_BYTES = 1024 * 1024;
/** Without Web Locks, a holder that was not heard of for so long is taken for dead. */
const LEASE_MS = 60_000;
const OWNER: IDBValidKey = ['meta', 'owner'];

/** Keeps others out while this tab lives: a Web Lock. Resolves to how to give it back (which takes a while); `undefined`: it is taken. */
export type TryLock = (name: string) => Promise<(() => Promise<void>) | undefined>;

/** Something outside the database that remembers that there was one: the browser evicts databases as a whole. */
export interface Marker {
  isSet(): boolean;
  set(): void;
  clear(): void;
}

/** What a checkpoint in IndexedDB stands on: the browser, or a simulation. */
export interface IndexedDbPlatform {
  readonly use: UseStore;
  close(): void;
  readonly durability: 'strict' | 'relaxed';
  /** Absent: a lease in the database. */
  readonly tryLock?: TryLock | undefined;
  readonly marker?: Marker | undefined;
  /** Epoch ms. */
  now(): number;
}

/** Who holds it, in the database. */
interface Owner {
  readonly epoch: number;
  readonly holder: Holder;
  readonly heartbeat: number;
  readonly released: boolean;
}

/**
 * Files in one object store of IndexedDB, keyed `[folder, name, part]`. A group of files is one transaction, and so is
 * the question whether this tab still holds the checkpoint: a tab that lost it cannot write, whatever locks say.
 */
export class IndexedDbBackend implements StateBackend {
  readonly capabilities: BackendCapabilities;
  private epoch = 0;
  private holder: Holder | undefined;
  private unlock: (() => Promise<void>) | undefined;

  constructor(
    readonly location: string,
    private readonly platform: IndexedDbPlatform,
  ) {
    this.capabilities = { kind: 'indexedDb', durability: platform.durability, atomicGroups: true };
  }

  async acquire(holder: Holder): Promise<number> {
    const { tryLock, now } = this.platform;
    this.unlock = await tryLock?.(this.location);
    const locked = this.unlock !== undefined;
    if (tryLock !== undefined && !locked) throw this.inUse(await this.owner());
    try {
      this.epoch = await this.platform.use('readwrite', async (store) => {
        const owner = await read<Owner>(store, OWNER);
        if (owner === undefined) this.checkMarker();
        if (!locked && owner !== undefined && !owner.released && now() - owner.heartbeat < LEASE_MS) throw this.inUse(owner);
        const epoch = (owner?.epoch ?? 0) + 1;
        await write(store, OWNER, { epoch, holder, heartbeat: now(), released: false } satisfies Owner);
        return epoch;
      });
    } catch (cause) {
      await this.unlock?.();
      throw cause;
    }
    this.holder = holder;
    this.platform.marker?.set();
    return this.epoch;
  }

  private checkMarker(): void {
    if (this.platform.marker?.isSet() !== true) return;
    const message =
      `there was a checkpoint ${this.location}, and it has vanished: the browser has evicted it, or somebody cleared site data. ` +
      'Its sinks may hold more than a new one would know: call remove() on the location to begin anew';
    throw new TidemarkError('TIDEMARK_CHECKPOINT_LOST', message, { location: this.location });
  }

  private owner(): Promise<Owner | undefined> {
    return this.platform.use('readonly', (store) => read<Owner>(store, OWNER));
  }

  private inUse(owner: Owner | undefined): TidemarkError {
    const message = `checkpoint ${this.location} is in use by ${owner?.holder.owner ?? 'another tab'}`;
    return new TidemarkError('TIDEMARK_CHECKPOINT_IN_USE', message, { location: this.location, holder: owner?.holder });
  }

  async list(folder: string): Promise<readonly string[]> {
    const keys = await this.platform.use('readonly', (store) => promisifyRequest(store.getAllKeys(under([folder]))));
    return (keys as [string, string, number][]).filter(([, , part]) => part === 0).map(([, name]) => name);
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    return this.platform.use('readonly', (store) => readFile(store, name));
  }

  async publish(files: readonly NamedBytes[]): Promise<void> {
    const parts = files.map(({ name, bytes }) => ({ name, bytes, parts: cut(bytes) }));
    await this.write(async (store) => {
      for (const { name, bytes, parts: pieces } of parts) {
        const there = await readFile(store, name);
        if (there !== undefined && !sameBytes(there, bytes)) throw fenced(this.location, `${name} is there already`);
        if (there !== undefined) continue;
        for (const [part, piece] of pieces.entries()) await write(store, keyOf(name, part), piece);
      }
    });
  }

  async remove(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    await this.write(async (store) => {
      for (const name of names) await promisifyRequest(store.delete(under(splitName(name))));
    });
  }

  /** One transaction that begins with the question whether the checkpoint is still ours. */
  private async write(work: (store: IDBObjectStore) => Promise<void>): Promise<void> {
    const { epoch, holder } = this;
    if (epoch === 0 || holder === undefined) throw closed(this.location);
    await this.platform.use('readwrite', async (store) => {
      const owner = await read<Owner>(store, OWNER);
      if (owner?.epoch !== epoch) throw this.taken(owner);
      await work(store);
      await write(store, OWNER, { epoch, holder, heartbeat: this.platform.now(), released: false } satisfies Owner);
    });
  }

  private taken(owner: Owner | undefined): TidemarkError {
    if (owner !== undefined) return fenced(this.location, `epoch ${owner.epoch} has begun`);
    return new TidemarkError('TIDEMARK_CHECKPOINT_LOST', `checkpoint ${this.location} was removed while it was in use`, {
      location: this.location,
    });
  }

  async release(): Promise<void> {
    const { epoch, holder, unlock } = this;
    this.epoch = 0;
    try {
      if (epoch > 0 && holder !== undefined) await this.giveBack(epoch, holder);
    } finally {
      await unlock?.();
      this.platform.close();
    }
  }

  private giveBack(epoch: number, holder: Holder): Promise<void> {
    return this.platform.use('readwrite', async (store) => {
      const owner = await read<Owner>(store, OWNER);
      if (owner?.epoch === epoch) await write(store, OWNER, { ...owner, holder, released: true } satisfies Owner);
    });
  }
}

const read = <T>(store: IDBObjectStore, key: IDBValidKey): Promise<T | undefined> =>
  promisifyRequest(store.get(key) as IDBRequest<T | undefined>);

async function write(store: IDBObjectStore, key: IDBValidKey, value: unknown): Promise<void> {
  await promisifyRequest(store.put(value, key));
}

/** `commits/…`, `sources/a/…` → folder and name; the identity lies in the folder ''. */
function splitName(name: string): [folder: string, base: string] {
  const slash = name.lastIndexOf('/');
  return slash < 0 ? ['', name] : [name.slice(0, slash), name.slice(slash + 1)];
}

const keyOf = (name: string, part: number): IDBValidKey => [...splitName(name), part];

/** All keys that begin with these parts: arrays sort before longer ones, and arrays after numbers and texts. */
const under = (prefix: readonly string[]): IDBKeyRange => IDBKeyRange.bound([...prefix], [...prefix, []]);

function cut(bytes: Uint8Array): Uint8Array[] {
  const parts = [bytes.slice(0, PART_BYTES)];
  for (let at = PART_BYTES; at < bytes.length; at += PART_BYTES) parts.push(bytes.slice(at, at + PART_BYTES));
  return parts;
}

async function readFile(store: IDBObjectStore, name: string): Promise<Uint8Array | undefined> {
  const parts = (await promisifyRequest(store.getAll(under(splitName(name))))) as Uint8Array[];
  if (parts.length <= 1) return parts[0];
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
