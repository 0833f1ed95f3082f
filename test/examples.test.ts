/// <reference types="vite/client" />
import { transformSync } from 'esbuild';
import * as rx from 'rxjs';
import * as tidemark from 'tidemark';
import * as node from 'tidemark/node';
import * as testing from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

/**
 * Runs the examples of the docstrings: `expression // => value`. A module's own exports, tidemark (with its entries for Node
 * and for tests) and RxJS are in scope.
 */
const SOURCES = import.meta.glob<string>(['../operators/*.ts', '../src/**/*.ts'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
const MODULES = import.meta.glob<Record<string, unknown>>(['../operators/*.ts', '../src/**/*.ts'], { eager: true });

interface Example {
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

/** The text behind `@example`, up to the next tag or the end of the comment, without stars and fences. */
function examplesOf(file: string, source: string): Example[] {
  return [...source.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap(({ 0: comment, index }) => {
    const before = source.slice(0, index).split('\n').length;
    const lines = comment
      .replace(/\*\/$/, '')
      .split('\n')
      .map((line) => line.replace(/^\s*\/?\*+ ?/, ''));
    const starts = lines.flatMap((line, i) => (line.trim() === '@example' ? [i] : []));
    return starts.map((start) => {
      const rest = lines.slice(start + 1);
      const end = rest.findIndex((line) => /^@\w/.test(line));
      const code = rest.slice(0, end < 0 ? rest.length : end).filter((line) => !line.startsWith('```'));
      return { file, line: before + start, code: code.join('\n') };
    });
  });
}

/** `a; // => b` becomes a check; only where both stand on one line. */
function checked(code: string): string {
  return code
    .split('\n')
    .map((line) => {
      const match = /^(?!const |let |import )(\s*)(.+?);?\s*\/\/ => (.+)$/.exec(line);
      return match === null ? line : `${match[1] ?? ''}__check((${match[2] ?? ''}), (${match[3] ?? ''}));`;
    })
    .join('\n');
}

const EXAMPLES = Object.entries(SOURCES).flatMap(([file, source]) =>
  examplesOf(file, source).filter(({ code }) => code.includes('// =>')),
);

describe('the examples of the docstrings', () => {
  it('are found', () => {
    expect(EXAMPLES.length).toBeGreaterThan(30);
    const operators = Object.keys(SOURCES).filter((file) => file.startsWith('../operators/') && !file.endsWith('index.ts'));
    const without = operators.filter((file) => !SOURCES[file]?.includes('@example'));
    expect(without).toEqual([]);
  });

  it.each(EXAMPLES.map((example) => [`${example.file.slice(3)}:${example.line}`, example] as const))(
    '%s',
    async (_name, { file, code }) => {
      const own = MODULES[file];
      const scope: Record<string, unknown> = {
        ...rx,
        ...node,
        ...testing,
        ...tidemark,
        ...(tidemark.agg as object),
        ...own,
        tidemark,
        rx,
      };
      // `agg.count` and RxJS's `count` share a name; what the module itself exports wins.
      for (const name of ['count', 'max', 'min', 'first', 'last']) scope[name] = own?.[name] ?? rx[name as keyof typeof rx];
      const { code: plain } = transformSync(checked(code), { loader: 'ts', target: 'es2022' });
      const names = Object.keys(scope).filter(
        (name) =>
          /^[A-Za-z_$][\w$]*$/.test(name) &&
          name !== 'default' &&
          !new RegExp(`(const|let|class|function) ${name}\\b`).test(plain),
      );
      let checks = 0;
      const check = (got: unknown, wanted: unknown): void => {
        checks++;
        expect(got).toEqual(wanted);
      };

      const run = new Function('__check', ...names, `return (async () => {\n${plain}\n})();`) as (
        ...args: unknown[]
      ) => Promise<void>;
      await run(check, ...names.map((name) => scope[name]));
      expect(checks).toBeGreaterThan(0);
    },
  );
});
