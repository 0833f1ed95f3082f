import { describe, expect, test } from 'vitest';
import { faultsOf, killLoop } from '../../scripts/kill';

describe('npm run kill', () => {
  test('the main job, killed three times: nothing lost, duplicated or wrong', async () => {
    const report = await killLoop({ times: 3, seed: 7 });
    expect(report).toMatchObject({ kills: 3, lost: 0, duplicated: 0, wrong: 0 });
    expect(report.lines).toBeGreaterThan(600);
  }, 180_000);

  test.each([
    ['the same', 'a\nb\n', { lost: 0, duplicated: 0, wrong: 0 }],
    ['a line less', 'a\n', { lost: 1, duplicated: 0, wrong: 0 }],
    ['a line twice', 'a\nb\nb\n', { lost: 0, duplicated: 1, wrong: 0 }],
    ['another line', 'a\nb\nc\n', { lost: 0, duplicated: 0, wrong: 1 }],
    ['half a line', 'a\nb', { lost: 1, duplicated: 0, wrong: 0 }],
    ['another order', 'b\na\n', { lost: 0, duplicated: 0, wrong: 1 }],
  ])('%s is told', (_what, found, faults) => {
    expect(faultsOf('a\nb\n', found)).toEqual(faults);
  });
});
