import { checkOption } from '../errors';

/** How a column is compared. */
export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** What a column can be compared with. */
export type Comparable = number | bigint | string | boolean | Date;

const TESTS: Readonly<Record<Comparison, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/** A comparison with a value; null (unknown) for null, NaN, and what is of another type. */
export function comparison(how: Comparison, value: Comparable): (column: unknown) => boolean | null {
  checkOption(Object.hasOwn(TESTS, how), `a comparison is one of ${Object.keys(TESTS).join(' ')}`, { comparison: how });
  const test = TESTS[how];
  const right = ordered(value);
  checkOption(right !== undefined, 'a column is compared with a number, bigint, text, boolean or Date', { value });
  return (column) => {
    const left = ordered(column);
    if (left === undefined || kindOf(left) !== kindOf(right)) return null;
    return test(left < right ? -1 : left > right ? 1 : 0);
  };
}

/** Text is compared by code unit, the same on every machine. */
function ordered(value: unknown): number | bigint | string | boolean | undefined {
  if (value instanceof Date) value = value.getTime();
  if (typeof value === 'number') return Number.isNaN(value) ? undefined : value;
  return typeof value === 'bigint' || typeof value === 'string' || typeof value === 'boolean' ? value : undefined;
}

function kindOf(value: unknown): string {
  return typeof value === 'bigint' ? 'number' : typeof value;
}
