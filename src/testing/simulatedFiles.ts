import type { CheckpointLocation } from '../checkpoint';
import { fileLocation, type FilePlatform } from '../checkpoint/fileBackend';
import type { FileSystem, ReadableFile, WritableFile } from '../files/fileSystem';
import { seeded } from './assertSplitInvariant';
import { DiskTree, systemError, type DiskFile } from './simulatedDisk';

/** The process died: whatever it calls from now on fails with this. */
export class SimulatedCrash extends Error {
  override readonly name = 'SimulatedCrash';
}

/** A disk that loses power, a process that dies at any call, calls that fail with any code. */
export interface SimulatedFiles {
  /** The file system of the process that runs now. */
  readonly fs: FileSystem;
  /** Calls since the last restart. */
  readonly calls: number;
  /** Which process this is, from 1. */
  readonly life: number;
  /**
   * What lies elsewhere, behind a network: never changed in place, only set anew. It survives everything, and every
   * process finds it here.
   */
  readonly outside: Map<string, unknown>;
  /** The process dies in its call number `call` (from 1): before it takes effect; a write may get through in part. */
  crashAt(call: number): void;
  /** Call number `call` (from 1) and the `times - 1` after it fail with a system's code. Default: this one. */
  failAt(call: number, code: string, times?: number): void;
  /** Called before each call takes effect, until the next restart. A copy made there is as a crash in that call finds it. */
  watch(onCall: (call: number) => void): void;
  /** The disk and what is outside, to be restarted on its own: so one run serves for a crash at each of its calls. */
  copy(): SimulatedFiles;
  /** A disk that lies: syncing files, or directories, does nothing from now on. Shows that a test can fail. */
  ignoreSync(of: 'files' | 'directories'): void;
  /**
   * Ends the process and starts the next. `kill`: the disk stays as it is. `power`: of what was not synced, anything may
   * be there, in any order, torn at any byte.
   */
  restart(how: 'kill' | 'power', seed?: number): void;
  /** A checkpoint on this disk, for the process that runs when it is opened. */
  checkpoint(path?: string, durability?: 'strict' | 'relaxed'): CheckpointLocation;
  /** All files, by path: a copy. */
  contents(): Map<string, Uint8Array>;
  /** Puts bytes where a file is, or removes it: damage. */
  damage(path: string, bytes: Uint8Array | undefined): void;
}

/**
 * Simulates a file system with a power-loss model: only bytes that were synced and entries of directories that were
 * synced are certain. Everything is decided by seeds.
 *
 * @param seed - for what a crash leaves of the call it is in; default 1
 * @example
 * const disk = simulatedFiles();
 * const file = await disk.fs.create('a');
 * await file.write(new Uint8Array([1, 2, 3]));
 * await file.close();
 * disk.restart('kill');
 * (await disk.fs.readFile('a')).length // => 3
 */
export function simulatedFiles(seed = 1): SimulatedFiles {
  return new Disk(seed);
}

interface Fault {
  readonly first: number;
  readonly last: number;
  readonly code: string;
}

/** One run of one process. */
class Boot {
  calls = 0;
  isDead = false;
  crashAt = Infinity;
  fault: Fault | undefined;
  onCall: ((call: number) => void) | undefined;

  constructor(readonly number: number) {}
}

/** A write that is under way when a disk is copied. */
interface Torn {
  readonly path: string;
  readonly bytes: Uint8Array;
}

class Disk implements SimulatedFiles {
  private readonly random: () => number;
  private clock = 0;
  private readonly ignored = new Set<'files' | 'directories'>();
  fs: FileSystem;

  constructor(
    private readonly seed: number,
    private readonly tree = new DiskTree(),
    readonly outside = new Map<string, unknown>(),
    private boot = new Boot(1),
    private torn?: Torn,
  ) {
    this.random = seeded(seed);
    this.fs = this.systemOf(this.boot);
  }

  get calls(): number {
    return this.boot.calls;
  }

  get life(): number {
    return this.boot.number;
  }

  watch(onCall: (call: number) => void): void {
    this.boot.onCall = onCall;
  }

  copy(): SimulatedFiles {
    const boot = new Boot(this.boot.number);
    const copied = new Disk(this.seed, this.tree.copy(), new Map(this.outside), boot, this.torn);
    copied.clock = this.clock;
    for (const kind of this.ignored) copied.ignored.add(kind);
    return copied;
  }

  crashAt(call: number): void {
    this.boot.crashAt = call;
  }

  failAt(call: number, code: string, times = 1): void {
    this.boot.fault = { first: call, last: call + times - 1, code };
  }

  ignoreSync(of: 'files' | 'directories'): void {
    this.ignored.add(of);
  }

