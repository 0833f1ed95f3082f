import { checkOption } from '../errors';
import { readEventTime, type TimeUnit } from '../time/eventTime';
import type { Field, Fields, Optional, SimpleType } from './fields';
import type { Problems } from './problems';

/** Reads one value that is neither null nor undefined. */
export type Read = (value: unknown, problems: Problems) => unknown;

/** What the columns of a schema need to be read. */
export interface ReadOptions {
  readonly timeUnit: TimeUnit;
  /** Values are cells of CSV: `'1.5'` is a number, `'true'` a boolean. */
  readonly isText: boolean;
  /** Rows are nobody else's: one that is as it should be is given back itself, not as a copy. */
  readonly keeps?: boolean;
}

interface Column {
  readonly name: string;
  readonly isOptional: boolean;
  /** A cell of text without a character in it is no value of its type: `""` is null, as Spark reads it. */
  readonly isEmptyNull: boolean;
  readonly read: Read;
  /** Names such as `constructor` are there even where the row does not have them. */
  readonly isInherited: boolean;
}

/** So many rows may turn out to need a copy before all of them are copied unseen. */
const CHANCES = 100;
const NUMBER_TEXT = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;
const WHOLE_TEXT = /^[+-]?\d+$/;
const NAMED_NUMBERS = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['+Infinity', Infinity],
  ['-Infinity', -Infinity],
]);

/** Reads an object with these columns; other columns are left out. */
export function readFields(fields: Fields, options: ReadOptions): Read {
  const columns = Object.entries(fields).map(([name, field]) => columnOf(name, field, options));
  // Where rows have to be changed anyway, the look that finds it out is not worth its time.
  let chances = options.keeps === true && !columns.some(({ isInherited }) => isInherited) ? CHANCES : 0;
  return (value, problems) => {
    if (typeof value !== 'object' || Array.isArray(value)) return problems.add('is no object');
    if (chances > 0) {
      if (isRead(value as object, columns, problems)) return value;
      chances--;
    }
    const row: Record<string, unknown> = {};
    for (const column of columns) {
      const { name } = column;
      const given =
        column.isInherited && !Object.hasOwn(value as object, name) ? undefined : (value as Record<string, unknown>)[name];
      const before = problems.count;
      const got = present(column, given, problems);
      if (problems.count > before) problems.inside(name, before);
      if (name === '__proto__')
        Object.defineProperty(row, name, { value: got, enumerable: true, writable: true, configurable: true });
      else row[name] = got;
    }
    return row;
  };
}

/** Has it these columns, all of them, in this order and no others, each with the value that it is read as? */
function isRead(value: object, columns: readonly Column[], problems: Problems): boolean {
  const before = problems.count;
  let at = 0;
  for (const name in value) {
    const column = columns[at++];
    if (column === undefined || column.name !== name) return false;
    const given = (value as Record<string, unknown>)[name];
    const isSame = given === null ? column.isOptional : given !== undefined && column.read(given, problems) === given;
    if (isSame) continue;
    problems.back(before);
    return false;
  }
  return at === columns.length;
}

/** Null and missing are one: null where the field may be, or where nulls are the answer to everything. */
function present({ isOptional, isEmptyNull, read }: Column, value: unknown, problems: Problems): unknown {
  if (value !== null && value !== undefined && !(isEmptyNull && value === '')) return read(value, problems);
  return isOptional || problems.mode === 'permissive' ? null : problems.add('is missing');
}

function columnOf(name: string, field: Field, options: ReadOptions): Column {
  const isOptional = typeof field === 'string' ? field.endsWith('?') : isOptionalField(field);
  const isInherited = name in Object.prototype;
  return {
    name,
    isOptional,
    isEmptyNull: options.isText && !takesText(field),
    isInherited,
    read: readerOf(name, field, options),
  };
}

function isOptionalField(field: Field): field is Optional<Field> {
  return typeof field === 'object' && Object.keys(field).join() === '?' && Array.isArray((field as Optional<Field>)['?']);
}

function takesText(field: Field): boolean {
  return isOptionalField(field) ? takesText(field['?'][0]) : ['string', 'string?', 'any', 'any?'].includes(field as string);
}

