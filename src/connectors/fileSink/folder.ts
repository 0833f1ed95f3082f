import { TidemarkError } from '../../errors';
import type { FileSystem } from '../../files/fileSystem';
import { beside, hasCode, join, nameOf, parentOf } from './paths';

/** The folder of a sink: files appear in it whole, durable, and never through a symbolic link. */
export class SinkFolder {
  /** Folders whose way from the root this process has made durable. */
  private readonly durable = new Set<string>();
  private temps = 0;

  constructor(
    readonly fs: FileSystem,
    readonly root: string,
  ) {}

  at(path: string): string {
    return path === '' ? this.root : join(this.root, path);
  }

  /** Makes the root; its entry, and those of the folders above it, become durable. */
  async prepare(): Promise<void> {
    await this.fs.mkdir(this.root);
    const above: string[] = [];
    for (let path = this.root; parentOf(path) !== path; path = parentOf(path)) above.unshift(parentOf(path));
    for (const path of above) {
      try {
        await this.fs.syncDirectory(path);
      } catch (cause) {
        // Folders that are not ours need not let us in; the one that holds the root must.
        if (path === parentOf(this.root)) throw cause;
      }
    }
  }

  /**
   * Makes a folder below the root, with those between, durable at the next `sync`.
   *
   * @throws `TIDEMARK_PATH` if something on the way is a symbolic link, or no folder
   */
  async make(folder: string): Promise<void> {
    let path = '';
    for (const name of folder.split('/').filter((part) => part !== '')) {
      const parent = path;
      path = join(path, name);
      if (!(await this.isFolder(path))) await this.fs.mkdir(this.at(path));
      if (!this.durable.has(path)) {
        await this.fs.syncDirectory(this.at(parent)); // an entry that is there need not be durable: a crash may be between
        this.durable.add(path);
      }
    }
  }

  private async isFolder(path: string): Promise<boolean> {
    const info = await this.fs.stat(this.at(path)).catch(missing);
    if (info === undefined || (info.isDirectory && !info.isSymbolicLink)) return info !== undefined;
    throw new TidemarkError('TIDEMARK_PATH', 'a folder of the sink is a symbolic link, or a file', { path: this.at(path) });
  }

  /** Writes a file that is whole when it has its name; `publish`: only if no file has it. The entry is durable after `sync`. */
  async write(path: string, bytes: Uint8Array, how: 'replace' | 'publish'): Promise<void> {
    const temp = this.at(beside(path, `.${nameOf(path)}.${this.temps++}.tmp`));
    const file = await this.fs.create(temp);
    try {
      await file.write(bytes);
      await file.sync();
      await file.close();
      if (how === 'replace') return await this.fs.rename(temp, this.at(path));
      await this.fs.link(temp, this.at(path));
    } catch (cause) {
      await file.close().catch(() => undefined);
      await this.remove(temp).catch(() => undefined);
      throw cause;
    }
    await this.fs.unlink(temp);
  }

  async sync(folder: string): Promise<void> {
    await this.fs.syncDirectory(this.at(folder));
  }

  async list(folder: string): Promise<readonly string[]> {
    return (await this.fs.readdir(this.at(folder)).catch(missing)) ?? [];
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.fs.readFile(this.at(path)).catch(missing);
  }

  /** Renames unless it was done before: `from` may be gone already. */
  async show(from: string, to: string): Promise<void> {
    try {
      await this.fs.rename(this.at(from), this.at(to));
    } catch (cause) {
      if (!hasCode(cause, 'ENOENT')) throw cause;
      await this.fs.stat(this.at(to)); // it must be there then
    }
  }

  /** @param path - as given to `at`, or absolute for temps. What is not there is no error. */
  async remove(path: string): Promise<void> {
    await this.fs.unlink(path).catch(missing);
  }

  /** Paths of the files below a folder, relative to the root; symbolic links are left alone. */
  async *files(folder = ''): AsyncIterable<string> {
    for (const name of await this.list(folder)) {
      const path = join(folder, name);
      const info = await this.fs.stat(this.at(path)).catch(missing);
      if (info === undefined || info.isSymbolicLink) continue;
      if (info.isDirectory) yield* this.files(path);
      else yield path;
    }
  }
}

/** What is not there is undefined. */
function missing(cause: unknown): undefined {
  if (hasCode(cause, 'ENOENT')) return undefined;
  throw cause;
}
