import { describe, expect, it } from 'vitest';
import { availableNow, memoryCheckpoint, memorySink, memorySource, querySession, type QueryOptions } from 'tidemark';
import { simulatedFiles } from 'tidemark/testing';

interface Row {
  readonly n: number;
}

describe('[D45] a session of queries', () => {
  const setUp = () => {
    const disk = simulatedFiles();
    const session = querySession({
      checkpoints: (name) => disk.checkpoint(`checkpoints/${name}`),
      trigger: availableNow(),
      onAdvice: () => {},
    });
    const source = memorySource<Row>([{ n: 1 }]);
    const make = (options: QueryOptions) =>
      session.streamingQuery(source, (rows$) => rows$).writeStream({ sink: memorySink<Row>(), ...options });
    return { disk, source, make, session };
  };
  const folders = (disk: ReturnType<typeof simulatedFiles>) =>
    new Set([...disk.contents().keys()].map((path) => path.split('/').slice(0, 2).join('/')));

  it('gives each query a folder of its own under one default, found again by its name', async () => {
    const { disk, source, make } = setUp();
    const [silver, gold] = [make({ name: 'silver' }), make({ name: 'gold' })];
    for (const query of [silver, gold]) {
      await query.start();
      await query.awaitTermination();
    }
    expect(folders(disk)).toEqual(new Set(['checkpoints/silver', 'checkpoints/gold']));
    source.add({ n: 2 });
    const again = make({ name: 'silver' });
    await again.start();
    await again.awaitTermination();
    expect(again.id).toBe(silver.id);
    expect(gold.id).not.toBe(silver.id);
    expect(again.lastProgress).toMatchObject({ batchId: 1, numInputRows: 1 });
  });

  it('what a query says itself comes first', async () => {
    const { disk, make } = setUp();
    const query = make({ checkpoint: memoryCheckpoint(), trigger: availableNow() });
    await query.start();
    await query.awaitTermination();
    expect(folders(disk).size).toBe(0);
  });

  it('refuses a query without a name, and two at one place', () => {
    const { make } = setUp();
    expect(() => make({})).toThrow(/needs a name/);
    const session = querySession({ checkpoints: () => memoryCheckpoint() });
    const build = (name: string) =>
      session.streamingQuery(memorySource<Row>(), (rows$) => rows$).writeStream({ sink: memorySink<Row>(), name });
    build('one');
    expect(() => build('two')).toThrow(/place of its own/);
    expect(() => build('one')).not.toThrow();
  });
});
