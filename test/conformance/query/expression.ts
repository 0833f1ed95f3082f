import { isRecord, malformed, object, preview, text, type Shape } from '../shape';
import type { Columns, Read } from './columns';

/** Spark's integer division cuts towards zero, the golden cases' towards minus infinity. */
const SPARK_DIV = 'div of Spark';

/** Of two values or more, from the left. */
const MANY: Readonly<Record<string, (a: number, b: number) => number | null>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => (b === 0 ? null : a / b),
  div: (a, b) => Math.floor(divided(a, b)),
  [SPARK_DIV]: (a, b) => Math.trunc(divided(a, b)) + 0, // no -0
};

const ONE: Readonly<Record<string, (a: number) => number>> = { floor: Math.floor, abs: Math.abs };

function divided(a: number, b: number): number {
  if (b === 0) throw new RangeError('div by 0');
  return a / b;
}

const literal = object({ lit: (value, at) => (value === undefined ? malformed(at, 'missing') : value) });

/** Reads an expression over rows of these columns. Null in, null out, but for `coalesce`. */
export function valueOf(given: unknown, columns: Columns, at: string): Read {
  if (typeof given === 'string') return columns.reader(given);
  if (typeof given === 'number') return () => given;
  if (isRecord(given)) {
    const { lit } = literal(given, at);
    return () => lit;
  }
  return Array.isArray(given) ? operation(given, columns, at) : malformed(at, `no expression: ${preview(given)}`);
}

function operation([name, ...given]: readonly unknown[], columns: Columns, at: string): Read {
  const operator = text(name, at);
  const parts = given.map((one, i) => valueOf(one, columns, `${at}[${i + 1}]`));
  if (operator === 'coalesce') {
    if (parts.length === 0) malformed(at, 'coalesce of nothing');
    return (row) => parts.reduce<unknown>((found, part) => found ?? part(row), null);
  }
  const apply = appliedOf(operator, parts.length, at);
  return (row) => {
    const values = parts.map((part) => part(row) ?? null);
    return values.includes(null) ? null : apply(values.map(numberOf));
  };
}

function appliedOf(operator: string, count: number, at: string): (values: readonly number[]) => number | null {
  if (Object.hasOwn(ONE, operator)) {
    if (count !== 1) malformed(at, `'${operator}' takes 1, not ${count}`);
    return ([value]) => ONE[operator]!(value!);
  }
  const fold = Object.hasOwn(MANY, operator) ? MANY[operator]! : malformed(at, `unknown operator '${operator}'`);
  if (count < 2) malformed(at, `'${operator}' takes 2 or more, not ${count}`);
  return ([first, ...others]) =>
    others.reduce<number | null>((value, next) => (value === null ? null : fold(value, next)), first!);
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`arithmetic with ${preview(value)}`);
  return value;
}

/** An expression that is read later, when its columns are known. */
export const expression: Shape<unknown> = (value, at) => (value === undefined ? malformed(at, 'missing') : value);

/** The same in a query of Spark's. */
export const sparkExpression: Shape<unknown> = (value, at) => inSpark(expression(value, at));

function inSpark(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const [name, ...parts] = value as unknown[];
  return [name === 'div' ? SPARK_DIV : name, ...parts.map(inSpark)];
}
