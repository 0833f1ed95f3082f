/** The public cases, copied here, through the same code as `npm run conformance`. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findFiles } from './files';
import { suiteLines, totalsOf } from './report';
import { runFile } from './suites';

const files = findFiles([fileURLToPath(new URL('./cases', import.meta.url))]);
let passed = 0;

describe('conformance: no copied case fails', () => {
  it.each(files.map((found) => [found.path.split('/').slice(-2).join('/'), found] as const))(
    '%s',
    async (_name, found) => {
      const result = await runFile(found);
      const totals = totalsOf([result]);
      passed += totals.passed;
      expect(suiteLines(result).filter((line) => line.startsWith('FAILED'))).toEqual([]);
      expect(totals.passed + totals.skipped).toBeGreaterThan(0);
    },
    300_000,
  );

  it('runs what needs no data from beside the checkout', () => {
    expect(files.length).toBeGreaterThanOrEqual(37);
    // Of the element cases and our own answers, of the golden cases on npm data, and all of Spark's.
    expect(passed).toBeGreaterThanOrEqual(171 + 18 + 23);
  });
});
