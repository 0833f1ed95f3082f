import type { FileInfo, FileSystem, ReadableFile } from '../../src/files/fileSystem';
import { utf8 } from '../formats/decode';

interface Entry {
  bytes: Uint8Array;
  mtimeMs: number;
  inode: number;
  isLink?: boolean;
}

const failure = (code: string, path: string): Error => Object.assign(new Error(`${code}: ${path}`), { code });

/** Files in memory with times that are set by hand. Only what sources use. */
export class MemoryFiles implements FileSystem {
  readonly files = new Map<string, Entry>();
  open_ = 0;
  reads = 0;
  private inodes = 0;

  put(path: string, content: string | Uint8Array, mtimeMs = 0, isLink = false): void {
    const bytes = typeof content === 'string' ? utf8(content) : content;
    this.files.set(path, { bytes, mtimeMs, inode: ++this.inodes, isLink });
  }

  /** Like a program that writes on: the same file. */
  append(path: string, content: string, mtimeMs: number): void {
    const entry = this.entry(path);
    entry.bytes = Uint8Array.from([...entry.bytes, ...utf8(content)]);
    entry.mtimeMs = mtimeMs;
  }

  private entry(path: string): Entry {
    const entry = this.files.get(path);
    if (entry === undefined) throw failure('ENOENT', path);
    return entry;
  }

  open(path: string): Promise<ReadableFile> {
    try {
      const entry = this.entry(path);
      this.open_++;
      return Promise.resolve({
        read: (into, position) => {
          this.reads++;
          const part = entry.bytes.subarray(position, position + Math.min(into.length, 100_000)); // short reads happen
          into.set(part);
          return Promise.resolve(part.length);
        },
        close: () => Promise.resolve(void this.open_--),
      });
    } catch (cause) {
      return Promise.reject(cause as Error);
    }
  }

  async readdir(path: string): Promise<readonly string[]> {
    await Promise.resolve();
    if (this.files.has(path)) throw failure('ENOTDIR', path);
    const names = [...this.files.keys()].filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1));
    if (names.length === 0 && path !== 'empty') throw failure('ENOENT', path);
    return [...new Set(names.map((name) => name.split('/')[0] as string))].sort();
  }

  async stat(path: string): Promise<FileInfo> {
    await Promise.resolve();
    const isDirectory = !this.files.has(path) && [...this.files.keys()].some((name) => name.startsWith(`${path}/`));
    if (isDirectory) return { size: 0, mtimeMs: 0, inode: 0, isFile: false, isDirectory, isSymbolicLink: false };
    const { bytes, mtimeMs, inode, isLink = false } = this.entry(path);
    return { size: bytes.length, mtimeMs, inode, isFile: !isLink, isDirectory, isSymbolicLink: isLink };
  }

  create = (): never => {
    throw new Error('not used');
  };
  readFile = this.create;
  link = this.create;
  rename = this.create;
  unlink = this.create;
  mkdir = this.create;
  syncDirectory = this.create;
}
