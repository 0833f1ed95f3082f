import { join } from 'node:path';
import ts from 'typescript';

/** What the code given to `programOf` can use. */
export const RXJS_AND_ROWS = `
import { filter, from, map } from 'rxjs';
import {
  agg, aggregate, assignWindows, dropDuplicates, dropDuplicatesWithinWatermark, events, filterRows, flatMapRows, mapRows,
  onClose, onTime, onUpdate, rows, session, sliding, tumbling, withWatermark,
} from 'tidemark';
interface Ev { t: number; k: string; v: number | null; c: Date; tags: string[]; temperature?: number }
declare const rowsOfEv: Ev[];
const src = from(rowsOfEv);
`;

/** The compiler options of the repository, with unused names allowed. */
export function compilerOptions(root: string): ts.CompilerOptions {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent({ ...config.config, include: [], files: [] } as object, ts.sys, root);
  return { ...options, noUnusedLocals: false };
}

/** Parsed once: everything but the file in memory is the same in all programs. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/** A program with one file of a user in it, which exists in memory only. */
export function programOf(root: string, code: string): { program: ts.Program; file: ts.SourceFile } {
  const { program, files } = programOfAll(root, [code]);
  return { program, file: files[0] as ts.SourceFile };
}

/** The same with several files, which know nothing of each other. */
export function programOfAll(root: string, codes: readonly string[]): { program: ts.Program; files: readonly ts.SourceFile[] } {
  const options = compilerOptions(root);
  const users = new Map(codes.map((code, i) => [join(root, `test/types/__user${i}.ts`), code]));
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (path, version, ...rest) => {
    const code = users.get(path);
    if (code !== undefined) return ts.createSourceFile(path, code, version, true);
    if (!parsed.has(path)) parsed.set(path, getSourceFile.call(host, path, version, ...rest));
    return parsed.get(path);
  };
  host.fileExists = (path) => users.has(path) || fileExists.call(host, path);
  host.readFile = (path) => users.get(path) ?? readFile.call(host, path);
  const program = ts.createProgram([...users.keys()], options, host);
  return { program, files: [...users.keys()].map((name) => program.getSourceFile(name) as ts.SourceFile) };
}
