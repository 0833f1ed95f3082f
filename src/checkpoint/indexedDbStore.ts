import { promisifyRequest, type UseStore } from 'idb-keyval';
import { TidemarkError } from '../errors';
import { FORMAT } from './recordFile';

const STORE = 'checkpoint';

/**
 * Opens a database for idb-keyval's `UseStore` seam: one callback, one transaction. Unlike `createStore` it asks for
 * `durability`, makes its store in a database that exists already, lets other versions upgrade, and opens a new handle
 * when the browser has closed the old one (WebKit does, and keeps failing on the old one).
 */
export class IndexedDbStore {
  private connection: Promise<IDBDatabase> | undefined;

  constructor(
    private readonly factory: IDBFactory,
    private readonly name: string,
    private readonly durability: 'strict' | 'relaxed',
  ) {}

  /** Runs work in one transaction; resolves when the transaction is complete, and leaves nothing if anything fails. */
  readonly use: UseStore = async (mode, work) => {
    try {
      return await this.attempt(mode, work);
    } catch (cause) {
      if (!isLost(cause)) throw databaseError(cause, this.name);
      this.connection = undefined;
    }
    return this.attempt(mode, work).catch((cause: unknown) => {
      throw databaseError(cause, this.name);
    });
  };

  private async attempt<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => T | PromiseLike<T>): Promise<T> {
    const database = await this.open();
    const transaction = database.transaction(STORE, mode, { durability: this.durability });
    const complete = promisifyRequest(transaction);
    complete.catch(() => {}); // it is awaited below, but not when the work fails
    try {
      const result = await work(transaction.objectStore(STORE));
      await complete;
      return result;
    } catch (cause) {
      abort(transaction);
      await complete.catch(() => {});
      throw transaction.error ?? cause; // over the quota, only the transaction knows why
    }
  }

  private open(): Promise<IDBDatabase> {
    this.connection ??= this.connect();
    return this.connection;
  }

  private async connect(): Promise<IDBDatabase> {
    const request = this.factory.open(this.name, FORMAT);
    request.onupgradeneeded = () => {
      if (!request.result.objectStoreNames.contains(STORE)) request.result.createObjectStore(STORE);
    };
    const blocked = new Promise<never>((_, reject) => {
      request.onblocked = () => reject(new DOMException('another tab keeps an older version open', 'BlockedError'));
    });
    try {
      const database = await Promise.race([promisifyRequest(request), blocked]);
      database.onversionchange = () => this.close();
      database.onclose = () => (this.connection = undefined);
      return database;
    } catch (cause) {
      this.connection = undefined;
      throw cause;
    }
  }

  /** Frees the database for upgrades and deletion; the next use opens it again. */
  close(): void {
    void this.connection?.then(
      (database) => database.close(),
      () => {},
    );
    this.connection = undefined;
  }
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // it is over already
  }
}

const nameOf = (cause: unknown): string => (cause instanceof Error || cause instanceof DOMException ? cause.name : '');

/** The handle is dead: closed by the browser, by an upgrade, by "clear site data". */
function isLost(cause: unknown): boolean {
  const message = cause instanceof Error || cause instanceof DOMException ? cause.message : '';
  return nameOf(cause) === 'InvalidStateError' || /connection|closing|lost/i.test(message);
}

function databaseError(cause: unknown, name: string): unknown {
  const errno = nameOf(cause);
  if (!(cause instanceof DOMException) && !/^(Quota|Version|Unknown|Abort|Invalid|Data|Blocked)/.test(errno)) return cause;
  if (errno === 'QuotaExceededError') {
    const message = `no space left in database ${name}. What was committed is intact; freed space may take a while to be usable`;
    return new TidemarkError('TIDEMARK_STORAGE_FULL', message, { location: name, errno }, { cause });
  }
  if (errno === 'VersionError') {
    const message = `database ${name} was made by a newer tidemark (this one supports format ${FORMAT})`;
    return new TidemarkError('TIDEMARK_FORMAT_TOO_NEW', message, { name, supported: FORMAT }, { cause });
  }
  return new TidemarkError('TIDEMARK_STORAGE', `database ${name} failed: ${errno}`, { location: name, errno }, { cause });
}
