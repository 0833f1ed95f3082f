import { crashTest, type CrashReport } from 'tidemark/testing';
import { nodeDigests } from '../../src/checkpoint/nodeCheckpoint';
import { CASES } from './cases';

/** What a part of the laboratory is told, as its arguments: points for each case, the first seed, the cases. */
const [points, seed, ...names] = process.argv.slice(2);

// Thousands of errors are thrown on purpose; nobody reads where.
Error.stackTraceLimit = 0;
const reports: Record<string, CrashReport> = {};
for (const name of names) {
  reports[name] = await crashTest(CASES[name]!, { points: Number(points), seed: Number(seed), digests: nodeDigests });
}
process.send!(reports, () => process.disconnect());
