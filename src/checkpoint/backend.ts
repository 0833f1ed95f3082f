import type { Digests } from './digests';

/** What a backend can do, and how sure it is. */
export interface BackendCapabilities {
  /** For people: `memory`, `files`, `indexedDb`; a backend of one's own says what it is. */
  readonly kind: string;
  /** What survives: nothing, the process (`relaxed`: not every power loss), or a power loss too. */
  readonly durability: 'none' | 'relaxed' | 'strict';
  /** A group given to `publish` becomes visible as one, or not at all. */
  readonly atomicGroups: boolean;
}

/** Who holds a checkpoint: shown to whoever else wants it. */
export interface Holder {
  readonly owner: string;
  readonly since: number;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** One file of a checkpoint: `offsets/0000000000000007`. Written once, never changed. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Where the files of one checkpoint live: a folder, a database, memory, or whatever a user writes an adapter for (an object
 * store); `stateBackendSuite` of `tidemark/testing` tells whether it is one. Knows names and bytes, nothing of what is in
 * them. Formats and the protocol stand above it, once for all backends.
 */
export interface StateBackend {
  readonly capabilities: BackendCapabilities;
  /** For people: the path or the database's name. */
  readonly location: string;
  /** Checksums of its own; default: the platform's, in plain JavaScript where it has none. */
  readonly digests?: Digests | undefined;
  /**
   * Becomes the holder, with an epoch higher than any before.
   * @throws `TIDEMARK_CHECKPOINT_IN_USE` with the holder, if another one lives
   */
  acquire(holder: Holder): Promise<number>;
  /** Names in a folder (`commits`), sorted. */
  list(folder: string): Promise<readonly string[]>;
  read(name: string): Promise<Uint8Array | undefined>;
  /**
   * Publishes files in this order, each durable (with its directory entry) before the next can be seen.
   * @throws `TIDEMARK_FENCED` when another epoch has been acquired since, or a name is there already with other bytes
   */
  publish(files: readonly NamedBytes[]): Promise<void>;
  /** Removes files, in this order. What is not there is no error. */
  remove(names: readonly string[]): Promise<void>;
  /** Gives the checkpoint back. */
  release(): Promise<void>;
}

/** A place for a checkpoint, as the user names it: `fileCheckpoint(path)`, `indexedDbCheckpoint(name)`, `memoryCheckpoint()`. */
export interface CheckpointLocation {
  readonly location: string;
  open(): Promise<StateBackend>;
}
