import { TidemarkError } from '../errors';
import { failureOf, retried, storageError } from '../files/fileErrors';
import type { FileSystem } from '../files/fileSystem';
import type { BackendCapabilities, CheckpointLocation, Holder, NamedBytes, StateBackend } from './backend';
import type { Digests } from './digests';
import { FileLock, type ProcessProbe } from './fileLock';
import { closed, fenced, sameBytes } from './memoryBackend';
import { COMMITS, EPOCHS, PLANS, STATE } from './names';

/** What a checkpoint in files stands on: Node, or a simulation. */
export interface FilePlatform {
  readonly fs: FileSystem;
  readonly process: ProcessProbe;
  /** For heartbeats, epoch ms. */
  now(): number;
  /** Pauses before a call is repeated. */
  wait(ms: number): Promise<void>;
  readonly digests?: Digests;
}

/** Instances of this process, so that no two write the same name. */
let instances = 0;

/** Journals of sources, a folder each. */
const SOURCES = 'sources';
const FOLDERS = [EPOCHS, PLANS, STATE, COMMITS];
const isTemporary = (name: string): boolean => name.startsWith('.');

/** A place for a checkpoint in a folder. */
export function fileLocation(
  path: string,
  platform: FilePlatform,
  durability: 'strict' | 'relaxed' = 'strict',
): CheckpointLocation {
  return { location: path, open: () => Promise.resolve(new FileBackend(path, platform, durability)) };
}

/**
 * Files in a folder. Each is written under a temporary name, synced, linked to its own name (which never replaces a file),
 * and its directory synced, before the next one begins: a file that refers to another is never there without it.
 */
class FileBackend implements StateBackend {
  readonly capabilities: BackendCapabilities;
  private readonly fs: FileSystem;
  private readonly lock: FileLock;
  private readonly folders = new Set<string>();
  private epoch = 0;
  private temporaries = 0;
  private readonly token: string;

  constructor(
    readonly location: string,
    private readonly platform: FilePlatform,
    durability: 'strict' | 'relaxed',
  ) {
    this.capabilities = { kind: 'files', durability, atomicGroups: false };
    this.fs = platform.fs;
    this.token = `${platform.process.id}-${++instances}`;
    this.lock = new FileLock(platform, {
      location,
      token: this.token,
      epochs: () => this.list(EPOCHS),
      read: (name) => this.read(name),
      create: (name, bytes) => this.publishOne({ name, bytes }),
      replace: (name, bytes) => this.replace(name, bytes),
    });
  }

  get digests(): Digests | undefined {
    return this.platform.digests;
  }

  async acquire(holder: Holder): Promise<number> {
    for (const folder of FOLDERS) await this.makeFolder(`${this.location}/${folder}`);
    const epoch = await this.lock.acquire(holder);
    await this.clean(epoch);
    return (this.epoch = epoch);
  }

  /**
   * What earlier holders left half written, and their epochs. What they had published and not yet synced is synced: from
   * here on we build on what we see, so a power loss must not take it away again.
   */
  private async clean(epoch: number): Promise<void> {
    await this.syncFolder(splitPath(this.location)[0]);
    const journals = (await this.list(SOURCES)).map((source) => `${SOURCES}/${source}`);
    for (const folder of ['', ...FOLDERS, ...(journals.length > 0 ? [SOURCES, ...journals] : [])]) {
      const path = folder === '' ? this.location : `${this.location}/${folder}`;
      for (const name of await this.call('listing', path, () => this.fs.readdir(path))) {
        if (isTemporary(name) || (folder === EPOCHS && Number(name) < epoch)) await this.unlink(`${path}/${name}`);
      }
      await this.syncFolder(path);
    }
  }

  async list(folder: string): Promise<readonly string[]> {
    const path = `${this.location}/${folder}`;
    const names = await this.unless(
      'absent',
      this.call('listing', path, () => this.fs.readdir(path)),
    );
    return (names ?? []).filter((name) => !isTemporary(name));
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const path = `${this.location}/${name}`;
    return this.unless(
      'absent',
      this.call('reading', path, () => this.fs.readFile(path)),
    );
  }

  async publish(files: readonly NamedBytes[]): Promise<void> {
    await this.checkHeld();
    try {
      for (const file of files) await this.publishOne(file);
    } catch (cause) {
      await this.checkHeld(); // a new holder cleans up what it finds: that is the reason then
      throw cause;
    }
    await this.lock.beat().catch(() => {}); // what counts is published
  }

