import type { UseStore } from 'idb-keyval';
import type { CrashWorld } from 'tidemark/testing';
import { storageError } from '../../src/files/fileErrors';

type Key = readonly unknown[];
type Rows = ReadonlyMap<string, readonly [key: Key, value: unknown]>;

/**
 * An object store whose transactions are whole or not there, with as much of IndexedDB as a checkpoint asks for. The process
 * may die before a transaction, and after it, when nobody has been told.
 */
export function storeIn({ outside, ...world }: CrashWorld): UseStore {
  const step = (): Promise<void> =>
    world.step().catch((cause: unknown) => {
      throw storageError(cause, 'using', 'the database');
    });
  return async (mode, work) => {
    await step();
    const rows = new Map((outside.get('database') ?? new Map()) as Rows);
    const result = await work(new Store(rows) as unknown as IDBObjectStore);
    if (mode === 'readonly') return result;
    outside.set('database', rows);
    await step();
    return result;
  };
}

/** Keys are lists of texts and numbers: as text they sort as they do in a database, for names of the same length. */
const textOf = (key: Key): string => key.map(String).join('\u0000');

class Store {
  constructor(private readonly rows: Map<string, readonly [Key, unknown]>) {}

  get(key: Key): unknown {
    return answer(this.rows.get(textOf(key))?.[1]);
  }

  put(value: unknown, key: Key): unknown {
    this.rows.set(textOf(key), [key, structuredClone(value)]);
    return answer(key);
  }

  delete(range: { readonly lower: Key }): unknown {
    for (const [text] of this.under(range)) this.rows.delete(text);
    return answer(undefined);
  }

  getAll(range: { readonly lower: Key }): unknown {
    return answer(this.under(range).map(([, [, value]]) => value));
  }

  getAllKeys(range: { readonly lower: Key }): unknown {
    return answer(this.under(range).map(([, [key]]) => key));
  }

  /** All rows whose keys begin with those of the range, in order. */
  private under({ lower }: { readonly lower: Key }): (readonly [string, readonly [Key, unknown]])[] {
    const found = [...this.rows].filter(([, [key]]) => lower.every((part, i) => key[i] === part));
    return found.sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

/** A request that is answered when whoever asked has put its handlers on. */
function answer(result: unknown): unknown {
  const request: { result: unknown; onsuccess?: () => void; oncomplete?: () => void } = { result };
  queueMicrotask(() => (request.onsuccess ?? request.oncomplete)?.());
  return request;
}

// What a checkpoint makes ranges with; here only their beginning counts.
globalThis.IDBKeyRange ??= { bound: (lower: unknown) => ({ lower }) } as unknown as typeof IDBKeyRange;
