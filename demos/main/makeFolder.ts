import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Not `{ recursive: true }`: Node tries for ever where a parent exists and cannot hold folders (/proc). */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}
