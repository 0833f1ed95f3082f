import type { FileSystem } from '../../files/fileSystem';
import { ndjson } from '../../formats/ndjson';
import { SinkFolder } from '../fileSink/folder';
import { decodeRows } from '../fileSink/format';
import { ManifestLog } from '../fileSink/manifestLog';
import { readPart } from '../fileSink/updates';
import type { BadRecord, Offset, Source, SourceReader } from '../source';
import { rowOf, type DeadLetter } from './record';

/** Options of `redrive`. */
export interface RedriveOptions {
  /** The folder of a `deadLetterSink` or of a `deadLetterQueue`. */
  readonly path: string;
  /** Which records come back; default: all. */
  readonly where?: (letter: DeadLetter) => boolean;
  readonly fs: FileSystem;
}

/** One step of a re-drive: a batch of the sink, or a file of the queue; ids rise. */
interface Step {
  readonly id: string;
  letters(bad: (record: BadRecord) => void): Promise<readonly DeadLetter[]>;
}

/**
 * A source of the rows that lie in a dead-letter queue, as they were when they were rejected: to be run again when their cause
 * is mended. A batch of the queue (or a file of `deadLetterQueue`, once its second is over) is a unit; what was read is not
 * read again under the same checkpoint. Records that were cut, and lines that are no records, are rejected as `invalid`.
 *
 * @param options - `path`, `where`, `fs`
 */
export function redrive<R = unknown>(options: RedriveOptions): Source<R> {
  const { path, where = () => true, fs } = options;
  const folder = new SinkFolder(fs, path);
  return {
    type: 'redrive',
    description: { path },
    replay: 'replayable',
    open: ({ now }) => new Redrive<R>(async () => [...(await sinkSteps(folder)), ...(await queueSteps(folder, now()))], where),
  };
}

class Redrive<R> implements SourceReader<R> {
  private frozen: string | undefined;

  constructor(
    private readonly steps: () => Promise<readonly Step[]>,
    private readonly where: (letter: DeadLetter) => boolean,
  ) {}

  async next(from: Offset): Promise<{ from: Offset; to: Offset } | undefined> {
    const last = (await this.between(from, this.frozen)).at(-1);
    return last && { from, to: last.id };
  }

  async *read(
    { from, to }: { readonly from: Offset; readonly to: Offset },
    bad: (record: BadRecord) => void,
  ): AsyncGenerator<R[]> {
    for (const step of await this.between(from, to as string)) {
      const rows: R[] = [];
      for (const letter of await step.letters(bad)) {
        if (!this.where(letter)) continue;
        const found = rowOf(letter);
        if (found !== undefined) rows.push(found.row as R);
        else
          bad({
            reason: 'invalid',
            row: letter.original_record,
            message: 'the record was cut when it was put here',
            position: step.id,
          });
      }
      if (rows.length > 0) yield rows;
    }
  }

  async freeze(): Promise<void> {
    this.frozen = (await this.steps()).at(-1)?.id ?? '';
  }

  close(): void {}

  private async between(from: Offset, to: string | undefined): Promise<Step[]> {
    return (await this.steps()).filter(({ id }) => (from === null || id > (from as string)) && (to === undefined || id <= to));
  }
}

async function sinkSteps(folder: SinkFolder): Promise<Step[]> {
  const manifests = await new ManifestLog(folder).all();
  return [...manifests].map(([batch, { files }]) => ({
    id: `batch ${String(batch).padStart(16, '0')}`,
    letters: async () =>
      (await Promise.all(files.map((file) => readPart(folder, file, { format: ndjson() })))).flat() as DeadLetter[],
  }));
}

async function queueSteps(folder: SinkFolder, now: number): Promise<Step[]> {
  const second = (name: string): number => Number(/^dlq_(\d+)\.json$/.exec(name)?.[1] ?? NaN);
  const names = (await folder.list('')).filter((name) => second(name) < Math.floor(now / 1000));
  return names
    .sort((a, b) => second(a) - second(b))
    .map((name) => ({
      id: `file ${String(second(name)).padStart(16, '0')}`,
      letters: async (bad) => {
        const bytes = (await folder.read(name)) ?? new Uint8Array();
        return decodeRows(ndjson(), bytes, (raw, message, line) =>
          bad({ reason: 'invalid', row: raw, message, position: `${name}:${line}` }),
        ) as DeadLetter[];
      },
    }));
}
