import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { indexedDbCheckpoint, type Marker } from 'tidemark/browser';
import { SimulatedCrash, simulatedIndexedDb, type CrashPoint, type SimulatedIndexedDb } from 'tidemark/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkCheckpoint } from '../../src/checkpoint/fsck';
import { drive, Ledger } from './driver';
import { codeOf, groups, open, planOf, runBatch } from './script';

globalThis.IDBKeyRange = IDBKeyRange;
const BATCHES = 5;

class MemoryMarker implements Marker {
  private there = false;
  isSet = (): boolean => this.there;
  set = (): void => void (this.there = true);
  clear = (): void => void (this.there = false);
}

/** Web Locks as one origin has them. */
class Locks {
  private readonly held = new Set<string>();
  request = async (name: string, _: unknown, hold: (lock: Lock | null) => Promise<unknown>): Promise<unknown> => {
    if (this.held.has(name)) return hold(null);
    this.held.add(name);
    try {
      return await hold({ name, mode: 'exclusive' } as Lock);
    } finally {
      this.held.delete(name);
    }
  };
  steal = (name: string): void => void this.held.delete(name);
}

const locksOf = (locks: Locks): LockManager => locks as unknown as LockManager;

describe('indexedDbCheckpoint', () => {
  it('goes on after the tab is opened again', async () => {
    const location = indexedDbCheckpoint('a', { factory: new IDBFactory(), locks: null, marker: null });
    const first = await open(location);
    for (let batch = 0; batch < 12; batch++) await runBatch(first, batch);
    await first.close();
    const second = await open(location);
    expect(second).toMatchObject({ epoch: 2, last: { batch: 11 } });
    expect(await groups(second)).toEqual([[['k'], 11]]);
  });

  it('of two tabs one holds the lock; a tab whose lock was stolen is fenced', async () => {
    const locks = new Locks();
    const location = indexedDbCheckpoint('a', { factory: new IDBFactory(), locks: locksOf(locks), marker: null });
    const first = await open(location);
    const refused: unknown = await open(location).catch((cause: unknown) => cause);
    expect(refused).toMatchObject({ code: 'TIDEMARK_CHECKPOINT_IN_USE', details: { holder: { owner: 'test' } } });
    locks.steal('tidemark:a');
    const second = await open(location);
    expect(await codeOf(first.plan(planOf(0, 1)))).toBe('TIDEMARK_FENCED');
    await runBatch(second, 0);
    await second.close();
    await (await open(location)).close();
  });

  it('opens a new handle when the old one was closed', async () => {
    const factory = new IDBFactory();
    const handles: IDBDatabase[] = [];
    const spied = Object.create(factory, {
      open: {
        value: (...args: Parameters<IDBFactory['open']>) => {
          const request = factory.open(...args);
          request.addEventListener('success', () => handles.push(request.result));
          return request;
        },
      },
    }) as IDBFactory;
    const checkpoint = await open(indexedDbCheckpoint('a', { factory: spied, locks: null, marker: null }));
    handles[0]!.close(); // as WebKit does, and says nothing
    await runBatch(checkpoint, 0);
    handles[1]!.onversionchange?.(new Event('versionchange') as IDBVersionChangeEvent); // another tab wants to upgrade
    await runBatch(checkpoint, 1);
    expect(handles).toHaveLength(3);
  });

  it('a database that has vanished is no fresh start', async () => {
    const marker = new MemoryMarker();
    const location = (): ReturnType<typeof indexedDbCheckpoint> =>
      indexedDbCheckpoint('a', { factory: new IDBFactory(), locks: null, marker });
    await (await open(location())).close();
    expect(await codeOf(open(location()))).toBe('TIDEMARK_CHECKPOINT_LOST');
    const again = location();
    await again.remove();
    await (await open(again)).close();
  });

  it('says so when there is no IndexedDB', async () => {
    expect(await codeOf(open(indexedDbCheckpoint('a', { locks: null, marker: null })))).toBe('TIDEMARK_STORAGE_UNAVAILABLE');
  });

  it('a database of a later format is refused', async () => {
    const factory = new IDBFactory();
    await new Promise((resolve) => (factory.open('tidemark:a', 3).onsuccess = resolve));
    expect(await codeOf(open(indexedDbCheckpoint('a', { factory, locks: null, marker: null })))).toBe('TIDEMARK_FORMAT_TOO_NEW');
  });
});

describe('every transaction of a run, simulated IndexedDB', () => {
  let transactions = 0;
  beforeAll(async () => {
    const database = simulatedIndexedDb(new IDBFactory());
    await drive(database.checkpoint(), new Ledger(), BATCHES - 1);
    transactions = database.transactions;
  });

  async function finish(database: SimulatedIndexedDb, ledger: Ledger): Promise<string[]> {
    await drive(database.checkpoint(), ledger, BATCHES - 1);
    const { findings, last } = await checkCheckpoint(await database.checkpoint().open());
    return [...ledger.wrong, ...findings.map(({ message }) => message), ...(last === BATCHES - 1 ? [] : [`ends at ${last}`])];
  }

  it.each(['before', 'inside', 'after'] satisfies CrashPoint[])(
    'survives the end of the tab %s it',
    async (point) => {
      expect(transactions).toBeGreaterThan(50);
      const wrong: string[] = [];
      for (let at = 1; at <= transactions; at++) {
        const database = simulatedIndexedDb(new IDBFactory());
        const ledger = new Ledger();
        database.crashAt(at, point);
        await drive(database.checkpoint(), ledger, BATCHES - 1).catch((cause: unknown) =>
          expect(cause).toBeInstanceOf(SimulatedCrash),
        );
        await database.restart('power', at);
        wrong.push(...(await finish(database, ledger)).map((text) => `transaction ${at}: ${text}`));
      }
      expect(wrong).toEqual([]);
    },
    120_000,
  );

  it('over the quota: a named error, and the last commit is intact', async () => {
    const wrong: string[] = [];
    for (let at = 1; at <= transactions; at++) {
      const database = simulatedIndexedDb(new IDBFactory());
      const ledger = new Ledger();
      database.failAt(at, 'QuotaExceededError');
      const cause: unknown = await drive(database.checkpoint(), ledger, BATCHES - 1).catch((thrown: unknown) => thrown);
      if (cause !== undefined && (cause as { code?: unknown }).code !== 'TIDEMARK_STORAGE_FULL') wrong.push(String(cause));
      await database.restart('kill');
      wrong.push(...(await finish(database, ledger)).map((text) => `transaction ${at}: ${text}`));
    }
    expect(wrong).toEqual([]);
  }, 120_000);

  it('a relaxed database may lose its last commits in a power loss; what is there is whole', async () => {
    let lost = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const database = simulatedIndexedDb(new IDBFactory(), 'relaxed');
      await drive(database.checkpoint(), new Ledger(), BATCHES - 1);
      await database.restart('power', seed);
      const { findings, last = -1 } = await checkCheckpoint(await database.checkpoint().open());
      expect(findings).toEqual([]);
      const checkpoint = await open(database.checkpoint());
      expect((await groups(checkpoint)).map(([key]) => key[0])).toEqual(Array.from({ length: last + 1 }, (_, batch) => batch));
      lost += last < BATCHES - 1 ? 1 : 0;
    }
    expect(lost).toBeGreaterThan(5);
  });
});
