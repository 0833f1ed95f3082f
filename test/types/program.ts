import { join } from 'node:path';
import ts from 'typescript';

/** What the code given to `programOf` can use. */
export const RXJS_AND_ROWS = `
import { filter, from, map } from 'rxjs';
import {
  agg, aggregate, assignWindows, dropDuplicates, dropDuplicatesWithinWatermark, events, filterRows, flatMapRows, mapRows,
  onClose, onTime, onUpdate, rows, session, sliding, tumbling, withWatermark,
} from 'tidemark';
interface Ev { t: number; k: string; v: number | null; c: Date; tags: string[] }
declare const rowsOfEv: Ev[];
const src = from(rowsOfEv);
`;

/** The compiler options of the repository, with unused names allowed. */
export function compilerOptions(root: string): ts.CompilerOptions {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent({ ...config.config, include: [], files: [] } as object, ts.sys, root);
  return { ...options, noUnusedLocals: false };
}

/** A program with one file of a user in it, which exists in memory only. */
export function programOf(root: string, code: string): { program: ts.Program; file: ts.SourceFile } {
  const options = compilerOptions(root);
  const name = join(root, 'test/types/__user.ts');
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (path, ...rest) =>
    path === name ? ts.createSourceFile(path, code, ts.ScriptTarget.ES2022, true) : getSourceFile.call(host, path, ...rest);
  host.fileExists = (path) => path === name || fileExists.call(host, path);
  host.readFile = (path) => (path === name ? code : readFile.call(host, path));
  const program = ts.createProgram([name], options, host);
  return { program, file: program.getSourceFile(name) as ts.SourceFile };
}
