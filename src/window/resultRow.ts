import type { Folding } from '../aggregate/plan';
import type { Window } from '../element';
import { TidemarkError } from '../errors';
import { keyValues, restoreKey, type KeyOf, type Primitive } from '../key';
import type { Memo } from './store';

export type ResultRow = Record<string, unknown>;

/**
 * Makes the flat row of a key's result: `{ window?, …key columns, …select }`. With `memo`, figures are read once as long as
 * the accumulator stays what it is: a sliding window mostly says again what the one before said.
 */
export type RowBuilder = (window: Window | undefined, key: KeyOf, acc: unknown, memo?: Memo) => ResultRow;

/** Refuses a select whose result would have two columns of one name. */
export function checkNames(keyColumns: readonly string[], select: readonly string[], windowed: boolean): void {
  const all = [...(windowed ? ['window'] : []), ...keyColumns, ...select];
  const clash = all.find((name, i) => all.indexOf(name) !== i);
  if (clash === undefined) return;
  throw new TidemarkError('TIDEMARK_NAME_CLASH', `two result columns are called '${clash}'`, { columns: all });
}

export function rowBuilderOf(keyColumns: readonly string[], folding: Folding, windowed: boolean): RowBuilder {
  const read = folding.reads;
  if (windowed && keyColumns.length === 1) return fastBuilder([keyColumns[0]!, ...folding.names], read);
  if (windowed && keyColumns.length > 1) return tupleBuilder(keyColumns, folding);
  return (window, key, acc) => {
    const row: ResultRow = {};
    if (window !== undefined) row['window'] = window;
    const values = keyValues(key, keyColumns.length);
    keyColumns.forEach((name, i) => (row[name] = values[i]));
    for (let i = 0; i < read.length; i++) row[folding.names[i]!] = read[i]!(acc);
    return row;
  };
}

/** The columns of the key behind the first one are read as figures are, from the key at work. */
function tupleBuilder(keyColumns: readonly string[], { names, reads }: Folding): RowBuilder {
  let tuple: readonly Primitive[] = [];
  const parts = keyColumns.slice(1).map((_, i) => () => keyValue(tuple[i + 1]!));
  const build = fastBuilder([...keyColumns, ...names], [...parts, ...reads]);
  return (window, key, acc, memo) => {
    tuple = key as readonly Primitive[];
    return build(window, tuple[0]!, acc, memo);
  };
}

type Read = (acc: unknown) => unknown;
type Row = new () => ResultRow;

/** The two ways to fill a row: from an accumulator, and from figures that were read before. */
interface Filler {
  once(window: Window | undefined, key: KeyOf, acc: unknown): ResultRow;
  again(window: Window | undefined, key: KeyOf, figures: readonly unknown[]): ResultRow;
}

type Site = (Row: Row, names: readonly string[], read: readonly Read[]) => Filler;

/** A constructor of plain objects: one for each list of columns, so that V8 keeps all of them inside the object. */
function emptyRow(): Row {
  function Plain(): void {}
  Plain.prototype = Object.prototype;
  return Plain as unknown as Row;
}

function keyValue(key: KeyOf): unknown {
  return typeof key === 'string' && key.length > 0 && key.charCodeAt(0) === 0 ? restoreKey(key) : key;
}

function restOf(row: ResultRow, names: readonly string[], read: readonly Read[], acc: unknown): void {
  for (let i = 4; i < read.length; i++) row[names[i + 1]!] = read[i]!(acc);
}

/**
 * The same text several times, on purpose: V8 keeps inline caches per place in the source, so a plan that has a place to
 * itself stores its columns as fast as an object literal would (measured: 60 against 200 ns a row of six columns once
 * several plans are alive). gzip folds the copies. Do not make one helper of them; the CSP forbids `new Function`.
 */
