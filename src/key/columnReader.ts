/**
 * The same function, several times. V8 keeps what it learned about `row[name]` per place in the source text; readers of
 * different columns that share one place make each other slow (measured: 15 ns a read against 5). Minifiers keep them
 * apart and gzip folds them.
 */
const PLACES: readonly ((name: string) => (row: Readonly<Record<string, unknown>>) => unknown)[] = [
  (name) => (row) => row[name],
  (name) => (row) => row[name],
  (name) => (row) => row[name],
  (name) => (row) => row[name],
  (name) => (row) => row[name],
  (name) => (row) => row[name],
  (name) => (row) => row[name],
  (name) => (row) => row[name],
];
let place = 0;

/**
 * Makes the function that reads one column of a row.
 *
 * @param name the column
 * @returns `(row) => row[name]`, in a form that stays fast when a program reads many different columns
 */
export function columnReader<T>(name: keyof T & string): (row: T) => unknown {
  const make = PLACES[place++ % PLACES.length]!;
  return make(name) as (row: T) => unknown;
}
