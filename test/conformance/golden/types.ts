import { malformed, preview } from '../shape';

export type ColumnType = 'long' | 'double' | 'string' | 'boolean' | 'timestamp' | 'datetime';
type Conversion = (value: unknown, at: string) => unknown;

/** Empty text, JSON null and a missing field are null. */
function orNull(convert: Conversion): Conversion {
  return (value, at) => (value === '' || value === null || value === undefined ? null : convert(value, at));
}

function number(value: unknown, at: string, name: string, test: (n: number) => boolean): number {
  const n = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof n === 'number' && test(n) ? n : malformed(at, `${name} expected, not ${preview(value)}`);
}

const DATETIME = /^(\d{4})[-/](\d{2})[-/](\d{2})[ T](\d{2}):(\d{2})(?::(\d{2}))?$/;

function datetime(value: unknown, at: string): number {
  const parts = DATETIME.exec(String(value));
  if (parts === null) return malformed(at, `YYYY-MM-DD HH:MM[:SS] expected, not ${preview(value)}`);
  const [year, month, day, hour, minute, second] = parts.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function boolean(value: unknown, at: string): boolean {
  if (value === true || value === 'true') return true;
  return value === false || value === 'false' ? false : malformed(at, `true or false expected, not ${preview(value)}`);
}

/** From a cell of a file to a value of the column's type. */
export const CONVERSIONS: Readonly<Record<ColumnType, Conversion>> = {
  long: orNull((value, at) => number(value, at, 'a safe integer', Number.isSafeInteger)),
  timestamp: orNull((value, at) => number(value, at, 'epoch milliseconds', Number.isSafeInteger)),
  double: orNull((value, at) => number(value, at, 'a number', Number.isFinite)),
  string: orNull((value) => (typeof value === 'object' ? JSON.stringify(value) : String(value))),
  boolean: orNull(boolean),
  datetime: orNull(datetime),
};
