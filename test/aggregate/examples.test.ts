import { readFileSync, readdirSync } from 'node:fs';
import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import * as agg from '../../src/aggregate/index';
import * as neumaier from '../../src/aggregate/neumaier';
import { velocityOf } from '../../src/aggregate/velocity';

const folder = new URL('../../src/aggregate/', import.meta.url);

/** The `@example` blocks of a file, without the comment's stars and fences. */
function examplesOf(file: string): string[] {
  const text = readFileSync(new URL(file, folder), 'utf8');
  const comments = text.match(/\/\*\*[\s\S]*?\*\//g) ?? [];
  return comments.flatMap((comment) => {
    const lines = comment.split('\n').map((line) => line.replace(/^\s*\*\/?\s?/, ''));
    const start = lines.findIndex((line) => line.startsWith('@example'));
    return start < 0
      ? []
      : [
          lines
            .slice(start + 1)
            .filter((line) => !line.startsWith('```'))
            .join('\n'),
        ];
  });
}

/** `expression // => value` becomes a check. */
function run(example: string): void {
  const checked = example.replace(
    /^(.*?);?\s*\/\/ => (.*)$/gm,
    (_, expression: string, value: string) => `expect(${expression}).toEqual(${value});`,
  );
  expect(checked).toContain('expect(');
  const { code } = transformSync(checked, { loader: 'ts' });
  const scope = { agg, expect, velocityOf, ...neumaier };

  new Function(...Object.keys(scope), code)(...Object.values(scope));
}

describe('examples of the docstrings', () => {
  const examples = readdirSync(folder).flatMap((file) =>
    examplesOf(file).map((example, i) => [`${file} ${i + 1}`, example] as const),
  );

  it.each(examples)('%s', (_name, example) => run(example));

  it('are there for every function of agg that this folder documents in full', () => {
    const all = examples.map(([, example]) => example).join('\n');
    const covered = Object.keys(agg).filter((name) => new RegExp(`agg\\.${name}\\b`).test(all));
    const shared = ['avg', 'min', 'max', 'stddev', 'stddevPop', 'variance', 'variancePop'];
    expect(Object.keys(agg).filter((name) => !covered.includes(name) && !shared.includes(name))).toEqual([]);
  });
});
