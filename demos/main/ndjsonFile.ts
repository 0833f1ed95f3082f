import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { DemoFailure, reasonOf } from './failure';
import { makeFolder } from './makeFolder';

const FLUSH_AT = 65_536;

/**
 * Writes rows as NDJSON, a chunk at a time, to `<path>.partial`, which gets its name when it is complete: nobody reads half
 * a file. Synchronous, so that a full disk stops the demo at the row that did not fit.
 */
export class NdjsonFile {
  lines = 0;
  private text = '';
  private file: number | undefined;
  private readonly partial: string;

  constructor(readonly path: string) {
    this.partial = `${path}.partial`;
    this.file = this.guard(() => {
      makeFolder(dirname(path));
      return openSync(this.partial, 'w');
    });
  }

  write(row: object): void {
    this.text += `${JSON.stringify(row)}\n`;
    this.lines++;
    if (this.text.length >= FLUSH_AT) this.flush();
  }

  /** Writes what is left; afterwards the file is there under its name, and on the disk. */
  close(): void {
    this.flush();
    this.guard(() => {
      fsyncSync(this.file!);
      closeSync(this.file!);
      this.file = undefined;
      renameSync(this.partial, this.path);
    });
  }

  /** Leaves nothing behind of a run that failed. */
  discard(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
    rmSync(this.partial, { force: true });
  }

  private flush(): void {
    const bytes = Buffer.from(this.text);
    this.text = '';
    this.guard(() => {
      for (let at = 0; at < bytes.length;) at += writeSync(this.file!, bytes, at);
    });
  }

  private guard<R>(work: () => R): R {
    try {
      return work();
    } catch (cause) {
      throw new DemoFailure(`cannot write ${this.path}: ${reasonOf(cause)}`);
    }
  }
}
