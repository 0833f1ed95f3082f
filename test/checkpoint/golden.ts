/** The checkpoint of today's format: `node --import tsx test/checkpoint/golden.ts FILE` writes it, once for ever. */
import { writeFileSync } from 'node:fs';
import { memoryCheckpoint, type CheckpointLocation } from '../../src/checkpoint';
import { exportCheckpoint } from '../../src/checkpoint/archive';
import { countDelta, open, planOf, runBatch, stageOf, tableDelta } from './script';

/** Values of every kind, snapshots, a second chain, keys that are gone by their beginning, a plan with rows left out, a stage with outputs. */
export async function writeGolden(location: CheckpointLocation): Promise<void> {
  const first = await open(location);
  const values = { date: new Date(5), nan: NaN, zero: -0, big: 7n, map: new Map([['a', 1]]), bytes: new Uint8Array([1, 2]) };
  await runBatch(first, 0, { delta: countDelta([[['a', 1, null], values]]) });
  for (let batch = 1; batch < 12; batch++) {
    await runBatch(first, batch, {
      delta: countDelta([[[`k${batch}`, batch], { n: batch }]], batch > 6 ? [[`k${batch - 5}`, batch - 5]] : []),
    });
  }
  await first.close();
  const second = await open(location);
  const last = {
    ...tableDelta([
      [['k11', 12], 12],
      [[new Date(0), 9n, 'é\u0000'], 'last'],
    ]),
    cleared: [['k11']],
  };
  await runBatch(second, 12, { delta: [{ ...countDelta([])[0]!, tables: { groups: last } }] });
  await second.close();
  const third = await open(location);
  await third.plan(planOf(13, 3, { watermark: Infinity }));
  await third.amend(planOf(13, 3, { watermark: Infinity, excluded: [['in', 2, 'poison']] }));
  const rows = [{ at: new Date(7) }, { plain: true }];
  await third.stage(stageOf(13, 'staged', { outputs: [{ sink: 'out', rows }], nextWatermark: Infinity }));
}

if (process.argv[1]?.endsWith('golden.ts') === true) {
  const location = memoryCheckpoint();
  await writeGolden(location);
  writeFileSync(process.argv[2]!, await exportCheckpoint(location));
}
