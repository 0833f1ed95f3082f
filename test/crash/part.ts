import { crashTest, type CrashReport } from 'tidemark/testing';
import { seeded } from '../../src/testing/assertSplitInvariant';
import { CASES } from './cases';

/** What a part of the laboratory is told, as its arguments: points for each case, the first seed, the cases. */
const [points, seed, ...names] = process.argv.slice(2);

// Ids hang on the seed, too; and a call into the system for each of them takes its time.
const random = seeded(Number(seed));
const fill = <T extends ArrayBufferView | null>(array: T): T => {
  const bytes = new Uint8Array((array as ArrayBufferView).buffer);
  for (let i = 0; i < bytes.length; i++) bytes[i] = random() * 256;
  return array;
};
Object.defineProperty(crypto, 'getRandomValues', { value: fill });
// Thousands of errors are thrown on purpose; nobody reads where.
Error.stackTraceLimit = 0;
const reports: Record<string, CrashReport> = {};
for (const name of names) {
  reports[name] = await crashTest(CASES[name]!, { points: Number(points), seed: Number(seed) });
}
process.send!(reports, () => process.disconnect());
