import { beforeAll, describe, expect, it } from 'vitest';
import { checkCheckpoint } from '../../src/checkpoint/fsck';
import { SimulatedCrash, simulatedFiles, type SimulatedFiles } from '../../src/testing/simulatedFiles';
import { drive, Ledger } from './driver';

/** Two sessions and a bit: plans, stages with and without outputs, commits, snapshots, retention, restarts. */
const BATCHES = 7;
let calls = 0;

beforeAll(async () => {
  const disk = simulatedFiles();
  await drive(disk.checkpoint(), new Ledger(), BATCHES - 1);
  calls = disk.calls;
});

/** Runs to the end without faults; everything must be as if nothing had happened. */
async function finish(disk: SimulatedFiles, ledger: Ledger): Promise<string[]> {
  await drive(disk.checkpoint(), ledger, BATCHES - 1);
  const { findings, last, unknown } = await checkCheckpoint(await disk.checkpoint().open());
  const batches = [...ledger.batches.keys()];
  return [
    ...ledger.wrong,
    ...findings.map(({ rule, message }) => `${rule}: ${message}`),
    ...unknown,
    ...(last === BATCHES - 1 && batches.length === BATCHES ? [] : [`ends at ${last} with ${batches.join()}`]),
  ];
}

async function crashed(work: Promise<void>): Promise<void> {
  await work.catch((cause: unknown) => {
    if (!(cause instanceof SimulatedCrash)) throw cause;
  });
}

/** More seeds of power losses: `TIDEMARK_CRASH_SEEDS=20`. */
const SEEDS = Number(process.env.TIDEMARK_CRASH_SEEDS ?? 1);

async function crashAt(call: number, loss: number | undefined, disk: SimulatedFiles): Promise<string[]> {
  const ledger = new Ledger();
  disk.crashAt(call);
  await crashed(drive(disk.checkpoint(), ledger, BATCHES - 1));
  disk.restart(loss === undefined ? 'kill' : 'power', loss ?? 0);
  const found = await finish(disk, ledger).catch((cause: unknown) => [String(cause)]);
  return found.map((text) => `call ${call}, loss ${loss}: ${text}`);
}

describe('every call of a run, simulated files', () => {
  it('[D44] survives a crash there: process killed, and power lost', async () => {
    expect(calls).toBeGreaterThan(300);
    const wrong: string[] = [];
    for (let call = 1; call <= calls; call++) {
      wrong.push(...(await crashAt(call, undefined, simulatedFiles(call))));
      for (let seed = 1; seed <= SEEDS; seed++) wrong.push(...(await crashAt(call, call * 1000 + seed, simulatedFiles(call))));
    }
    expect(wrong).toEqual([]);
  }, 180_000);

  it.each(['files', 'directories'] as const)('would notice a disk that does not sync %s', async (kind) => {
    let wrong = 0;
    for (let call = 5; call <= calls; call += 20) {
      const disk = simulatedFiles(call);
      disk.ignoreSync(kind);
      wrong += Math.min(1, (await crashAt(call, call, disk)).length);
    }
    expect(wrong).toBeGreaterThan(calls / 40);
  });

  it('survives a second crash while it recovers', async () => {
    const wrong: string[] = [];
    for (let call = 3; call <= calls; call += 7) {
      for (let second = 1; second < 60; second += 9) {
        const disk = simulatedFiles(call);
        const ledger = new Ledger();
        disk.crashAt(call);
        await crashed(drive(disk.checkpoint(), ledger, BATCHES - 1));
        disk.restart('power', second);
        disk.crashAt(second);
        await crashed(drive(disk.checkpoint(), ledger, BATCHES - 1));
        disk.restart('power', call);
        const found = await finish(disk, ledger).catch((cause: unknown) => [String(cause)]);
        wrong.push(...found.map((text) => `calls ${call} and ${second}: ${text}`));
      }
    }
    expect(wrong).toEqual([]);
  }, 180_000);

  const fatal = ['EIO', 'EROFS', 'EACCES', 'ENOSPC'];
  const passing = ['EMFILE', 'EBUSY', 'EAGAIN', 'EINTR'];
  it.each([...fatal, ...passing])(
    '%s there: a named error or none, and nothing is lost',
    async (errno) => {
      const wrong: string[] = [];
      const step = ['EIO', 'ENOSPC', 'EMFILE'].includes(errno) ? 1 : 7;
      for (let call = 1; call <= calls; call += step) {
        const disk = simulatedFiles(call);
        const ledger = new Ledger();
        disk.failAt(call, errno, passing.includes(errno) ? 3 : 1);
        const cause: unknown = await drive(disk.checkpoint(), ledger, BATCHES - 1).catch((thrown: unknown) => thrown);
        const code = cause === undefined ? 'none' : String((cause as { code?: unknown }).code);
        const expected = errno === 'ENOSPC' ? 'TIDEMARK_STORAGE_FULL' : 'TIDEMARK_STORAGE';
        if (code !== 'none' && code !== expected) wrong.push(`call ${call}: ${String(cause)}`);
        disk.restart('power', call);
        const found = await finish(disk, ledger).catch((thrown: unknown) => [String(thrown)]);
        wrong.push(...found.map((text) => `call ${call}: ${text}`));
      }
      expect(wrong).toEqual([]);
    },
    180_000,
  );
});
