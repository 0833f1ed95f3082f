import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileCheckpoint } from 'tidemark/node';
import { afterAll, describe, expect, it } from 'vitest';
import { codeOf, countDelta, groups, open, planOf, runBatch } from './script';

const root = mkdtempSync(join(tmpdir(), 'tidemark-checkpoint-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const folder = (): string => join(root, String(++folders), 'deep', 'folder');

describe('fileCheckpoint', () => {
  it('writes the layout of the format, makes folders, leaves no temporary file', async () => {
    const path = folder();
    const checkpoint = await open(fileCheckpoint(path));
    await runBatch(checkpoint, 0);
    await checkpoint.plan(planOf(1, 1));
    const names = (readdirSync(path, { recursive: true }) as string[]).sort();
    expect(names).toEqual([
      'commits',
      'commits/0000000000000000',
      'epochs',
      'epochs/0000000000000001',
      'lock',
      'offsets',
      'offsets/0000000000000000',
      'offsets/0000000000000001',
      'state',
      'state/0000000000000000-a0.delta',
      'tidemark.json',
    ]);
    expect(readFileSync(join(path, 'tidemark.json'), 'utf8')).toMatch(/^tidemark 2 identity \d+ [0-9a-f]{8}\n\{.*\}\n$/);
  });

  it('[D44] goes on after a restart', async () => {
    const path = folder();
    const first = await open(fileCheckpoint(path));
    for (let batch = 0; batch < 25; batch++) await runBatch(first, batch, { delta: countDelta([[[`k${batch % 7}`], batch]]) });
    await first.close();
    const second = await open(fileCheckpoint(`${path}/`));
    expect(second).toMatchObject({ epoch: 2, last: { batch: 24 } });
    expect(await groups(second)).toEqual([0, 1, 2, 3, 4, 5, 6].map((k) => [[`k${k}`], k < 4 ? 21 + k : 14 + k]));
    await second.close();
  });

  it('[L71] refuses a second holder, in this process too, and names the first', async () => {
    const path = folder();
    const first = await open(fileCheckpoint(path));
    const refused: unknown = await open(fileCheckpoint(path)).catch((cause: unknown) => cause);
    expect(refused).toMatchObject({
      code: 'TIDEMARK_CHECKPOINT_IN_USE',
      details: { holder: { owner: 'test', details: { pid: process.pid, epoch: 1 } } },
    });
    await first.close();
    await (await open(fileCheckpoint(path))).close();
  });

  it('of many that start at once, one gets it', async () => {
    const path = folder();
    const codes = await Promise.all(Array.from({ length: 8 }, () => codeOf(open(fileCheckpoint(path)))));
    expect(codes.filter((code) => code === 'nothing')).toHaveLength(1);
    expect(new Set(codes)).toEqual(new Set(['nothing', 'TIDEMARK_CHECKPOINT_IN_USE']));
  });

  it('takes over from a process that is gone, which is fenced if it comes back', async () => {
    const path = folder();
    const first = await open(fileCheckpoint(path));
    await runBatch(first, 0);
    const lock = JSON.parse(readFileSync(join(path, 'lock'), 'utf8')) as { process: { start?: string } };
    // The same pid, started at another time: what a restarted machine or a reused pid looks like.
    writeFileSync(join(path, 'lock'), JSON.stringify({ ...lock, process: { ...lock.process, start: '1', boot: 'other' } }));
    const second = await open(fileCheckpoint(path));
    expect(second.epoch).toBe(2);
    expect(await codeOf(first.plan(planOf(1, 1)))).toBe('TIDEMARK_FENCED');
    await runBatch(second, 1);
    await first.close();
    await second.close();
  });

  it('two processes: the second is refused while the first lives, and gets it when that one is killed', async () => {
    const path = folder();
    const holder = await startHolder(path);
    expect(await codeOf(open(fileCheckpoint(path)))).toBe('TIDEMARK_CHECKPOINT_IN_USE');
    const gone = new Promise((resolve) => holder.once('exit', resolve));
    holder.kill('SIGKILL');
    await gone;
    const checkpoint = await open(fileCheckpoint(path), { name: null });
    expect(checkpoint.epoch).toBe(2);
    await checkpoint.close();
  });
});

/** A process that holds a checkpoint until it is killed. */
async function startHolder(path: string): Promise<ChildProcess> {
  const script = join(import.meta.dirname, 'holder.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}
