import { agg, aggregate, availableNow, memorySink, memorySource, streamingQuery, tumbling, withWatermark } from 'tidemark';
import { checkCheckpoint } from 'tidemark/node';
import { simulatedFiles } from 'tidemark/testing';
import { expect, it } from 'vitest';

it('the rows of every operator add up in every commit, also after a restart that began with open windows', async () => {
  const disk = simulatedFiles();
  const source = memorySource([{ at: 1 }, { at: 2 }]);
  for (const more of [[], [{ at: 3 }], [{ at: 99 }]]) {
    source.add(...more);
    const query = streamingQuery(source, (rows$) =>
      rows$.pipe(withWatermark('at', 5), aggregate({ id: 'n', window: tumbling(10), select: { n: agg.count() } })),
    ).writeStream({ sink: memorySink(), trigger: availableNow(), checkpoint: disk.checkpoint(), onAdvice: () => {} });
    await query.start();
    await query.awaitTermination();
  }
  const report = await checkCheckpoint(await disk.checkpoint().open());
  expect(report.commits).toBe(4);
  expect(report.findings).toEqual([]);
});
