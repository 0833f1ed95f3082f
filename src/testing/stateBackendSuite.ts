import type { CheckpointLocation, Holder, StateBackend } from '../checkpoint';

/** What the suite needs to know of a backend. */
export interface BackendUnderTest {
  /** An empty place, new with every call. */
  place(): Promise<CheckpointLocation> | CheckpointLocation;
  /** Ends the process that holds a place, as far as the place can tell; absent: the cases that need it are left out. */
  abandon?(location: CheckpointLocation): Promise<void> | void;
}

/** One case; `run` rejects when it fails. */
export interface SuiteCase {
  readonly name: string;
  run(): Promise<void>;
}

const HOLDER: Holder = { owner: 'suite', since: 0 };
const bytesOf = (...bytes: number[]): Uint8Array => new Uint8Array(bytes);

/**
 * The cases that every `StateBackend` must pass, for any test runner:
 * `for (const { name, run } of stateBackendSuite(backend)) it(name, run)`.
 *
 * @param backend - makes empty places
 * @returns the cases, in order; each makes places of its own
 * @example
 * ```ts
 * const suite = stateBackendSuite({ place: () => memoryCheckpoint(), abandon: (place) => (place as MemoryLocation).abandon() });
 * for (const { run } of suite) await run(); // each rejects with what is wrong
 * suite.map(({ name }) => name).includes('refuses a second holder, and names the first'); // => true
 * ```
 */
