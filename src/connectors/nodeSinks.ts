import { nodeFileSystem } from '../files/nodeFileSystem';
import type { FileSystem } from '../files/fileSystem';
import { deadLetterQueue as queue, type DeadLetterQueue, type DeadLetterQueueOptions } from './deadLetter/deadLetterQueue';
import { deadLetterSink as deadLetters, type DeadLetterSinkOptions } from './deadLetter/deadLetterSink';
import { redrive as again, type RedriveOptions } from './deadLetter/redrive';
import { fileSink as files, type FileSinkOptions } from './fileSink/fileSink';
import { readFileSink as read, type ReadFileSinkOptions } from './fileSink/readFileSink';
import type { BatchSink } from './sink';
import type { Source } from './source';

export type { DeadLetterQueue } from './deadLetter/deadLetterQueue';
export type { DeadLetter } from './deadLetter/record';
export type { FileSinkOptions } from './fileSink/fileSink';
export type { UpdateAs } from './fileSink/updates';

/** Options with the file system left to Node. */
export type OnNode<O extends { readonly fs: FileSystem }> = Omit<O, 'fs'> & { readonly fs?: FileSystem };

const onNode = <O extends { readonly fs: FileSystem }>(options: OnNode<O>): O =>
  ({ fs: nodeFileSystem, ...options }) as unknown as O;
const named = <O extends { readonly path: string }>(options: string | O): O =>
  typeof options === 'string' ? ({ path: options } as O) : options;

/** {@inheritDoc files} */
export function fileSink(options: OnNode<FileSinkOptions>): BatchSink<unknown> {
  return files(onNode<FileSinkOptions>(options));
}

/** {@inheritDoc read} */
export function readFileSink<R = Readonly<Record<string, unknown>>>(
  options: OnNode<ReadFileSinkOptions>,
): AsyncGenerator<R, void> {
  return read<R>(onNode<ReadFileSinkOptions>(options));
}

/** {@inheritDoc deadLetters} */
export function deadLetterSink(options: string | OnNode<DeadLetterSinkOptions>): BatchSink<unknown> {
  return deadLetters(onNode<DeadLetterSinkOptions>(named(options)));
}

/** {@inheritDoc queue} */
export function deadLetterQueue(options: OnNode<DeadLetterQueueOptions>): DeadLetterQueue {
  return queue(onNode<DeadLetterQueueOptions>(options));
}

/** {@inheritDoc again} */
export function redrive<R = unknown>(options: string | OnNode<RedriveOptions>): Source<R> {
  return again<R>(onNode<RedriveOptions>(named(options)));
}
