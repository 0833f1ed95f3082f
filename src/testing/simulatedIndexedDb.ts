import { promisifyRequest, type UseStore } from 'idb-keyval';
import type { CheckpointLocation } from '../checkpoint';
import { IndexedDbBackend } from '../checkpoint/indexedDbBackend';
import { IndexedDbStore } from '../checkpoint/indexedDbStore';
import { seeded } from './assertSplitInvariant';
import { SimulatedCrash } from './simulatedFiles';

/** Where in a transaction the tab dies: before it, with some of it done, or complete but before anybody is told. */
export type CrashPoint = 'before' | 'inside' | 'after';

/** A database whose tab dies at any transaction, and that loses power. */
export interface SimulatedIndexedDb {
  /** Transactions since the last restart. */
  readonly transactions: number;
  crashAt(transaction: number, point: CrashPoint): void;
  /** A transaction fails, once, with an error of this name (`QuotaExceededError`). */
  failAt(transaction: number, name: string): void;
  /** Ends the tab and opens the next. `power`: a relaxed database loses some of its last transactions, a strict one none. */
  restart(how: 'kill' | 'power', seed?: number): Promise<void>;
  /** A checkpoint in this database, for the tab that is there when it is opened. */
  checkpoint(): CheckpointLocation;
}

type Dump = readonly (readonly [key: IDBValidKey, value: unknown])[];

/**
 * Simulates IndexedDB over another one (fake-indexeddb, or a browser's): transactions are whole or not there.
 *
 * @param factory - where the database is made
 * @param durability - of its transactions; default `strict`
 */
export function simulatedIndexedDb(factory: IDBFactory, durability: 'strict' | 'relaxed' = 'strict'): SimulatedIndexedDb {
  return new Simulated(factory, durability);
}

class Tab {
  transactions = 0;
  isDead = false;
  crash: { readonly at: number; readonly point: CrashPoint } | undefined;
  failure: { readonly at: number; readonly name: string } | undefined;
}

class Simulated implements SimulatedIndexedDb {
  private readonly store: IndexedDbStore;
  private tab = new Tab();
  private clock = 0;
  /** The whole database after each of the last transactions that wrote. */
  private history: Dump[] = [[]];

  constructor(
    factory: IDBFactory,
    private readonly durability: 'strict' | 'relaxed',
  ) {
    this.store = new IndexedDbStore(factory, 'simulated', durability);
  }

  get transactions(): number {
    return this.tab.transactions;
  }

  crashAt(at: number, point: CrashPoint): void {
    this.tab.crash = { at, point };
  }

  failAt(at: number, name: string): void {
    this.tab.failure = { at, name };
  }

  async restart(how: 'kill' | 'power', seed = 1): Promise<void> {
    this.tab.isDead = true;
    this.tab = new Tab();
    this.clock += 60_000; // the lease of the dead tab is over
    if (how === 'kill' || this.durability === 'strict') return;
    const lost = Math.floor(seeded(seed)() * this.history.length);
    this.history.splice(this.history.length - lost);
    await this.load(this.history[this.history.length - 1] ?? []);
    this.history = [await this.dump()];
  }

  checkpoint(): CheckpointLocation {
    const { durability } = this;
    const open = async (): Promise<IndexedDbBackend> => {
      const use = this.useOf(this.tab);
      return new IndexedDbBackend('simulated', { use, close: () => {}, durability, now: () => this.clock });
    };
    return { location: 'simulated', open };
  }

  private useOf(tab: Tab): UseStore {
    return async (mode, work) => {
      const at = ++tab.transactions;
      const point = tab.crash?.at === at ? tab.crash.point : undefined;
      if (tab.isDead || point === 'before') throw this.die(tab);
      const result = await this.store.use(mode, async (store) => {
        const done = await work(store);
        if (tab.failure?.at === at) throw new DOMException('simulated', tab.failure.name);
        if (point === 'inside') throw this.die(tab); // the transaction is aborted with all that it did
        return done;
      });
      if (mode === 'readwrite' && this.durability === 'relaxed') this.history = [...this.history.slice(-8), await this.dump()];
      if (point === 'after') throw this.die(tab);
      return result;
    };
  }

  private die(tab: Tab): SimulatedCrash {
    tab.isDead = true;
    return new SimulatedCrash('the tab is gone');
  }

  private dump(): Promise<Dump> {
    return this.store.use('readonly', async (store) => {
      const keys = await promisifyRequest(store.getAllKeys());
      const values: unknown[] = await promisifyRequest(store.getAll());
      return keys.map((key, i) => [key, values[i]] as const);
    });
  }

  private load(dump: Dump): Promise<void> {
    return this.store.use('readwrite', async (store) => {
      await promisifyRequest(store.clear());
      for (const [key, value] of dump) await promisifyRequest(store.put(value, key));
    });
  }
}
