import { TidemarkError } from '../../errors';
import type { FileInfo, FileSystem } from '../../files/fileSystem';
import type { FileSettings } from './options';

/** A file that may be read. */
export interface Found {
  /** Path below the folder; the file's own name where `path` is a file. */
  readonly name: string;
  readonly path: string;
  readonly info: FileInfo;
}

/** What is being written, or hidden: by the habits of editors, browsers, Hadoop and rsync. */
const TEMPORARY = /^[._]|(?:~|#|\.(?:tmp|temp|part|partial|crdownload|download|inprogress|swp|swx|bak|lock))$/i;
const OLD_MS = 10_000;

/** Looks into the folder; remembers what it saw, to tell when a file has come to rest. */
export class Listing {
  /** Unsettled files: size and time as last seen, and in how many listings they were the same. */
  private readonly growing = new Map<string, { size: number; mtimeMs: number; same: number }>();
  /** Files below the folder at the last look. */
  names: ReadonlySet<string> = new Set();

  constructor(
    private readonly fileSystem: FileSystem,
    private readonly settings: FileSettings,
  ) {}

  /** Files that are not seen yet: those at rest in order of time, then name; how many are not at rest. */
  async look(isSeen: (name: string) => boolean, now: number): Promise<{ settled: Found[]; waiting: number }> {
    const names = await this.list();
    this.names = new Set(names);
    const settled: Found[] = [];
    let waiting = 0;
    for (const name of names) {
      if (isSeen(name)) continue;
      const found = await this.find(name);
      if (found === undefined) continue;
      if (this.isSettled(found, now)) settled.push(found);
      else waiting++;
    }
    for (const name of this.growing.keys()) if (!this.names.has(name)) this.growing.delete(name);
    return { settled: settled.sort(this.settings.latestFirst ? (a, b) => -byTime(a, b) : byTime), waiting };
  }

  pathOf(name: string): string {
    return this.names.has('') || name === '' ? this.settings.path : `${this.settings.path.replace(/\/+$/, '')}/${name}`;
  }

  private isSettled({ name, info: { size, mtimeMs } }: Found, now: number): boolean {
    const { settle } = this.settings;
    const before = this.growing.get(name);
    const same = before !== undefined && before.size === size && before.mtimeMs === mtimeMs ? before.same + 1 : 0;
    this.growing.set(name, { size, mtimeMs, same });
    const isAtRest = same >= settle || (settle > 0 && now - mtimeMs >= OLD_MS);
    return isAtRest;
  }

  /** Symbolic links, folders and what has gone meanwhile are no files. */
  private async find(name: string): Promise<Found | undefined> {
    const path = this.pathOf(name);
    try {
      const info = await this.fileSystem.stat(path);
      return info.isFile ? { name, path, info } : undefined;
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return undefined;
      throw cause;
    }
  }

  /** The name of the file itself is '' where `path` is one. */
  private async list(): Promise<readonly string[]> {
    const { path } = this.settings;
    try {
      return await this.below('', await this.fileSystem.readdir(path));
    } catch (cause) {
      if (codeOf(cause) === 'ENOTDIR') return [''];
      throw new TidemarkError('TIDEMARK_SOURCE', `the folder '${path}' cannot be listed`, { path }, { cause });
    }
  }

  private async below(prefix: string, names: readonly string[]): Promise<string[]> {
    const files: string[] = [];
    for (const base of names) {
      if (TEMPORARY.test(base)) continue;
      const name = `${prefix}${base}`;
      const inside = this.settings.recursive ? await this.readFolder(name) : undefined;
      if (inside !== undefined) files.push(...(await this.below(`${name}/`, inside)));
      else if (this.settings.accept(name)) files.push(name);
    }
    return files;
  }

  private async readFolder(name: string): Promise<readonly string[] | undefined> {
    const path = `${this.settings.path}/${name}`;
    try {
      return (await this.fileSystem.stat(path)).isDirectory ? await this.fileSystem.readdir(path) : undefined;
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return undefined;
      throw cause;
    }
  }
}

function byTime(a: Found, b: Found): number {
  return a.info.mtimeMs - b.info.mtimeMs || (a.name < b.name ? -1 : 1);
}

export function codeOf(cause: unknown): unknown {
  return (cause as { code?: unknown } | undefined)?.code;
}
