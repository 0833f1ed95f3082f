import { readFileSync } from 'node:fs';
import * as rxjs from 'rxjs';
import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import * as alerts from '../../src/alerts';
import * as agg from '../../src/aggregate';
import { alertWhen } from '../../operators/alertWhen';
import { previousRows } from '../../operators/previousRows';
import { rows } from '../../operators/rows';
import { withWatermark } from '../../operators/withWatermark';

const FILES = [
  'src/alerts/threshold.ts',
  'src/alerts/trend.ts',
  'src/alerts/manager.ts',
  'operators/alertWhen.ts',
  'operators/previousRows.ts',
];

function exampleOf(file: string): string {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  const [, example = ''] = /@example\n([\s\S]*?)\*\//.exec(text) ?? [];
  return example
    .split('\n')
    .map((line) => line.replace(/^\s*\*\s?/, ''))
    .filter((line) => !line.startsWith('```'))
    .join('\n');
}

describe('examples of the docstrings', () => {
  it.each(FILES)('%s', (file) => {
    const checked = exampleOf(file).replace(/^(.*?);?\s*\/\/ => (.*)$/gm, 'expect($1).toEqual($2);');
    expect(checked).toContain('expect(');
    const { code } = transformSync(checked, { loader: 'ts' });
    const { from, of } = rxjs;
    const scope = { from, of, ...alerts, agg, alertWhen, previousRows, rows, withWatermark, expect };
    new Function(...Object.keys(scope), code)(...Object.values(scope));
  });
});
