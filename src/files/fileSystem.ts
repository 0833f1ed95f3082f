/** What is known about a file. */
export interface FileInfo {
  readonly size: number;
  readonly mtimeMs: number;
  /** Identity of the file behind the name, where there is one. */
  readonly inode: number;
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly isSymbolicLink: boolean;
}

/** A file open for writing. A failed `sync` or `close` is final for that file: write another under another name. */
export interface WritableFile {
  write(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A file open for reading. */
export interface ReadableFile {
  /** Fills `into` from `position`; resolves to how much there was. */
  read(into: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * The calls of a file system that tidemark uses, so that tests can put one in their place that loses power. Errors carry
 * the codes of Node (`ENOENT`, `EEXIST`, `ENOSPC`, …) in `code`. Paths use `/`.
 */
export interface FileSystem {
  /** Opens a new file; `EEXIST` if there is one. `append`: opens or makes it, and writes at its end. */
  create(path: string, mode?: 'new' | 'append'): Promise<WritableFile>;
  open(path: string): Promise<ReadableFile>;
  readFile(path: string): Promise<Uint8Array>;
  /** A second name for a file, never replacing one: `EEXIST`. */
  link(from: string, to: string): Promise<void>;
  /** Replaces `to`. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes the directory and those above it. */
  mkdir(path: string): Promise<void>;
  /** Names in a directory, sorted by code unit. */
  readdir(path: string): Promise<readonly string[]>;
  /** Does not follow symbolic links; `ENOENT` if there is nothing. */
  stat(path: string): Promise<FileInfo>;
  /** Makes the entries of a directory durable. */
  syncDirectory(path: string): Promise<void>;
}