  private async publishOne({ name, bytes }: NamedBytes): Promise<void> {
    const path = `${this.location}/${name}`;
    const [folder, base] = splitPath(path);
    await this.makeFolder(folder);
    const temporary = await this.writeTemporary(folder, base, bytes);
    const isNew = await this.give(temporary, path);
    await this.unlink(temporary);
    if (!isNew && !sameBytes(await this.call('reading', path, () => this.fs.readFile(path)), bytes)) {
      throw fenced(this.location, `${name} is there already`);
    }
    await this.syncFolder(folder);
  }

  /** After a failed write or sync the file is lost: it is removed, and a second try has another name. */
  private async writeTemporary(folder: string, base: string, bytes: Uint8Array): Promise<string> {
    const path = `${folder}/.${base}.${this.token}-${++this.temporaries}.tmp`;
    const file = await this.call('creating', path, () => this.fs.create(path));
    try {
      try {
        await file.write(bytes);
        if (this.capabilities.durability === 'strict') await file.sync();
      } finally {
        await file.close();
      }
    } catch (cause) {
      await this.fs.unlink(path).catch(() => {});
      throw storageError(cause, 'writing', path);
    }
    return path;
  }

  /** Gives a file its name, if nobody has it; resolves to whether it did. */
  private async give(temporary: string, path: string): Promise<boolean> {
    try {
      await retried(() => this.fs.link(temporary, path), this.platform.wait);
      return true;
    } catch (cause) {
      const failure = failureOf(cause);
      if (failure === 'exists') return false;
      if (failure !== 'noLinks') throw await this.givenUp(temporary, storageError(cause, 'linking', path));
    }
    // No links here. Between looking and renaming only a second holder could come in, and epochs keep it out.
    if (
      (await this.unless(
        'absent',
        this.call('looking at', path, () => this.fs.stat(path)),
      )) !== undefined
    )
      return false;
    await this.call('renaming', path, () => this.fs.rename(temporary, path));
    return true;
  }

  private async givenUp(temporary: string, cause: unknown): Promise<unknown> {
    await this.fs.unlink(temporary).catch(() => {});
    return cause;
  }

  /** Only for the lock: its content is never read for recovery. */
  private async replace(name: string, bytes: Uint8Array): Promise<void> {
    const path = `${this.location}/${name}`;
    const temporary = await this.writeTemporary(this.location, name, bytes);
    await this.call('renaming', path, () => this.fs.rename(temporary, path));
  }

  async remove(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    await this.checkHeld();
    let folder = '';
    for (const name of names) {
      const path = `${this.location}/${name}`;
      const [its] = splitPath(path);
      if (folder !== '' && its !== folder) await this.syncFolder(folder);
      folder = its;
      await this.unlink(path);
    }
    await this.syncFolder(folder);
  }

  async release(): Promise<void> {
    if (this.epoch === 0) return;
    this.epoch = 0;
    await this.lock.release();
  }

  private async checkHeld(): Promise<void> {
    if (this.epoch === 0) throw closed(this.location);
    const newest = Number((await this.list(EPOCHS)).at(-1) ?? 0);
    if (newest !== this.epoch) throw fenced(this.location, `epoch ${newest} has begun`);
  }

  private async unlink(path: string): Promise<void> {
    await this.unless(
      'absent',
      this.call('removing', path, () => this.fs.unlink(path)),
    );
  }

  /** Makes a folder, and its entry in those above it, durable. */
  private async makeFolder(path: string): Promise<void> {
    if (this.folders.has(path)) return;
    const missing: string[] = [];
    for (let at = path; ; [at] = splitPath(at)) {
      if (
        (await this.unless(
          'absent',
          this.call('looking at', at, () => this.fs.stat(at)),
        )) !== undefined
      )
        break;
      missing.push(at);
    }
    await this.call('making', path, () => this.fs.mkdir(path));
    for (const made of missing) await this.syncFolder(splitPath(made)[0]);
    this.folders.add(path);
  }

  private async syncFolder(path: string): Promise<void> {
    if (this.capabilities.durability !== 'strict') return;
    await this.fs.syncDirectory(path).catch((cause: unknown) => {
      throw storageError(cause, 'syncing', path);
    });
  }

  private async call<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await retried(work, this.platform.wait);
    } catch (cause) {
      throw storageError(cause, doing, path);
    }
  }

  private async unless<T>(failure: 'absent', work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (cause) {
      if (cause instanceof TidemarkError && failureOf(cause.cause) === failure) return undefined;
      throw cause;
    }
  }
}

/** The folder of a path, and the name in it. */
function splitPath(path: string): [folder: string, base: string] {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return ['.', path];
  return [slash === 0 ? '/' : path.slice(0, slash), path.slice(slash + 1)];
}
