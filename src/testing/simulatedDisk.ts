import type { FileInfo } from '../files/fileSystem';

/** A file on the disk: what the system shows, and what is certainly there after a power loss. */
export class DiskFile {
  content = new Uint8Array(0);
  durable = new Uint8Array(0);
  /** After a failed sync the system forgets that pages were dirty: later syncs succeed and write nothing (fsync-gate). */
  private lost = false;

  constructor(readonly inode: number) {}

  /** Bytes are never changed in place, so copies share them. */
  copy(): DiskFile {
    const copied = new DiskFile(this.inode);
    copied.content = this.content;
    copied.durable = this.durable;
    copied.lost = this.lost;
    return copied;
  }

  append(bytes: Uint8Array): void {
    const grown = new Uint8Array(this.content.length + bytes.length);
    grown.set(this.content);
    grown.set(bytes, this.content.length);
    this.content = grown;
  }

  sync(): void {
    if (!this.lost) this.durable = this.content;
  }

  failSync(): void {
    this.lost = true;
  }

  /** What was not synced is there, is not there, is torn at any byte, or is zeros. */
  losePower(random: () => number): void {
    const { content, durable } = this;
    if (content === durable) return;
    const to = durable.length + Math.floor(random() * (content.length - durable.length + 1));
    const kept = random() < 0.3 ? durable : random() < 0.3 ? content : content.slice(0, to);
    const torn = kept.slice();
    if (random() < 0.3) torn.fill(0, durable.length + Math.floor(random() * (torn.length - durable.length + 1)));
    this.content = this.durable = torn;
  }
}

/** A directory: entries as the system shows them, and as they are after a power loss. */
export class DiskDirectory {
  readonly entries = new Map<string, DiskNode>();
  private durable = new Map<string, DiskNode>();
  /** What happened to a name since the last sync, in order. */
  private pending = new Map<string, (DiskNode | undefined)[]>();

  set(name: string, node: DiskNode | undefined): void {
    if (node === undefined) this.entries.delete(name);
    else this.entries.set(name, node);
    const changes = this.pending.get(name) ?? [];
    this.pending.set(name, [...changes, node]);
  }

  sync(): void {
    if (this.pending.size === 0) return;
    this.durable = new Map(this.entries);
    this.pending.clear();
  }

  /** @param copied - what became of each node: one file may have several names */
  copy(copied: Map<DiskNode, DiskNode>): DiskDirectory {
    const known = copied.get(this);
    if (known instanceof DiskDirectory) return known;
    const made = new DiskDirectory();
    copied.set(this, made);
    const copyOf = (node: DiskNode): DiskNode => {
      if (node instanceof DiskDirectory) return node.copy(copied);
      const there = copied.get(node) ?? node.copy();
      copied.set(node, there);
      return there;
    };
    for (const [name, node] of this.entries) made.entries.set(name, copyOf(node));
    for (const [name, node] of this.durable) made.durable.set(name, copyOf(node));
    for (const [name, changes] of this.pending) {
      made.pending.set(
        name,
        changes.map((node) => node && copyOf(node)),
      );
    }
    return made;
  }

  /** Every change of an entry since the last sync may or may not be there, each name for itself. */
  losePower(random: () => number): void {
    for (const [name, changes] of this.pending) {
      const states = [this.durable.get(name), ...changes];
      const kept = states[Math.floor(random() * states.length)];
      if (kept === undefined) this.entries.delete(name);
      else this.entries.set(name, kept);
    }
    this.sync();
    for (const node of this.entries.values()) node.losePower(random);
  }
}

export type DiskNode = DiskFile | DiskDirectory;

/** An error as Node throws it. */
export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path} (simulated)`), { code });
}

/** Directories and files by path. */
export class DiskTree {
  private inodes = 0;

  constructor(readonly root = new DiskDirectory()) {}

  copy(): DiskTree {
    const copied = new DiskTree(this.root.copy(new Map()));
    copied.inodes = this.inodes;
    return copied;
  }

  private static steps(path: string): string[] {
    return path.split('/').filter((step) => step !== '' && step !== '.');
  }

  find(path: string): DiskNode | undefined {
    let node: DiskNode | undefined = this.root;
    // Step by step without a list: every call looks for a path.
    for (let from = 0, to = 0; from <= path.length; from = to + 1) {
      to = path.indexOf('/', from);
      if (to < 0) to = path.length;
      const step = path.slice(from, to);
      if (step !== '' && step !== '.') node = node instanceof DiskDirectory ? node.entries.get(step) : undefined;
    }
    return node;
  }

  file(path: string): DiskFile {
    const node = this.find(path);
    if (node instanceof DiskFile) return node;
    throw systemError(node === undefined ? 'ENOENT' : 'EISDIR', path);
  }

  directory(path: string): DiskDirectory {
    const node = this.find(path);
    if (node instanceof DiskDirectory) return node;
    throw systemError(node === undefined ? 'ENOENT' : 'ENOTDIR', path);
  }

  /** The directory that a path is in, and its name there. */
  place(path: string): { readonly directory: DiskDirectory; readonly name: string } {
    const steps = DiskTree.steps(path);
    return { directory: this.directory(steps.slice(0, -1).join('/')), name: steps[steps.length - 1] ?? '' };
  }

  makeFile(path: string): DiskFile {
    const { directory, name } = this.place(path);
    const file = new DiskFile(++this.inodes);
    directory.set(name, file);
    return file;
  }

  makeDirectories(path: string): void {
    let at = this.root;
    for (const step of DiskTree.steps(path)) {
      let next = at.entries.get(step);
      if (next === undefined) at.set(step, (next = new DiskDirectory()));
      if (!(next instanceof DiskDirectory)) throw systemError('ENOTDIR', path);
      at = next;
    }
  }

  info(path: string): FileInfo {
    const node = this.find(path);
    if (node === undefined) throw systemError('ENOENT', path);
    const isFile = node instanceof DiskFile;
    const size = isFile ? node.content.length : 0;
    return { size, mtimeMs: 0, inode: isFile ? node.inode : 0, isFile, isDirectory: !isFile, isSymbolicLink: false };
  }

  /** All files by path. */
  *files(directory = this.root, prefix = ''): Iterable<readonly [path: string, file: DiskFile]> {
    for (const [name, node] of directory.entries) {
      if (node instanceof DiskFile) yield [prefix + name, node];
      else yield* this.files(node, `${prefix}${name}/`);
    }
  }
}
