import { beforeAll, describe, expect, it } from 'vitest';
import { memoryCheckpoint, type MemoryLocation } from '../../src/checkpoint';
import { checkCheckpoint } from '../../src/checkpoint/fsck';
import { seeded } from '../../src/testing/assertSplitInvariant';
import { countDelta, open, planOf, runBatch, stageOf } from './script';

/** `TIDEMARK_ALL_BITS=1`: every bit and every length of every file, instead of a part of them. */
const ALL = process.env.TIDEMARK_ALL_BITS === '1';
let pristine: ReadonlyMap<string, Uint8Array>;
let expected: string;

/** Four commits with two snapshots, a pending batch with a stage that has outputs. */
beforeAll(async () => {
  const location = memoryCheckpoint();
  for (const batch of [0, 2, 4]) {
    const checkpoint = await open(location);
    const put = [[[`key ${batch}`], { at: new Date(batch), n: batch }]] as const;
    if (batch === 4) {
      await checkpoint.plan(planOf(4, checkpoint.epoch));
      await checkpoint.amend(planOf(4, checkpoint.epoch, { excluded: [['in', 0, 'poison']] }));
      await checkpoint.stage(stageOf(4, 'a4', { outputs: [{ sink: 'out', rows: [{ n: 1 }] }], delta: countDelta(put) }));
    } else for (const n of [batch, batch + 1]) await runBatch(checkpoint, n, { delta: countDelta(put) });
    await checkpoint.close();
  }
  pristine = new Map(location.files);
  expected = await everything(location);
  expect([...pristine.keys()].filter((name) => name.endsWith('.snap'))).toHaveLength(2);
});

function damaged(name: string, bytes: Uint8Array | undefined): MemoryLocation {
  const location = memoryCheckpoint();
  for (const [each, there] of pristine) location.files.set(each, there);
  if (bytes === undefined) location.files.delete(name);
  else location.files.set(name, bytes);
  return location;
}

/** All that a query gets to see. */
async function everything(location: MemoryLocation): Promise<string> {
  const checkpoint = await open(location);
  const { queryId, last, pending, lastPlan } = checkpoint;
  const state = [...(await checkpoint.readState())];
  const stages = await checkpoint.stages();
  const outputs = await Promise.all(stages.map((stage) => stage.outputs()));
  return JSON.stringify([queryId, last, pending, lastPlan, state, stages, outputs]);
}

/** What opening it says: the same as ever, a named error, or something it must not. */
async function verdict(location: MemoryLocation): Promise<'same' | 'named' | string> {
  try {
    const found = await everything(location);
    return found === expected ? 'same' : `another answer: ${found}`;
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    return /^TIDEMARK_(CHECKPOINT_CORRUPT|CHECKPOINT_GAP|FORMAT_TOO_NEW)$/.test(String(code)) ? 'named' : String(cause);
  }
}

/** Every damage is found by fsck; a query stops at it by name, or never looks at the file. */
async function check(name: string, bytes: Uint8Array | undefined, what: string, wrong: string[]): Promise<void> {
  const said = await verdict(damaged(name, bytes));
  if (said !== 'same' && said !== 'named') wrong.push(`${name} ${what}: ${said}`);
  const { findings, unreferenced } = await checkCheckpoint(await damaged(name, bytes).open());
  const isNoticed = findings.length > 0 || unreferenced.includes(name);
  if (!isNoticed) wrong.push(`${name} ${what}: not noticed`);
}

describe('damage to any file', () => {
  it('every bit that flips is noticed, and never makes another answer', async () => {
    const random = seeded(7);
    const wrong: string[] = [];
    for (const [name, bytes] of pristine) {
      for (let at = 0; at < bytes.length; at += ALL ? 1 : 2) {
        for (const bit of ALL ? [0, 1, 2, 3, 4, 5, 6, 7] : [Math.floor(random() * 8)]) {
          const flipped = bytes.slice();
          flipped[at]! ^= 1 << bit;
          await check(name, flipped, `bit ${bit} of byte ${at}`, wrong);
        }
      }
    }
    expect(wrong).toEqual([]);
  }, 600_000);

  it('every truncation is noticed', async () => {
    const wrong: string[] = [];
    for (const [name, bytes] of pristine) {
      for (let length = 0; length < bytes.length; length += ALL ? 1 : 3)
        await check(name, bytes.slice(0, length), `cut to ${length}`, wrong);
    }
    expect(wrong).toEqual([]);
  }, 600_000);

  it('every file that is gone is noticed, unless that is how a crash would have left it', async () => {
    const wrong: string[] = [];
    for (const name of pristine.keys()) {
      const said = await verdict(damaged(name, undefined));
      const isAsBeforeACrash = /offsets\/0*4(\.1)?$|0*4-a4\.delta$|commits\/0*3$/.test(name);
      if (said !== 'same' && said !== 'named' && !isAsBeforeACrash) wrong.push(`${name}: ${said}`);
    }
    expect(wrong).toEqual([]);
  });

  it('files of other batches, or of another query, do not pass for their own', async () => {
    const other = memoryCheckpoint();
    const checkpoint = await open(other, { newId: () => 'other' });
    for (let batch = 0; batch < 4; batch++) await runBatch(checkpoint, batch, { delta: countDelta([[['key 0'], batch]]) });
    const wrong: string[] = [];
    for (const [name] of pristine) {
      const kind = name.replace(/[\d.]+.*$/, '');
      const others = [...pristine].filter(([each]) => each !== name && each.startsWith(kind)).map(([, bytes]) => bytes);
      const foreign = other.files.get(name);
      for (const bytes of [...others, ...(foreign && name !== 'tidemark.json' ? [foreign] : [])]) {
        const said = await verdict(damaged(name, bytes));
        if (said !== 'same' && said !== 'named') wrong.push(`${name}: ${said}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('a state file that the first chain needs is replaced by the second chain', async () => {
    const chain = damaged('state/0000000000000003-a3.snap', undefined);
    expect(await verdict(chain)).toBe('same');
    const both = damaged('state/0000000000000001-a1.snap', undefined);
    both.files.delete('state/0000000000000003-a3.snap');
    expect(await verdict(both)).toBe('same');
    both.abandon();
    both.files.delete('state/0000000000000000-a0.delta');
    expect(await verdict(both)).toBe('named');
  });

  it('a checkpoint without its identity, or without its first files, is no fresh start', async () => {
    expect(await verdict(damaged('tidemark.json', undefined))).toBe('named');
    const location = memoryCheckpoint();
    for (const [name, bytes] of pristine) if (!/^(commits|offsets)/.test(name)) location.files.set(name, bytes);
    expect(await verdict(location)).toBe('named');
  });
});
