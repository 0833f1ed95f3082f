import { messageOf } from '../../errors';
import type { FileSystem } from '../../files/fileSystem';
import { join } from '../fileSink/paths';
import { recordOf, type DeadLetter } from './record';

/** Options of `deadLetterQueue`. */
export interface DeadLetterQueueOptions {
  /** The folder; made if it is not there. */
  readonly path: string;
  /** Epoch ms. */
  readonly now: () => number;
  /** As in `deadLetterSink`. */
  readonly maxRecordLength?: number;
  readonly fs: FileSystem;
}

/** A dead-letter queue outside of a query. */
export interface DeadLetterQueue {
  /** Resolves when the record is durable. */
  send(record: unknown, error: unknown): Promise<DeadLetter>;
}

/**
 * A dead-letter queue for programs without a query: `send(record, error)` appends one line of JSON with the fields
 * `original_record`, `error_message`, `timestamp` and `retry_count` to `dlq_<unix seconds>.json`. Records are written one
 * after the other, each in one piece, so lines of several writers do not mix. Read again by `redrive`.
 *
 * @param options - `path`, `now`, `maxRecordLength`, `fs`
 */
export function deadLetterQueue(options: DeadLetterQueueOptions): DeadLetterQueue {
  const { path, now, maxRecordLength = 65_536, fs } = options;
  const begun = new Set<string>();
  let tail: Promise<unknown> = Promise.resolve();
  const append = async (record: unknown, error: unknown): Promise<DeadLetter> => {
    const at = now();
    const letter: DeadLetter = {
      original_record: recordOf(record, maxRecordLength),
      error_message: messageOf(error),
      timestamp: new Date(at).toISOString(),
      retry_count: 0,
    };
    const name = `dlq_${Math.floor(at / 1000)}.json`;
    await fs.mkdir(path);
    const file = await fs.create(join(path, name), 'append');
    try {
      // A line that a crash has cut short must not swallow this one.
      await file.write(new TextEncoder().encode(`${begun.has(name) ? '' : '\n'}${JSON.stringify(letter)}\n`));
      await file.sync();
    } finally {
      await file.close();
    }
    if (!begun.has(name)) await fs.syncDirectory(path);
    begun.add(name);
    return letter;
  };
  return {
    send(record, error) {
      const sent = tail.then(() => append(record, error));
      tail = sent.catch(() => undefined);
      return sent;
    },
  };
}