function readerOf(name: string, field: Field, options: ReadOptions): Read {
  if (typeof field === 'string') return simpleReader(name, field.replace(/\?$/, '') as SimpleType, options);
  if (isOptionalField(field)) return readerOf(name, field['?'][0], options);
  checkOption(typeof field === 'object' && field !== null, `'${name}': a type is a name, a list [type] or nested columns`, {
    field,
  });
  const nested = { ...options, isText: false };
  const read = isList(field) ? readList(name, field, nested) : readFields(field as Fields, nested);
  return options.isText ? fromJson(read) : read;
}

function isList(field: Field): field is readonly [Field] {
  return Array.isArray(field);
}

function readList(name: string, list: readonly [Field], options: ReadOptions): Read {
  checkOption(list.length === 1, `'${name}': a list has one type: ['string']`, { field: list });
  const item = columnOf(name, list[0], options);
  return (value, problems) => {
    if (!Array.isArray(value)) return problems.add('is no list');
    return value.map((given: unknown, at) => {
      const before = problems.count;
      const got = present(item, given, problems);
      if (problems.count > before) problems.inside(at, before);
      return got;
    });
  };
}

/** A nested value in a cell of text is JSON. */
function fromJson(read: Read): Read {
  return (value, problems) => {
    if (typeof value !== 'string') return read(value, problems);
    let json: unknown;
    try {
      json = JSON.parse(value);
    } catch {
      return problems.add('is no JSON');
    }
    return json === null ? null : read(json, problems);
  };
}

function simpleReader(name: string, type: SimpleType, { timeUnit, isText }: ReadOptions): Read {
  switch (type) {
    case 'string':
      return readString;
    case 'number':
    case 'double':
      return (value, problems) => numberOf(value, isText) ?? problems.add('is no number');
    case 'long':
      return (value, problems) => longOf(value, isText) ?? problems.add('is no whole number within 2^53');
    case 'bigint':
      return (value, problems) => bigintOf(value) ?? problems.add('is no whole number');
    case 'boolean':
      return (value, problems) => booleanOf(value, isText) ?? problems.add('is neither true nor false');
    case 'timestamp':
      return (value, problems) => {
        const time = readEventTime(isText ? timeOfCell(value) : value, timeUnit);
        return Number.isNaN(time) ? problems.add('is no time') : time;
      };
    case 'any':
      return (value) => value;
    default:
      checkOption(false, `'${name}': there is no type '${String(type)}'`, { type });
  }
}

/** Permissive as Spark: what is no text is taken as its JSON, where that is the JSON it was read from. */
function readString(value: unknown, problems: Problems): unknown {
  if (typeof value === 'string') return value;
  if (problems.mode === 'strict') return problems.add('is no text');
  if (typeof value === 'bigint') return String(value);
  let isRounded = false;
  try {
    const text = JSON.stringify(value, (_name, inner: unknown) => {
      isRounded ||= typeof inner === 'number' && !isExact(inner);
      return inner;
    });
    return isRounded
      ? problems.add('has a number beyond 2^53, which is not what was written')
      : (text ?? problems.add('is no text'));
  } catch {
    return problems.add('is no text');
  }
}

/** Of a whole number beyond 2^53 the last digits are lost, and infinite is what had too large an exponent. */
function isExact(number: number): boolean {
  return Number.isSafeInteger(number) || (Number.isFinite(number) && !Number.isInteger(number));
}

function numberOf(value: unknown, isText: boolean): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string') return undefined;
  return isText && NUMBER_TEXT.test(value) ? Number(value) : NAMED_NUMBERS.get(value);
}

function isWholeText(value: unknown): boolean {
  return typeof value === 'string' && WHOLE_TEXT.test(value);
}

/** Digits alone count the unit, whatever year they look like; blanks around a time are left out, as Spark does. */
function timeOfCell(value: unknown): unknown {
  if (isWholeText(value)) return Number(value);
  return typeof value === 'string' ? value.trim() : value;
}

function longOf(value: unknown, isText: boolean): number | undefined {
  const isWhole = typeof value === 'number' || typeof value === 'bigint' || (isText && isWholeText(value));
  const number = isWhole ? Number(value) : NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

function bigintOf(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  // A cap on the digits: reading them takes quadratic time.
  return typeof value === 'string' && value.length <= 1000 && WHOLE_TEXT.test(value) ? BigInt(value.replace('+', '')) : undefined;
}

function booleanOf(value: unknown, isText: boolean): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (!isText || typeof value !== 'string') return undefined;
  const text = value.toLowerCase();
  return text === 'true' ? true : text === 'false' ? false : undefined;
}
