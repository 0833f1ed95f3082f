import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import { transformSync } from 'esbuild';
import ts from 'typescript';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { programOfAll } from './types/program';

/**
 * Every block of ```ts in the documents compiles and runs as it stands: in an empty folder, twice, as a newcomer might.
 * Comments `// prints TEXT` are all that it prints, line by line. What is not to be run is fenced as ```js.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const MODULES: Readonly<Record<string, () => Promise<unknown>>> = {
  rxjs: () => import('rxjs'),
  'rxjs/testing': () => import('rxjs/testing'),
  'node:fs/promises': () => import('node:fs/promises'),
  tidemark: () => import('tidemark'),
  'tidemark/node': () => import('tidemark/node'),
  'tidemark/testing': () => import('tidemark/testing'),
  'tidemark/ui': () => import('tidemark/ui'),
};

interface Block {
  readonly name: string;
  readonly code: string;
}

const blocks = ['README.md', 'src/ARCHITECTURE.md'].flatMap((name) => {
  const text = readFileSync(join(root, name), 'utf8');
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(({ 1: code = '', index }): Block => {
    return { name: `${name}:${text.slice(0, index).split('\n').length}`, code };
  });
});

/** The block as the body of an asynchronous function: imports become calls. */
function bodyOf(code: string): string {
  const plain = transformSync(code, { loader: 'ts', target: 'es2022' }).code;
  return plain.replace(/^import (\{[^}]*\}) from "([^"]*)";$/gm, (_, names: string, from: string) => {
    return `const ${names.replaceAll(' as ', ': ')} = await __load('${from}');`;
  });
}

async function run(code: string): Promise<string[]> {
  const printed: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => void printed.push(format(...values)));
  const load = (name: string): Promise<unknown> => {
    expect(Object.keys(MODULES)).toContain(name);
    return MODULES[name]!();
  };
  try {
    const body = new Function('__load', `return (async () => {\n${bodyOf(code)}\n})();`) as (of: typeof load) => Promise<void>;
    await body(load);
  } finally {
    log.mockRestore();
  }
  return printed;
}

const promised = (code: string): string[] => [...code.matchAll(/^\/\/ prints (.*)$/gm)].map(({ 1: text = '' }) => text);

describe('the documents', () => {
  const home = process.cwd();
  let folder = '';
  beforeEach(() => process.chdir((folder = mkdtempSync(join(tmpdir(), 'tidemark-readme-')))));
  afterEach(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
  });

  it('have examples, and the first one is short', () => {
    expect(blocks.length).toBeGreaterThan(6);
    const lines = blocks[0]!.code.trim().split('\n');
    const from = lines.findIndex((line) => line.startsWith('views$'));
    expect(lines.slice(from).filter((line) => !line.startsWith('//')).length).toBeLessThanOrEqual(8);
  });

  it.each(blocks.map(({ name, code }) => [name, code]))('%s does what it says, and again', async (_name, code) => {
    expect(promised(code).length).toBeGreaterThan(0);
    expect(await run(code)).toEqual(promised(code));
    expect(await run(code)).toEqual(promised(code));
  });

  it('compile', () => {
    const { program, files } = programOfAll(
      root,
      blocks.map(({ code }) => code),
    );
    const found = files.flatMap((file, i) =>
      [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
        ({ messageText }) => `${blocks[i]?.name} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
      ),
    );
    expect(found).toEqual([]);
  });

  it('link to files that are there', () => {
    for (const name of ['README.md', 'CONTRIBUTING.md']) {
      const links = [...readFileSync(join(root, name), 'utf8').matchAll(/\]\(([^)#:]+)\)/g)].map(({ 1: path = '' }) => path);
      for (const path of links) expect(readFileSync(join(root, path), 'utf8').length, path).toBeGreaterThan(0);
    }
  });
});