export function stateBackendSuite(backend: BackendUnderTest): readonly SuiteCase[] {
  const held = async (): Promise<StateBackend> => {
    const opened = await (await backend.place()).open();
    await opened.acquire(HOLDER);
    return opened;
  };
  const cases: Record<string, () => Promise<void>> = {
    'is empty at first': async () => {
      const store = await held();
      equal(await store.list('commits'), [], 'list');
      equal(await store.read('commits/1'), undefined, 'read');
      await store.release();
    },
    'gives back what was published, sorted by name': async () => {
      const store = await held();
      await store.publish([
        { name: 'state/b.delta', bytes: bytesOf(1, 2) },
        { name: 'state/a.delta', bytes: bytesOf() },
        { name: 'tidemark.json', bytes: bytesOf(3) },
      ]);
      equal(await store.list('state'), ['a.delta', 'b.delta'], 'list');
      equal(await store.list('offsets'), [], 'other folder');
      equal(await textOf(store, 'state/b.delta'), '1,2', 'content');
      equal(await textOf(store, 'state/a.delta'), '', 'empty file');
      equal(await textOf(store, 'tidemark.json'), '3', 'file beside the folders');
      await store.release();
    },
    'has folders in folders: each lists its own files': async () => {
      const store = await held();
      await store.publish([
        { name: 'sources/a/2', bytes: bytesOf(2) },
        { name: 'sources/a/1', bytes: bytesOf(1) },
        { name: 'sources/b/1', bytes: bytesOf(3) },
      ]);
      equal(await store.list('sources/a'), ['1', '2'], 'list');
      equal(await textOf(store, 'sources/b/1'), '3', 'content');
      await store.remove(['sources/a/1']);
      equal(await store.list('sources/a'), ['2'], 'list');
      equal(await store.list('sources/b'), ['1'], 'other folder');
      await store.release();
    },
    'keeps files of several megabytes': async () => {
      const store = await held();
      const bytes = Uint8Array.from({ length: 2_500_001 }, (_, i) => (i * 31) & 255);
      await store.publish([{ name: 'state/large.snap', bytes }]);
      const found = await store.read('state/large.snap');
      equal(found?.length, bytes.length, 'length');
      equal(
        bytes.every((byte, i) => found?.[i] === byte),
        true,
        'content',
      );
      await store.release();
    },
    'takes copies': async () => {
      const store = await held();
      const bytes = bytesOf(1);
      await store.publish([{ name: 'commits/1', bytes }]);
      bytes[0] = 9;
      (await store.read('commits/1'))![0] = 8;
      equal(await textOf(store, 'commits/1'), '1', 'content');
      await store.release();
    },
    'never replaces a file; the same bytes again are no error': async () => {
      const store = await held();
      await store.publish([{ name: 'commits/1', bytes: bytesOf(1) }]);
      await store.publish([{ name: 'commits/1', bytes: bytesOf(1) }]);
      await fails('TIDEMARK_FENCED', store.publish([{ name: 'commits/1', bytes: bytesOf(2) }]));
      equal(await textOf(store, 'commits/1'), '1', 'content');
      await store.release();
    },
    'publishes a group as a whole, where it says so': async () => {
      const store = await held();
      if (!store.capabilities.atomicGroups) return store.release();
      await store.publish([{ name: 'commits/1', bytes: bytesOf(1) }]);
      const group = [
        { name: 'state/1', bytes: bytesOf(1) },
        { name: 'commits/1', bytes: bytesOf(2) },
      ];
      await fails('TIDEMARK_FENCED', store.publish(group));
      equal(await store.list('state'), [], 'list');
      return store.release();
    },
    'removes files; what is not there is no error': async () => {
      const store = await held();
      await store.publish([
        { name: 'commits/1', bytes: bytesOf(1) },
        { name: 'commits/10', bytes: bytesOf(2) },
        { name: 'state/1', bytes: bytesOf(3) },
      ]);
      await store.remove(['commits/1', 'offsets/7', 'state/1']);
      await store.remove([]);
      equal(await store.list('commits'), ['10'], 'list');
      equal(await store.list('state'), [], 'list');
      await store.release();
    },
    'is not written before it is held, nor after it is given back': async () => {
      const location = await backend.place();
      const store = await location.open();
      await fails('TIDEMARK_BACKEND_CLOSED', store.publish([{ name: 'commits/1', bytes: bytesOf(1) }]));
      await store.acquire(HOLDER);
      await store.release();
      await fails('TIDEMARK_BACKEND_CLOSED', store.publish([{ name: 'commits/1', bytes: bytesOf(1) }]));
      await fails('TIDEMARK_BACKEND_CLOSED', store.remove(['commits/1']));
      await store.release();
    },
    'refuses a second holder, and names the first': async () => {
      const location = await backend.place();
      const first = await location.open();
      equal(await first.acquire({ owner: 'first', since: 7 }), 1, 'epoch');
      const cause = await fails('TIDEMARK_CHECKPOINT_IN_USE', (await location.open()).acquire(HOLDER));
      equal((cause.details as { holder?: { owner?: string } }).holder?.owner, 'first', 'holder');
      await first.publish([{ name: 'commits/1', bytes: bytesOf(1) }]);
      await first.release();
    },
    'keeps everything for the next holder, whose epoch is higher': async () => {
      const location = await backend.place();
      const first = await location.open();
      await first.acquire(HOLDER);
      await first.publish([{ name: 'commits/1', bytes: bytesOf(1) }]);
      await first.release();
      const second = await location.open();
      equal(await second.acquire(HOLDER), 2, 'epoch');
      equal(await second.list('commits'), ['1'], 'list');
      await second.release();
      const third = await location.open();
      equal(await third.acquire(HOLDER), 3, 'epoch');
      await third.release();
    },
  };
  if (backend.abandon !== undefined) cases['fences a holder that was taken for dead'] = () => fencesTheDead(backend);
  return Object.entries(cases).map(([name, run]) => ({ name, run }));
}

async function fencesTheDead(backend: BackendUnderTest): Promise<void> {
  const location = await backend.place();
  const first = await location.open();
  await first.acquire(HOLDER);
  await first.publish([{ name: 'commits/1', bytes: bytesOf(1) }]);
  await backend.abandon!(location);
  const second = await location.open();
  equal(await second.acquire(HOLDER), 2, 'epoch');
  await fails('TIDEMARK_FENCED', first.publish([{ name: 'commits/2', bytes: bytesOf(1) }]));
  await fails('TIDEMARK_FENCED', first.remove(['commits/1']));
  await first.release(); // frees nothing
  await second.publish([{ name: 'commits/2', bytes: bytesOf(2) }]);
  equal(await second.list('commits'), ['1', '2'], 'list');
  await second.release();
}

async function textOf(store: StateBackend, name: string): Promise<string | undefined> {
  return (await store.read(name))?.join();
}

function equal(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: expected ${b}, found ${a}`);
}

async function fails(code: string, work: Promise<unknown>): Promise<{ details?: unknown }> {
  const cause: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if ((cause as { code?: unknown } | undefined)?.code !== code) throw new Error(`expected ${code}, found ${String(cause)}`);
  return cause as { details?: unknown };
}
