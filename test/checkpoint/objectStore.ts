import { TidemarkError, type CheckpointLocation, type Holder, type NamedBytes, type StateBackend } from 'tidemark';

/** One object, and the tag of its content: another one with every put. */
interface StoredObject {
  readonly bytes: Uint8Array;
  readonly tag: number;
}

/** A put that goes by what is there: nothing (`'none'`), or the object with this tag. */
type Condition = 'none' | number;

const PAGE = 3;
const LEASE_MS = 60_000;

/**
 * An object store as the cloud has them: whole objects under flat names, puts with a condition, listings in pages. No folders,
 * no renaming, no appending. Requests are counted; one of them may be the last of the process that sends it.
 */
export class ObjectStore {
  readonly objects = new Map<string, StoredObject>();
  requests = 0;
  now = 0;
  /** The process dies at this request (from 1): before it takes effect, or before the answer comes. */
  diesAt = Infinity;
  answers = true;
  private tags = 0;

  async get(name: string): Promise<StoredObject | undefined> {
    return this.request(() => this.objects.get(name));
  }

  /** False when the condition does not hold. */
  async put(name: string, bytes: Uint8Array, condition: Condition): Promise<boolean> {
    return this.request(() => {
      if ((this.objects.get(name)?.tag ?? 'none') !== condition) return false;
      this.objects.set(name, { bytes: bytes.slice(), tag: ++this.tags });
      return true;
    });
  }

  /** At most a page of names behind `after`, in the order of their bytes. */
  async list(prefix: string, after: string): Promise<readonly string[]> {
    const names = (): string[] => [...this.objects.keys()].filter((name) => name.startsWith(prefix) && name > after);
    return this.request(() => names().sort().slice(0, PAGE));
  }

  async delete(name: string): Promise<void> {
    return this.request(() => void this.objects.delete(name));
  }

  private async request<R>(work: () => R): Promise<R> {
    await Promise.resolve();
    const number = ++this.requests;
    if (number === this.diesAt && !this.answers) work();
    if (number >= this.diesAt) throw new Error(`request ${number}: the process is dead`);
    return work();
  }
}

/** Who holds the place, until when, and how often it was taken. */
interface Lease {
  readonly epoch: number;
  readonly holder: Holder | null;
  readonly until: number;
}

const LEASE = '.lease';
const NOBODY: Lease = { epoch: 0, holder: null, until: 0 };

/** What a user writes to keep checkpoints in such a store: names become names, the lease is an object that is put conditionally. */
class ObjectBackend implements StateBackend {
  readonly capabilities = { kind: 'objectStore', durability: 'strict', atomicGroups: false } as const;
  private lease: Lease | undefined;

  constructor(
    private readonly store: ObjectStore,
    readonly location: string,
  ) {}

  async acquire(holder: Holder): Promise<number> {
    const { lease, tag } = await this.current();
    const isFree = lease.holder === null || lease.until <= this.store.now;
    if (!isFree) throw this.error('TIDEMARK_CHECKPOINT_IN_USE', { holder: lease.holder });
    const mine = { epoch: lease.epoch + 1, holder, until: this.store.now + LEASE_MS };
    if (!(await this.putLease(mine, tag))) throw this.error('TIDEMARK_CHECKPOINT_IN_USE');
    this.lease = mine;
    return mine.epoch;
  }

  async list(folder: string): Promise<readonly string[]> {
    const prefix = `${this.location}/${folder}/`;
    const names: string[] = [];
    for (let page = await this.store.list(prefix, ''); page.length > 0; page = await this.store.list(prefix, page.at(-1)!)) {
      names.push(...page.map((name) => name.slice(prefix.length)));
    }
    return names;
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    return (await this.store.get(this.nameOf(name)))?.bytes.slice();
  }

  async publish(files: readonly NamedBytes[]): Promise<void> {
    await this.renew();
    for (const { name, bytes } of files) {
      if (await this.store.put(this.nameOf(name), bytes, 'none')) continue;
      const there = await this.read(name);
      if (there?.join() !== bytes.join()) throw this.error('TIDEMARK_FENCED', { name });
    }
  }

  async remove(names: readonly string[]): Promise<void> {
    await this.renew();
    for (const name of names) await this.store.delete(this.nameOf(name));
  }

  async release(): Promise<void> {
    const { lease } = this;
    this.lease = undefined;
    if (lease === undefined) return;
    const { lease: found, tag } = await this.current();
    if (found.epoch === lease.epoch) await this.putLease({ ...found, holder: null }, tag);
  }

  /** Holds the place for a while longer, if it is still ours. */
  private async renew(): Promise<void> {
    const { lease } = this;
    if (lease === undefined) throw this.error('TIDEMARK_BACKEND_CLOSED');
    const { lease: found, tag } = await this.current();
    const next = { ...lease, until: this.store.now + LEASE_MS };
    if (found.epoch !== lease.epoch || !(await this.putLease(next, tag))) throw this.error('TIDEMARK_FENCED');
  }

  private async current(): Promise<{ lease: Lease; tag: Condition }> {
    const found = await this.store.get(this.nameOf(LEASE));
    if (found === undefined) return { lease: NOBODY, tag: 'none' };
    return { lease: JSON.parse(new TextDecoder().decode(found.bytes)) as Lease, tag: found.tag };
  }

  private putLease(lease: Lease, tag: Condition): Promise<boolean> {
    return this.store.put(this.nameOf(LEASE), new TextEncoder().encode(JSON.stringify(lease)), tag);
  }

  private nameOf(name: string): string {
    return `${this.location}/${name}`;
  }

  private error(
    code: 'TIDEMARK_FENCED' | 'TIDEMARK_BACKEND_CLOSED' | 'TIDEMARK_CHECKPOINT_IN_USE',
    details: Record<string, unknown> = {},
  ): TidemarkError {
    return new TidemarkError(code, `${this.location}: ${code}`, { location: this.location, ...details });
  }
}

/** A place for a checkpoint in the store. */
export function objectCheckpoint(store: ObjectStore, prefix: string): CheckpointLocation {
  return { location: prefix, open: () => Promise.resolve(new ObjectBackend(store, prefix)) };
}

/** Whoever held a place is taken for dead. */
export function letLeasesEnd(store: ObjectStore): void {
  store.now += LEASE_MS;
}
