import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memorySource, streamingQuery, type BatchSink, type CheckpointLocation } from 'tidemark';
import { fileCheckpoint, temporaryCheckpoint } from 'tidemark/node';
import { afterAll, describe, expect, it } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'tidemark-named-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('[D75] temporaryCheckpoint', () => {
  const run = async (checkpoint: CheckpointLocation, fails: boolean): Promise<boolean> => {
    let wasThere = false;
    const sink: BatchSink<{ n: number }> = {
      type: 'test',
      description: {},
      modes: ['append'],
      delivery: 'idempotent',
      commit: () => {
        wasThere = existsSync(join(checkpoint.location, 'offsets'));
        if (fails) throw new Error('down');
      },
    };
    const query = streamingQuery(memorySource([{ n: 1 }]), (rows$) => rows$).writeStream({
      sink,
      checkpoint,
      onAdvice: () => {},
    });
    await query.start();
    await query.processAllAvailable().catch(() => {});
    await query.stop();
    expect(query.exception !== undefined).toBe(fails);
    return wasThere;
  };

  it.each([false, true])('is removed when the query ends, failed: %s', async (fails) => {
    const checkpoint = temporaryCheckpoint();
    expect(await run(checkpoint, fails)).toBe(true);
    expect(existsSync(checkpoint.location)).toBe(false);
  });

  it.each([false, true])('one with a name stays, failed: %s', async (fails) => {
    const checkpoint = fileCheckpoint(join(root, String(fails)));
    expect(await run(checkpoint, fails)).toBe(true);
    expect(existsSync(join(checkpoint.location, 'tidemark.json'))).toBe(true);
  });
});
