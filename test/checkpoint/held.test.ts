import { expect, it } from 'vitest';
import { memoryCheckpoint } from '../../src/checkpoint';
import { walkOf, type StateEntry } from '../../src/state/table';
import { commitOf, countDelta, groups, open, planOf, stageOf } from './script';

// In a file of its own: superjson is loaded once for all tests of a file.
it('what is staged is what was there when it was called, also while superjson is loaded', async () => {
  const checkpoint = await open(memoryCheckpoint());
  await checkpoint.plan(planOf(0, checkpoint.epoch));
  let n = 1;
  const put = walkOf((): StateEntry[] => [[['k'], { url: new URL('http://example.org'), n }]]);
  const groupsNow = { version: 1, whole: false, removed: [], put };
  const delta = [{ ...countDelta([])[0]!, tables: { groups: groupsNow } }];
  const staged = checkpoint.stage(stageOf(0, 'a0', { delta }));
  n = 2;
  await staged;
  await checkpoint.commit(commitOf(0, 'a0', checkpoint.epoch));
  expect(await groups(checkpoint)).toMatchObject([[['k'], { n: 1 }]]);
});
