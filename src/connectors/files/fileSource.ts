import type { WithNulls } from '../../schema/fields';
import type { SchemaMode } from '../../schema/rowReader';
import type { FileSystem } from '../../files/fileSystem';
import { ListJournal } from '../listJournal';
import type { Source } from '../source';
import { FileReader } from './fileReader';
import { describeFiles, fileSettings, type FileSourceOptions } from './options';
import { TailReader } from './tailReader';

/** The rows of a file source: with nulls where bad fields become null. */
export type FileRow<T, M extends SchemaMode> = M extends 'permissive' ? WithNulls<T> : T;

/** `fileSource` on any file system. */
export function fileSourceOn<T, M extends SchemaMode = 'strict'>(
  fileSystem: FileSystem,
  options: FileSourceOptions<T, M>,
): Source<FileRow<T, M>> {
  const settings = fileSettings(options);
  // Without a durable checkpoint the list of files that were taken lives as long as this source.
  const log = new ListJournal();
  return {
    type: 'file',
    description: describeFiles(settings),
    replay: 'replayable',
    pollEveryMs: settings.pollEveryMs,
    async open(context) {
      if (!settings.tail) return FileReader.open<FileRow<T, M>>(fileSystem, settings, context, log);
      const reader = new TailReader<FileRow<T, M>>(fileSystem, settings, context);
      if (settings.endOfData) await reader.freeze();
      return reader;
    },
  };
}
