import type { Checkpoint } from '../../src/checkpoint';
import type { CommitRecord, StageRecord } from '../../src/checkpoint/records';
import { Engine } from '../../src/query/engine';
import { GraphRun, type Feed } from '../../src/query/graphRun';
import { Sinks } from '../../src/query/sinks';
import { Sources } from '../../src/query/sources';
import type { CrashTestOptions } from 'tidemark/testing';

/** A mistake in the protocol, planted to see whether the laboratory finds it. */
export interface Bug {
  readonly name: string;
  /** The cases that must find it. */
  readonly in: string;
  /** Makes the mistake; gives back what takes it away again. */
  plant(): () => void;
  readonly options?: CrashTestOptions;
}

/** Replaces a method of a class until the returned function is called. */
function patch<C extends object, K extends keyof C>(prototype: C, name: K, make: (original: C[K]) => C[K]): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
  const original = (descriptor.value ?? descriptor.get) as C[K];
  const replaced = make(original);
  Object.defineProperty(
    prototype,
    name,
    descriptor.get ? { ...descriptor, get: replaced as () => unknown } : { ...descriptor, value: replaced },
  );
  return () => Object.defineProperty(prototype, name, descriptor);
}

interface Inside {
  around: { newId(): string; openCheckpoint(location: unknown): Promise<Checkpoint> };
  sinks: Sinks;
}

/** Gives every checkpoint of a query to `change` before the query sees it. */
function patchCheckpoint(change: (checkpoint: Checkpoint, engine: Inside) => void): () => void {
  return patch(
    Engine.prototype,
    'open',
    (original) =>
      async function (this: Engine) {
        const inside = this as unknown as Inside;
        const open = inside.around.openCheckpoint;
        inside.around.openCheckpoint = async (location) => {
          const checkpoint = await open(location);
          change(checkpoint, inside);
          return checkpoint;
        };
        return original.call(this);
      },
  );
}

function override<K extends keyof Checkpoint>(checkpoint: Checkpoint, name: K, value: Checkpoint[K]): void {
  Object.defineProperty(checkpoint, name, { value, configurable: true });
}

export const BUGS: readonly Bug[] = [
  {
    name: 'files are not synced',
    in: 'named outputs',
    plant: () => () => {},
    options: { how: 'power', prepare: (disk) => disk.ignoreSync('files') },
  },
  {
    name: 'directories are not synced',
    in: 'named outputs',
    plant: () => () => {},
    options: { how: 'power', prepare: (disk) => disk.ignoreSync('directories') },
  },
  {
    name: 'the stage comes after the sinks',
    in: 'named outputs',
    plant: () =>
      patchCheckpoint((checkpoint) => {
        const stage = checkpoint.stage.bind(checkpoint);
        const commit = checkpoint.commit.bind(checkpoint);
        let later: StageRecord | undefined;
        override(checkpoint, 'stage', (record) => Promise.resolve(void (later = record)));
        override(checkpoint, 'commit', async (record) => {
          if (later !== undefined) await stage(later);
          await commit(record);
        });
      }),
  },
  {
    name: 'the commit comes before the sinks',
    in: 'named outputs',
    plant: () =>
      patchCheckpoint((checkpoint, { sinks }) => {
        const commit = checkpoint.commit.bind(checkpoint);
        const deliver = sinks.commit.bind(sinks);
        let later: Parameters<Sinks['commit']> | undefined;
        sinks.commit = (...args) => {
          later = args;
          const one = { kind: 'file', outcome: 'committed' as const, attempt: args[1].attemptId, rows: 0 };
          return Promise.resolve(Object.fromEntries(sinks.all.map(({ name }) => [name, one])));
        };
        override(checkpoint, 'commit', async (record) => {
          await commit(record);
          if (later !== undefined) await deliver(...later);
        });
      }),
  },
  {
    name: 'nobody waits for the commit record',
    in: 'named outputs',
    plant: () =>
      patchCheckpoint((checkpoint) => {
        const commit = checkpoint.commit.bind(checkpoint);
        override(checkpoint, 'commit', (record: CommitRecord) => {
          commit(record).catch(() => {});
          return Promise.resolve();
        });
      }),
  },
  {
    name: 'attempt ids are used again',
    in: 'named outputs',
    plant: () =>
      patchCheckpoint((_checkpoint, { around }) => {
        around.newId = () => 'always-the-same';
      }),
  },
  {
    name: 'a restart plans anew',
    in: 'named outputs',
    plant: () => patchCheckpoint((checkpoint) => override(checkpoint, 'pending', undefined)),
  },
  {
    name: 'a staged batch is run again',
    in: 'named outputs',
    plant: () => patchCheckpoint((checkpoint) => override(checkpoint, 'stages', () => Promise.resolve([]))),
  },
  {
    name: 'outputs are not staged',
    in: 'named outputs',
    plant: () => patch(Sinks.prototype, 'stageOutputs', () => (() => false) as never),
  },
  {
    name: 'state is not loaded',
    in: 'one sink',
    plant: () => patchCheckpoint((checkpoint) => override(checkpoint, 'readState', () => Promise.resolve(new Map()))),
  },
  {
    name: 'the state of one operator is left out',
    in: 'one sink',
    plant: () =>
      patchCheckpoint((checkpoint) => {
        const stage = checkpoint.stage.bind(checkpoint);
        override(checkpoint, 'stage', (record) => stage({ ...record, delta: record.delta.filter(({ id }) => id !== 'dedup') }));
      }),
  },
  {
    name: 'a restart reads behind the batch that is to be repeated',
    in: 'one sink',
    plant: () =>
      patch(
        Sources.prototype,
        'read',
        (original) =>
          function (this: Sources, id, slice, bad) {
            const repeated = { ...slice, from: this.positions.get(id)! };
            return original.call(
              this,
              id,
              seen.has(JSON.stringify(slice)) ? { ...repeated, from: slice.to! } : (seen.add(JSON.stringify(slice)), slice),
              bad,
            );
          },
      ),
  },
  {
    name: 'the barrier comes before the last row',
    in: 'one sink',
    plant: () =>
      patch(GraphRun.prototype, 'feed', (original) => {
        const kept = new WeakMap<object, unknown[]>();
        return function (this: GraphRun, feed: Feed) {
          return original.call(this, { ...feed, chunks: holdingBack(feed.chunks, kept, this) });
        };
      }),
  },
  {
    name: 'rejections are dropped',
    in: 'named outputs',
    plant: () => patch(GraphRun.prototype, 'rejected', () => () => {}),
  },
  {
    name: 'a sink forgets its receipts',
    in: 'mixed sinks',
    plant: () =>
      patch(
        Sinks.prototype,
        'commit',
        (original) =>
          function (this: Sinks, batches, id) {
            // Rolled forward as if it were new: what a sink without receipts would do.
            return original.call(this, batches, {
              ...id,
              replayed: false,
              attemptId: id.replayed ? `${id.attemptId}-again` : id.attemptId,
            });
          },
      ),
  },
];

/** Slices that have been read: for the bug that skips what it reads again. */
const seen = new Set<string>();

export function forgetSlices(): void {
  seen.clear();
}

/** The last row of a slice comes with the next one. */
async function* holdingBack(
  chunks: AsyncIterable<readonly unknown[]>,
  kept: WeakMap<object, unknown[]>,
  run: object,
): AsyncIterable<readonly unknown[]> {
  const rows = kept.get(run) ?? [];
  for await (const chunk of chunks) rows.push(...chunk);
  const last = rows.length > 1 ? [rows.pop()] : [];
  kept.set(run, last);
  yield rows;
}
