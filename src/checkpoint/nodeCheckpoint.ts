import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { nodeFileSystem } from '../files/nodeFileSystem';
import type { FileSystem } from '../files/fileSystem';
import type { CheckpointLocation } from './backend';
import { platformDigests } from './digests';
import { fileLocation } from './fileBackend';
import type { ProcessProbe } from './fileLock';

/** Options of `fileCheckpoint`. */
export interface FileCheckpointOptions {
  /** The file system; default: Node's. */
  readonly fs?: FileSystem;
  /**
   * `strict` (default): what is committed survives a power loss. `relaxed`: it survives the end of the process; after a
   * power loss the checkpoint may be damaged, and says so.
   */
  readonly durability?: 'strict' | 'relaxed';
}

/**
 * A place for a checkpoint in a folder of this machine, made if it is not there. One query at a time: a second one is
 * refused while the first one lives.
 *
 * @param path - the folder
 * @param options - `fs`, `durability`
 * @returns for the option `checkpoint` of `writeStream`
 * @example
 * fileCheckpoint('checkpoints/silver').location // => 'checkpoints/silver'
 */
export function fileCheckpoint(path: string, options: FileCheckpointOptions = {}): CheckpointLocation {
  const { fs = nodeFileSystem, durability = 'strict' } = options;
  const platform = { fs, process: nodeProcess, now: Date.now, wait, digests: platformDigests };
  return fileLocation(path.replace(/(?<=[^/])\/+$/, ''), platform, durability);
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** When a process started, in the kernel's ticks since boot: a pid that is used again has another one. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]; // the name before may hold spaces
  } catch {
    return undefined;
  }
}

/** Different after every boot of the machine, where the system tells. */
function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return undefined;
  }
}

const nodeProcess: ProcessProbe = {
  id: randomBytes(6).toString('hex'),
  get self() {
    return { pid: process.pid, host: hostname(), boot: bootId(), start: startOf(process.pid) };
  },
  isAlive: ({ pid, host, boot, start }) => {
    if (host !== hostname() || typeof pid !== 'number') return undefined;
    if (boot !== bootId()) return false;
    return isRunning(pid) && (start === undefined || start === startOf(pid));
  },
};

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's, but there
  }
}
