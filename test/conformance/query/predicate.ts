import type { Clock } from 'tidemark';
import { integer, isRecord, list, malformed, object, preview, text, type Shape } from '../shape';
import { isNull, order } from './compare';
import type { Columns, Read, Row } from './columns';

export type Test = (row: Row, clock?: Clock) => boolean;

const COMPARISONS: Readonly<Record<string, (by: number) => boolean>> = {
  '<': (by) => by < 0,
  '<=': (by) => by <= 0,
  '>': (by) => by > 0,
  '>=': (by) => by >= 0,
  '=': (by) => by === 0,
  '!=': (by) => by !== 0,
};

/** Reads a predicate over rows of these columns. A comparison with null is false. */
export function testOf(given: unknown, columns: Columns, at: string): Test {
  if (Array.isArray(given)) return comparison(given, columns, at);
  if (!isRecord(given) || Object.keys(given).length !== 1) malformed(at, `no predicate: ${preview(given)}`);
  const [kind, body] = Object.entries(given as Row)[0]!;
  const parts = (): readonly Test[] => list(body, at).map((one, i) => testOf(one, columns, `${at}.${kind}[${i}]`));
  const read = (): Read => columns.reader(text(body, at));
  switch (kind) {
    case 'and':
      return every(parts());
    case 'or':
      return some(parts());
    case 'not':
      return not(testOf(body, columns, `${at}.not`));
    case 'isNull':
      return tests(read(), isNull);
    case 'notNull':
      return tests(read(), (value) => !isNull(value));
    case 'mod':
      return modulo(list(body, at), columns, at);
    default:
      return malformed(at, `unknown predicate '${kind}'`);
  }
}

const every =
  (parts: readonly Test[]): Test =>
  (row, clock) =>
    parts.every((part) => part(row, clock));
const some =
  (parts: readonly Test[]): Test =>
  (row, clock) =>
    parts.some((part) => part(row, clock));
const not =
  (part: Test): Test =>
  (row, clock) =>
    !part(row, clock);
const tests =
  (read: Read, holds: (value: unknown) => boolean): Test =>
  (row) =>
    holds(read(row));

function comparison(given: readonly unknown[], columns: Columns, at: string): Test {
  if (given.length !== 3) malformed(at, `[column, operator, literal] expected, not ${preview(given)}`);
  const [column, operator, literal] = given;
  const read = columns.reader(text(column, at));
  if (operator === 'in') return membership(read, list(literal, at));
  const name = text(operator, at);
  const holds = Object.hasOwn(COMPARISONS, name) ? COMPARISONS[name]! : malformed(at, `unknown comparison ${preview(operator)}`);
  const other = operand(literal, columns, at);
  return (row, clock) => compares(read(row), other(row, clock), name, holds);
}

function compares(a: unknown, b: unknown, name: string, holds: (by: number) => boolean): boolean {
  if (isNull(a) || isNull(b)) return false;
  return typeof a === typeof b ? holds(order(a, b)) : name === '!=';
}

function membership(read: Read, members: readonly unknown[]): Test {
  return (row) => {
    const value = read(row);
    return !isNull(value) && members.includes(value);
  };
}

const columnShape = object({ column: text });
const batchTime = object({ batchTimeMs: integer });

function operand(literal: unknown, columns: Columns, at: string): Read {
  if (isRecord(literal) && literal['batchTimeMs'] !== undefined) return atBatchTime(batchTime(literal, at).batchTimeMs);
  if (isRecord(literal)) return columns.reader(columnShape(literal, at).column);
  if (Array.isArray(literal) || literal === undefined) malformed(at, `no literal: ${preview(literal)}`);
  return () => literal;
}

function atBatchTime(more: number): Read {
  return (_row, clock) => {
    if (clock === undefined) throw new Error('there is no batch, and no batch time');
    return clock.now() + more;
  };
}

function modulo(body: readonly unknown[], columns: Columns, at: string): Test {
  const [column, n, r] = body;
  if (body.length !== 3 || !Number.isSafeInteger(n) || !Number.isSafeInteger(r)) malformed(at, '[column, n, r] expected');
  const read = columns.reader(text(column, at));
  return (row) => {
    const value = read(row);
    return !isNull(value) && (value as number) % (n as number) === r;
  };
}

/** A predicate that is read later, when its columns are known. */
export const predicate: Shape<unknown> = (value, at) =>
  isRecord(value) || Array.isArray(value) ? value : malformed(at, 'a predicate expected');
