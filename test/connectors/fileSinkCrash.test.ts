import { ndjson } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { fileSink, type FileSinkOptions } from '../../src/connectors/fileSink/fileSink';
import { readFileSink } from '../../src/connectors/fileSink/readFileSink';

import { LossyFiles, PowerLoss } from './lossyFiles';
import { batchOf, contextOf, idOf } from './sinks';

interface Row {
  readonly id: number;
  readonly part: string;
  readonly attempt: string;
}

const BATCHES = 11; // so that a compaction is among them
const PARTS = [null, '../x'];

/** Two rows a batch; they carry their attempt, so that no two attempts can be mistaken for one another. */
const rowsOf = (batch: number, attempt: string): unknown[] =>
  PARTS.map((part, i) => ({ id: batch * PARTS.length + i, part, attempt }));

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Any program: lists the folder, skips dot files and the log, reads JSON lines. */
function plainRows(fs: LossyFiles): Row[] {
  const found: Row[] = [];
  for (const [path, bytes] of fs.files()) {
    if (path.split('/').some((name) => name.startsWith('.') || name.startsWith('_'))) continue;
    const text = new TextDecoder().decode(bytes);
    expect(text.endsWith('\n'), path).toBe(true);
    for (const line of text.trimEnd().split('\n')) found.push(JSON.parse(line) as Row);
  }
  return found;
}

/** What a query does: ask, write what is missing under a new attempt, remember what was said to be committed. */
async function run(fs: LossyFiles, options: Partial<FileSinkOptions>, start: number, held: Map<number, string>): Promise<void> {
  const sink = fileSink({ path: 'deep/out', format: ndjson(), fs, partitionBy: 'part', ...options });
  await sink.open?.(contextOf({ epoch: start }));
  for (let batch = 0; batch < BATCHES; batch++) {
    const known = await sink.lookup?.(batch);
    const promised = held.get(batch);
    if (promised !== undefined) expect(known?.attemptId, `batch ${batch} was committed`).toBe(promised);
    if (known !== undefined) {
      held.set(batch, known.attemptId);
      continue;
    }
    const attemptId = `s${start}b${batch}`;
    const receipt = await sink.commit(batchOf('append', rowsOf(batch, attemptId)), idOf(batch, { attemptId, epoch: start }));
    expect(receipt?.attemptId).toBe(attemptId);
    held.set(batch, attemptId);
  }
  await sink.close?.();
}

async function crashes(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (cause) {
    if (cause instanceof PowerLoss) return true;
    throw cause;
  }
}

const sorted = (rows: readonly Row[]): string[] =>
  rows.map(({ id, attempt }) => `${String(id).padStart(3, '0')} ${attempt}`).sort();

describe.each(['manifest', 'strict'] as const)('fileSink under power loss: %s', (visibility) => {
  it('[L16, D74] a crash at any call, and another in the recovery, give each committed row once', async () => {
    let points = 0;
    for (let call = 1, done = false; !done; call++) {
      const fs = new LossyFiles();
      const random = seeded(call);
      const held = new Map<number, string>();
      fs.fail(call);
      let starts = 1;
      done = !(await crashes(run(fs, { visibility }, starts, held)));
      if (!done) {
        const restart = (): void => (random() < 0.4 ? fs.revive() : fs.restart(random));
        restart();
        fs.fail(1 + Math.floor(random() * 60));
        for (starts++; await crashes(run(fs, { visibility }, starts, held)); starts++) restart();
      }
      fs.fail(Infinity);
      points += starts;
      const expected = [...held].flatMap(([batch, attempt]) => rowsOf(batch, attempt)) as Row[];
      expect(held.size).toBe(BATCHES);
      const read: Row[] = [];
      for await (const row of readFileSink<Row>({ path: 'deep/out', format: ndjson(), fs })) read.push(row);
      expect(sorted(read), `call ${call}`).toEqual(sorted(expected));
      expect(sorted(plainRows(fs)), `call ${call}`).toEqual(sorted(expected)); // orphans are gone after a clean start
    }
    expect(points).toBeGreaterThan(300);
  });
});

describe('fileSink with strict visibility', () => {
  it('[L16] at no moment does a plain listing show a row of an attempt that is not committed, or a row twice', async () => {
    let looks = 0;
    for (let call = 1, done = false; !done; call++) {
      const fs = new LossyFiles();
      const held = new Map<number, string>();
      fs.fail(call);
      done = !(await crashes(run(fs, { visibility: 'strict' }, 1, held)));
      const before = plainRows(fs); // the process was killed, the machine lives
      fs.restart(seeded(call));
      const after = plainRows(fs); // the machine lost power
      await crashes(run(fs, { visibility: 'strict' }, 2, held));
      for (const seen of [before, after]) {
        const ids = seen.map(({ id }) => id);
        expect(new Set(ids).size, `call ${call}`).toBe(ids.length);
        for (const { id, attempt } of seen) expect(attempt, `call ${call}`).toBe(held.get(Math.floor(id / PARTS.length)));
        looks++;
      }
    }
    expect(looks).toBeGreaterThan(300);
  });
});
