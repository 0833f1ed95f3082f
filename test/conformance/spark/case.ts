import { sparkOperator } from '../query/operators';
import { anything, dictOf, isRecord, listOf, maybe, object, oneOf, text, type Shaped } from '../shape';
import { streamShape, tableShape } from './rows';
import { confShape } from './steps';

const about = {
  name: text,
  sparkTest: maybe(text),
  origin: maybe(text),
  status: maybe(oneOf('verbatim', 'adapted', 'derived')),
  note: maybe(text),
  caveat: maybe(text),
  tags: maybe(listOf(text)),
};

export const queryCase = object({
  ...about,
  differs: maybe(text),
  conf: maybe(confShape),
  outputMode: oneOf('append', 'update', 'complete'),
  streams: dictOf(streamShape),
  tables: maybe(dictOf(tableShape)),
  query: listOf(sparkOperator),
  steps: anything,
});
export type QueryCase = Shaped<typeof queryCase>;

export const tableCase = object({
  ...about,
  kind: oneOf('groupStateUpdate', 'groupStateError', 'joinOutputWatermark', 'eventTimeStats', 'durationMs'),
  table: anything,
});

/** The fields of a Spark file. */
export const sparkFile = object({
  format: oneOf(1),
  suite: text,
  origin: maybe(anything),
  commitRead: maybe(anything),
  note: maybe(text),
  cases: anything,
});

export function isSparkFile(file: unknown): boolean {
  return isRecord(file) && file['format'] !== undefined;
}