  restart(how: 'kill' | 'power', seed = 1): void {
    this.boot.isDead = true;
    if (this.torn !== undefined) this.write(this.torn, seeded(seed + 1)());
    this.torn = undefined;
    if (how === 'power') this.tree.root.losePower(seeded(seed));
    this.boot = new Boot(this.boot.number + 1);
    this.fs = this.systemOf(this.boot);
  }

  checkpoint(path = 'checkpoint', durability: 'strict' | 'relaxed' = 'strict'): CheckpointLocation {
    return { location: path, open: () => fileLocation(path, this.platform(), durability).open() };
  }

  private platform(): FilePlatform {
    const { boot } = this;
    return {
      fs: this.fs,
      process: { id: `boot${boot.number}`, self: { boot: boot.number }, isAlive: (other) => other.boot === this.boot.number },
      now: () => (this.clock += 1),
      wait: async () => {},
    };
  }

  contents(): Map<string, Uint8Array> {
    return new Map([...this.tree.files()].map(([path, { content }]) => [path, content.slice()]));
  }

  damage(path: string, bytes: Uint8Array | undefined): void {
    const { directory, name } = this.tree.place(path);
    if (bytes === undefined) directory.set(name, undefined);
    else this.tree.file(path).content = this.tree.file(path).durable = new Uint8Array(bytes);
    directory.sync();
  }

  /** Every call passes here. Of a write, a call that dies or fails may have done a part. */
  private enter(boot: Boot, path: string, bytes?: Uint8Array): void {
    const call = ++boot.calls;
    if (boot.isDead) throw new SimulatedCrash(path);
    this.torn = bytes === undefined ? undefined : { path, bytes };
    boot.onCall?.(call);
    const { torn } = this;
    this.torn = undefined;
    if (call >= boot.crashAt) {
      boot.isDead = true;
      if (torn !== undefined) this.write(torn, this.random());
      throw new SimulatedCrash(path);
    }
    const { fault } = boot;
    if (fault === undefined || call < fault.first || call > fault.last) return;
    if (torn !== undefined) this.write(torn, this.random());
    throw systemError(fault.code, path);
  }

  private write({ path, bytes }: Torn, share: number): void {
    this.tree.file(path).append(bytes.subarray(0, Math.floor(share * bytes.length)));
  }

  private systemOf(boot: Boot): FileSystem {
    const { tree } = this;
    const enter = (path: string): void => this.enter(boot, path);
    return {
      create: async (path, mode = 'new') => {
        enter(path);
        if (mode === 'new' && tree.find(path) !== undefined) throw systemError('EEXIST', path);
        return this.writable(boot, path, tree.find(path) === undefined ? tree.makeFile(path) : tree.file(path));
      },
      open: async (path) => {
        enter(path);
        return this.readable(boot, path, tree.file(path));
      },
      readFile: async (path) => {
        enter(path);
        return tree.file(path).content.slice();
      },
      link: async (from, to) => {
        enter(to);
        if (tree.find(to) !== undefined) throw systemError('EEXIST', to);
        const { directory, name } = tree.place(to);
        directory.set(name, tree.file(from));
      },
      rename: async (from, to) => {
        enter(to);
        const moved = tree.file(from);
        const source = tree.place(from);
        const target = tree.place(to);
        target.directory.set(target.name, moved);
        source.directory.set(source.name, undefined);
      },
      unlink: async (path) => {
        enter(path);
        tree.file(path);
        const { directory, name } = tree.place(path);
        directory.set(name, undefined);
      },
      mkdir: async (path) => {
        enter(path);
        tree.makeDirectories(path);
      },
      readdir: async (path) => {
        enter(path);
        return [...tree.directory(path).entries.keys()].sort();
      },
      stat: async (path) => {
        enter(path);
        return tree.info(path);
      },
      syncDirectory: async (path) => {
        enter(path);
        if (!this.ignored.has('directories')) tree.directory(path).sync();
      },
    };
  }

  private writable(boot: Boot, path: string, file: DiskFile): WritableFile {
    return {
      write: async (bytes) => {
        this.enter(boot, path, bytes);
        file.append(bytes);
      },
      sync: async () => {
        try {
          this.enter(boot, path);
        } catch (cause) {
          if (!(cause instanceof SimulatedCrash)) file.failSync();
          throw cause;
        }
        if (!this.ignored.has('files')) file.sync();
      },
      close: async () => this.enter(boot, path),
    };
  }

  private readable(boot: Boot, path: string, file: DiskFile): ReadableFile {
    return {
      read: async (into, position) => {
        this.enter(boot, path);
        const bytes = file.content.subarray(position, position + into.length);
        into.set(bytes);
        return bytes.length;
      },
      close: async () => this.enter(boot, path),
    };
  }
}