// prettier-ignore
const SITES: readonly Site[] = [
  (Row, names, read) => { const n = read.length; const [k, c0, c1, c2, c3] = names as string[] as [string, string, string, string, string]; const [r0, r1, r2, r3] = read as Read[] as [Read, Read, Read, Read]; return { once(window, key, acc) { const row = new Row(); row['window'] = window; row[k] = keyValue(key); row[c0] = r0(acc); if (n > 1) row[c1] = r1(acc); if (n > 2) row[c2] = r2(acc); if (n > 3) row[c3] = r3(acc); if (n > 4) restOf(row, names, read, acc); return row; }, again(window, key, f) { const row = new Row(); row['window'] = window; row[k] = keyValue(key); row[c0] = f[0]; if (n > 1) row[c1] = f[1]; if (n > 2) row[c2] = f[2]; if (n > 3) row[c3] = f[3]; for (let i = 4; i < n; i++) row[names[i + 1]!] = f[i]; return row; } }; },
  (Row, names, read) => { const n = read.length; const [k, c0, c1, c2, c3] = names as string[] as [string, string, string, string, string]; const [r0, r1, r2, r3] = read as Read[] as [Read, Read, Read, Read]; return { once(window, key, acc) { const row = new Row(); row['window'] = window; row[k] = keyValue(key); row[c0] = r0(acc); if (n > 1) row[c1] = r1(acc); if (n > 2) row[c2] = r2(acc); if (n > 3) row[c3] = r3(acc); if (n > 4) restOf(row, names, read, acc); return row; }, again(window, key, f) { const row = new Row(); row['window'] = window; row[k] = keyValue(key); row[c0] = f[0]; if (n > 1) row[c1] = f[1]; if (n > 2) row[c2] = f[2]; if (n > 3) row[c3] = f[3]; for (let i = 4; i < n; i++) row[names[i + 1]!] = f[i]; return row; } }; },
  (Row, names, read) => { const n = read.length; const [k, c0, c1, c2, c3] = names as string[] as [string, string, string, string, string]; const [r0, r1, r2, r3] = read as Read[] as [Read, Read, Read, Read]; return { once(window, key, acc) { const row = new Row(); row['window'] = window; row[k] = keyValue(key); row[c0] = r0(acc); if (n > 1) row[c1] = r1(acc); if (n > 2) row[c2] = r2(acc); if (n > 3) row[c3] = r3(acc); if (n > 4) restOf(row, names, read, acc); return row; }, again(window, key, f) { const row = new Row(); row['window'] = window; row[k] = keyValue(key); row[c0] = f[0]; if (n > 1) row[c1] = f[1]; if (n > 2) row[c2] = f[2]; if (n > 3) row[c3] = f[3]; for (let i = 4; i < n; i++) row[names[i + 1]!] = f[i]; return row; } }; },
  (Row, names, read) => { const n = read.length; const [k, c0, c1, c2, c3] = names as string[] as [string, string, string, string, string]; const [r0, r1, r2, r3] = read as Read[] as [Read, Read, Read, Read]; return { once(window, key, acc) { const row = new Row(); row['window'] = window; row[k] = keyValue(key); row[c0] = r0(acc); if (n > 1) row[c1] = r1(acc); if (n > 2) row[c2] = r2(acc); if (n > 3) row[c3] = r3(acc); if (n > 4) restOf(row, names, read, acc); return row; }, again(window, key, f) { const row = new Row(); row['window'] = window; row[k] = keyValue(key); row[c0] = f[0]; if (n > 1) row[c1] = f[1]; if (n > 2) row[c2] = f[2]; if (n > 3) row[c3] = f[3]; for (let i = 4; i < n; i++) row[names[i + 1]!] = f[i]; return row; } }; },
];

const places = /* @__PURE__ */ new Map<string, { readonly site: Site; readonly Row: Row; readonly example: ResultRow }>();

/**
 * V8 forgets what rows look like once none is alive, and learns it anew by throwing code away when a column is not what it
 * was in the first row. One row that stays, with columns that have held a number and text, spares it both.
 */
function exampleOf(Row: Row, names: readonly string[]): ResultRow {
  const example = new Row();
  for (const name of ['window', ...names]) example[name] = 0;
  for (const name of names) example[name] = '';
  example['window'] = { start: 0, end: 0 };
  return example;
}

/** At least one figure. The same columns keep their place and their hidden class, however often the pipe is built. */
function fastBuilder(names: readonly string[], read: readonly Read[]): RowBuilder {
  const signature = names.join('\0');
  let place = places.get(signature);
  if (place === undefined) {
    const Row = emptyRow();
    place = { site: SITES[places.size % SITES.length]!, Row, example: exampleOf(Row, names) };
    if (places.size < 64) places.set(signature, place);
  }
  const filler = place.site(place.Row, names, read);
  return (window, key, acc, memo) => {
    if (memo === undefined) return filler.once(window, key, acc);
    if (!memo.isRead) readInto(memo, read, acc);
    return filler.again(window, key, memo.figures!);
  };
}

function readInto(memo: Memo, read: readonly Read[], acc: unknown): void {
  // Filled with null, so that it does not become an array of plain doubles: each read would then make a number object.
  memo.figures ??= new Array<unknown>(read.length).fill(null);
  for (let i = 0; i < read.length; i++) memo.figures[i] = read[i]!(acc);
  memo.isRead = true;
}
