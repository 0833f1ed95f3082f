import { DemoFailure } from './failure';
import type { RawRow } from './input';
import type { Reading } from './pipeline';
import type { VideoFigures } from './videoPipeline';

/** Which columns of the user's file mean what. */
export interface ReadingColumns {
  readonly time: string;
  readonly key: string;
  readonly value?: string | undefined;
  readonly id?: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** Makes readings of the user's rows; what it throws becomes the message of a rejection. */
export function readingParser(columns: ReadingColumns): (raw: RawRow) => Reading {
  return (raw) => {
    const fields = fieldsOf(raw);
    const id = columns.id === undefined ? String(raw.line) : textIn(fields, columns.id);
    const key = textIn(fields, columns.key);
    const value = columns.value === undefined ? null : numberIn(fields, columns.value);
    return { id, time: timeIn(fields, columns.time), key, value, label: columns.id === undefined ? null : id };
  };
}

/** The columns that `--video --input` needs; the time column is `event_timestamp` unless the user says otherwise. */
export const VIDEO_COLUMNS = [
  'video_id',
  'channel_id',
  'category_id',
  'view_count',
  'like_count',
  'comment_count',
  'duration_seconds',
];

/** Makes video figures of the user's rows. Without an engagement score it is (likes + comments) / views. */
export function videoParser(timeColumn: string): (raw: RawRow) => VideoFigures {
  return (raw) => {
    const fields = fieldsOf(raw);
    const views = numberIn(fields, 'view_count');
    const likes = numberIn(fields, 'like_count');
    const comments = numberIn(fields, 'comment_count');
    const score = 'engagement_score' in fields ? numberIn(fields, 'engagement_score') : ratio(likes, comments, views);
    return {
      video_id: textIn(fields, 'video_id'),
      channel_id: textIn(fields, 'channel_id'),
      category_id: Number(textIn(fields, 'category_id')),
      view_count: views,
      like_count: likes,
      comment_count: comments,
      engagement_score: score,
      duration_seconds: numberIn(fields, 'duration_seconds'),
      event_timestamp: timeIn(fields, timeColumn),
    };
  };
}

/** Stops at the first row when a column is not there at all: a wrong name would otherwise reject row after row. */
export function checkColumns(wanted: readonly string[], present: readonly string[], file: string): void {
  const double = wanted.find((column) => present.indexOf(column) !== present.lastIndexOf(column));
  if (double !== undefined) throw new DemoFailure(`${file} has two columns '${double}': which one is meant?`);
  const missing = wanted.filter((column) => !present.includes(column));
  if (missing.length === 0) return;
  const names = missing.map((column) => `'${column}'`).join(', ');
  throw new DemoFailure(`${file} has no column ${names}; its columns are: ${shortened(present.join(', ')) || '(none)'}`);
}

function ratio(likes: number | null, comments: number | null, views: number | null): number | null {
  return likes === null || comments === null || views === null || views === 0 ? null : (likes + comments) / views;
}

function fieldsOf(raw: RawRow): Fields {
  if (raw.fields === undefined) throw new Error(raw.problem);
  return raw.fields;
}

function textIn(fields: Fields, column: string): string {
  const value = fields[column];
  if (value === undefined || value === null || value === '') throw new Error(`column '${column}' is empty`);
  if (typeof value === 'object') throw new Error(`column '${column}' holds no single value`);
  return String(value);
}

/** Null for an empty field; a field that is neither empty nor a number makes the row a rejection. */
function numberIn(fields: Fields, column: string): number | null {
  const value = fields[column];
  if (value === undefined || value === null || value === '') return null;
  const figure = typeof value === 'string' ? numeral(value) : value;
  if (typeof figure !== 'number' || !Number.isFinite(figure))
    throw new Error(`column '${column}' holds no number: ${shown(value)}`);
  return figure;
}

/** CSV has text only: digits are epoch times, the rest is left to the library, which rejects what is no time. */
function timeIn(fields: Fields, column: string): number | string | null {
  const value = fields[column];
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? (numeral(value) ?? value) : null;
}

const NUMERAL = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

function numeral(text: string): number | undefined {
  return NUMERAL.test(text) ? Number(text) : undefined;
}

function shown(value: unknown): string {
  return shortened(JSON.stringify(value) ?? String(value), 60);
}

function shortened(text: string, most = 500): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
