/** The public cases, copied here, through the same code as `npm run conformance`. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findFiles, type Found } from './files';
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

  it('what differs on purpose has an answer of our own, which is run', async () => {
    const own = new Set(files.filter(isOwn).flatMap((found) => casesOf(found).map(({ origin }) => origin)));
    const unanswered: string[] = [];
    for (const found of files.filter((one) => !isOwn(one) && !one.path.includes('golden'))) {
      const { suite, cases } = await runFile(found);
      for (const { name, verdict } of cases) {
        if (verdict.kind === 'skipped' && !own.has(`${suite}, ${name}`)) unanswered.push(`${suite}, ${name}: ${verdict.why}`);
      }
    }
    // There is nothing in the library to ask: a whole assigner of Kafka Streams, and statistics of several partitions.
    expect(unanswered.filter((one) => !/slidingByDifference|eventTimeStats|sliding-difference-expired/.test(one))).toEqual([]);
  }, 120_000);

  it.each(['files', 'indexedDb'] as const)(
    'queries keep their checkpoints in %s',
    async (backend) => {
      const found = files.filter(({ path }) => /StreamingQuerySuite|EventTimeWatermarkSuite|own.queries/.test(path));
      expect(found).toHaveLength(3);
      for (const one of found) {
        const lines = suiteLines(await runFile(one, { backend }));
        expect(lines.filter((line) => line.startsWith('FAILED'))).toEqual([]);
        expect(lines.at(-1)).toContain(` on ${backend}: `);
      }
    },
    120_000,
  );
});

const isOwn = ({ path }: Found): boolean => /[/\\]own[/\\]/.test(path);
const casesOf = ({ content }: Found): readonly { readonly origin?: string }[] =>
  (content as { readonly cases: readonly { readonly origin?: string }[] }).cases;
