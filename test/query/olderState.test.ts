import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { memoryCheckpoint } from 'tidemark';
import { importCheckpoint } from 'tidemark/node';
import { describe, expect, it } from 'vitest';
import { checkCheckpoint } from '../../src/checkpoint/fsck';
import { QUERIES, runPart } from './olderState';

describe('a query goes on with what an older program has written, as if it had never stopped', () => {
  it.each(Object.keys(QUERIES).flatMap((name) => [1].map((format) => [name, format] as const)))(
    '%s, format %i',
    async (name, format) => {
      const archive = readFileSync(join(import.meta.dirname, `golden/format-${format}/${name}.gz`));
      const location = memoryCheckpoint();
      await importCheckpoint(new Uint8Array(gunzipSync(archive)), location);
      const whole = await runPart(name, memoryCheckpoint(), 'whole');
      const first = await runPart(name, memoryCheckpoint(), 'first');
      const second = await runPart(name, location, 'second');
      expect(second.length).toBeGreaterThan(0);
      expect([...first, ...second]).toEqual(whole);
      expect((await checkCheckpoint(await location.open())).findings).toEqual([]);
    },
  );
});
