import type { FileInfo, FileSystem, ReadableFile, WritableFile } from '../../src/files/fileSystem';

/** What stops a process in the middle of a call. */
export class PowerLoss extends Error {}

interface File {
  readonly inode: number;
  bytes: Uint8Array;
  synced: Uint8Array;
  /** For symbolic links, which tests plant. */
  readonly link?: boolean;
}

/** A folder as processes see it, as the disk has it, and the changes in between: each is made whole or not at all. */
interface Folder {
  readonly inode: number;
  entries: Map<string, Node>;
  synced: Map<string, Node>;
  pending: Map<string, Node | undefined>[];
}

type Node = File | Folder;

const isFolder = (node: Node | undefined): node is Folder => node !== undefined && 'entries' in node;

/**
 * A file system that loses power at the call of one's choice. What is not synced may be lost or kept, each change of a folder
 * for itself; contents that are not synced may be cut anywhere.
 */
export class LossyFiles implements FileSystem {
  private inodes = 1;
  private readonly root: Folder = this.folder();
  private failAt = Infinity;
  private failWith: (() => Error) | undefined;
  private dead = false;
  calls = 0;

  /** The call number `call` from now loses power; or, with an error, just fails. */
  fail(call: number, error?: () => Error): void {
    this.failAt = this.calls + call;
    this.failWith = error;
  }

  /** The process was killed, the machine lives: another process sees everything. */
  revive(): void {
    this.dead = false;
    this.failAt = Infinity;
  }

  /** Power is back. */
  restart(random: () => number): void {
    this.dead = false;
    this.failAt = Infinity;
    this.lose(this.root, random);
  }

  private lose(folder: Folder, random: () => number): void {
    for (const change of folder.pending) if (random() < 0.5) for (const [name, node] of change) place(folder.synced, name, node);
    folder.pending = [];
    folder.entries = new Map(folder.synced);
    for (const node of folder.entries.values()) {
      if (isFolder(node)) this.lose(node, random);
      else if (node.bytes !== node.synced)
        node.bytes = node.synced = node.bytes.slice(0, Math.floor(random() * node.bytes.length));
    }
  }

  /** All files by path, as they are now. */
  files(folder: Folder = this.root, path = ''): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    for (const [name, node] of [...folder.entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (!isFolder(node)) found.set(`${path}${name}`, node.bytes);
      else for (const [inner, bytes] of this.files(node, `${path}${name}/`)) found.set(inner, bytes);
    }
    return found;
  }

  plantLink(path: string): void {
    const [folder, name] = this.split(path);
    folder.entries.set(name, { inode: this.inodes++, bytes: new Uint8Array(), synced: new Uint8Array(), link: true });
  }

  overwrite(path: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const file = this.find(path) as File;
    file.bytes = file.synced = change(file.bytes);
  }

  private folder(): Folder {
    return { inode: this.inodes++, entries: new Map(), synced: new Map(), pending: [] };
  }

  /** Every call goes through here: before it has any effect, power may go. */
  private async step(): Promise<void> {
    await Promise.resolve();
    if (this.dead) throw new PowerLoss('no power');
    if (++this.calls < this.failAt) return;
    this.failAt = Infinity;
    if (this.failWith !== undefined) throw this.failWith();
    this.dead = true;
    throw new PowerLoss('power lost');
  }

  private find(path: string): Node | undefined {
    let node: Node | undefined = this.root;
    for (const name of names(path)) node = isFolder(node) ? node.entries.get(name) : undefined;
    return node;
  }

  private split(path: string): readonly [Folder, string] {
    const folder = this.find(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    if (!isFolder(folder)) throw failure('ENOENT', path);
    return [folder, path.slice(path.lastIndexOf('/') + 1)];
  }

  private change(folder: Folder, ...changes: (readonly [string, Node | undefined])[]): void {
    folder.pending.push(new Map(changes));
    for (const [name, node] of changes) place(folder.entries, name, node);
  }

  async create(path: string, mode: 'new' | 'append' = 'new'): Promise<WritableFile> {
    await this.step();
    const [folder, name] = this.split(path);
    let file = folder.entries.get(name) as File | undefined;
    if (file !== undefined && mode === 'new') throw failure('EEXIST', path);
    if (file === undefined) {
      const empty = new Uint8Array();
      this.change(folder, [name, (file = { inode: this.inodes++, bytes: empty, synced: empty })]);
    }
    const open = file;
    return {
      write: async (bytes) => {
        await this.step();
        const longer = new Uint8Array(open.bytes.length + bytes.length);
        longer.set(open.bytes);
        longer.set(bytes, open.bytes.length);
        open.bytes = longer;
      },
      sync: async () => {
        await this.step();
        open.synced = open.bytes;
      },
      close: () => this.step(),
    };
  }

  async open(path: string): Promise<ReadableFile> {
    const bytes = await this.readFile(path);
    return {
      read: async (into, position) => {
        const part = bytes.subarray(position, position + into.length);
        into.set(part);
        return part.length;
      },
      close: () => this.step(),
    };
  }

  async readFile(path: string): Promise<Uint8Array> {
    await this.step();
    const file = this.find(path);
    if (file === undefined || isFolder(file)) throw failure(file === undefined ? 'ENOENT' : 'EISDIR', path);
    return file.bytes;
  }

  async link(from: string, to: string): Promise<void> {
    await this.step();
    const file = this.find(from);
    const [folder, name] = this.split(to);
    if (file === undefined) throw failure('ENOENT', from);
    if (folder.entries.has(name)) throw failure('EEXIST', to);
    this.change(folder, [name, file]);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.step();
    const [folder, name] = this.split(from);
    const [target, newName] = this.split(to);
    const node = folder.entries.get(name);
    if (node === undefined) throw failure('ENOENT', from);
    if (folder !== target) throw failure('EXDEV', to);
    this.change(folder, [name, undefined], [newName, node]);
  }

  async unlink(path: string): Promise<void> {
    await this.step();
    const [folder, name] = this.split(path);
    if (!folder.entries.has(name)) throw failure('ENOENT', path);
    this.change(folder, [name, undefined]);
  }

  async mkdir(path: string): Promise<void> {
    await this.step();
    let folder = this.root;
    for (const name of names(path)) {
      let next = folder.entries.get(name);
      if (next === undefined) this.change(folder, [name, (next = this.folder())]);
      if (!isFolder(next)) throw failure('ENOTDIR', path);
      folder = next;
    }
  }

  async readdir(path: string): Promise<readonly string[]> {
    await this.step();
    const folder = this.find(path);
    if (!isFolder(folder)) throw failure('ENOENT', path);
    return [...folder.entries.keys()].sort();
  }

  async stat(path: string): Promise<FileInfo> {
    await this.step();
    const node = this.find(path);
    if (node === undefined) throw failure('ENOENT', path);
    const [size, isLink] = isFolder(node) ? [0, false] : [node.bytes.length, node.link === true];
    const isDirectory = isFolder(node);
    return { size, mtimeMs: 0, inode: node.inode, isDirectory, isFile: !isDirectory && !isLink, isSymbolicLink: isLink };
  }

  async syncDirectory(path: string): Promise<void> {
    await this.step();
    const folder = this.find(path);
    if (!isFolder(folder)) throw failure('ENOENT', path);
    for (const change of folder.pending) for (const [name, node] of change) place(folder.synced, name, node);
    folder.pending = [];
  }
}

function place(entries: Map<string, Node>, name: string, node: Node | undefined): void {
  if (node === undefined) entries.delete(name);
  else entries.set(name, node);
}

const names = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.');

export function failure(code: string, path = ''): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
