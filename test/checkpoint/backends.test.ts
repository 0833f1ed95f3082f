import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { indexedDbCheckpoint } from 'tidemark/browser';
import { fileCheckpoint } from 'tidemark/node';
import { simulatedFiles, stateBackendSuite, type BackendUnderTest, type SimulatedFiles } from 'tidemark/testing';
import { afterAll, describe, it } from 'vitest';
import { memoryCheckpoint, type CheckpointLocation, type MemoryLocation } from '../../src/checkpoint';

globalThis.IDBKeyRange = IDBKeyRange;
const root = mkdtempSync(join(tmpdir(), 'tidemark-suite-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let places = 0;

const disks = new Map<CheckpointLocation, SimulatedFiles>();
const nodeFiles = (durability: 'strict' | 'relaxed'): BackendUnderTest => ({
  place: () => fileCheckpoint(join(root, String(++places)), { durability }),
  abandon: ({ location }) => {
    const lock = join(location, 'lock');
    const text = JSON.parse(readFileSync(lock, 'utf8')) as { process: object };
    writeFileSync(lock, JSON.stringify({ ...text, process: { ...text.process, start: 'another' } }));
  },
});

let clock = 0;
const database = (durability: 'strict' | 'relaxed'): BackendUnderTest => ({
  place: () => indexedDbCheckpoint(String(++places), { factory: new IDBFactory(), durability, locks: null, now: () => clock }),
  abandon: () => void (clock += 60_000),
});

const backends: Record<string, BackendUnderTest> = {
  memory: { place: () => memoryCheckpoint(), abandon: (location) => (location as MemoryLocation).abandon() },
  'Node files': nodeFiles('strict'),
  'Node files, relaxed': nodeFiles('relaxed'),
  'simulated files': {
    place: () => {
      const disk = simulatedFiles();
      const location = disk.checkpoint();
      disks.set(location, disk);
      return location;
    },
  },
  IndexedDB: database('strict'),
  'IndexedDB, relaxed': database('relaxed'),
};

describe.each(Object.entries(backends))('[D46] state backend: %s', (_, backend) => {
  for (const { name, run } of stateBackendSuite(backend)) it(name, run);
});
