import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { isRecord } from './shape';

/** A file that was found, with its content, or with what is wrong with it. */
export interface Found {
  readonly path: string;
  readonly content?: unknown;
  readonly problem?: string;
}

/** Case files of the given files and folders; folders to any depth, every file once, in the order of their names. */
export function findFiles(paths: readonly string[]): readonly Found[] {
  const found = new Map<string, Found>();
  for (const path of paths) {
    for (const one of filesAt(placeOf(path))) if (!found.has(one.path)) found.set(one.path, one);
  }
  return [...found.values()];
}

/** npm runs a script in the package's folder; what the user typed is relative to where npm was called. */
export function placeOf(path: string): string {
  const here = resolve(path);
  const caller = process.env['INIT_CWD'];
  return existsSync(here) || caller === undefined ? here : resolve(caller, path);
}

function filesAt(path: string): readonly Found[] {
  if (!existsSync(path)) return [{ path, problem: 'no such file or folder' }];
  if (!statSync(path).isDirectory()) return [read(path)];
  return jsonFiles(path).map(read).filter(isCaseFile);
}

function jsonFiles(folder: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name === '.git' ? [] : jsonFiles(path);
    return entry.name.endsWith('.json') ? [path] : [];
  });
}

function read(path: string): Found {
  try {
    return { path, content: JSON.parse(readFileSync(path, 'utf8')) as unknown };
  } catch (error) {
    return { path, problem: `${basename(path)} cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** In a folder other JSON files may lie beside the cases. */
function isCaseFile({ content, problem }: Found): boolean {
  if (problem !== undefined) return true;
  return isRecord(content) && ['cases', 'formatVersion', 'format'].some((name) => content[name] !== undefined);
}
