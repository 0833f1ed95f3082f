import type { Folding } from '../aggregate/plan';
import type { Window } from '../element';
import { TidemarkError } from '../errors';
import { keyValues, restoreKey, type KeyOf } from '../key';

export type ResultRow = Record<string, unknown>;

/** Makes the flat row of a key's result: `{ window?, …key columns, …select }`. */
export type RowBuilder = (window: Window | undefined, key: KeyOf, acc: unknown) => ResultRow;

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
  return (window, key, acc) => {
    const row: ResultRow = {};
    if (window !== undefined) row['window'] = window;
    const values = keyValues(key, keyColumns.length);
    keyColumns.forEach((name, i) => (row[name] = values[i]));
    for (let i = 0; i < read.length; i++) row[folding.names[i]!] = read[i]!(acc);
    return row;
  };
}

type Read = (acc: unknown) => unknown;
type Row = new () => ResultRow;
type Site = (Row: Row, names: readonly string[], read: readonly Read[]) => RowBuilder;

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
  (Row, names, read) => { const n = read.length; const [k, c0, c1, c2, c3] = names as string[] as [string, string, string, string, string]; const [r0, r1, r2, r3] = read as Read[] as [Read, Read, Read, Read]; return (window, key, acc) => { const row = new Row(); row['window'] = window; row[k] = keyValue(key); row[c0] = r0(acc); if (n > 1) row[c1] = r1(acc); if (n > 2) row[c2] = r2(acc); if (n > 3) row[c3] = r3(acc); if (n > 4) restOf(row, names, read, acc); return row; }; },
  (Row, names, read) => { const n = read.length; const [k, c0, c1, c2, c3] = names as string[] as [string, string, string, string, string]; const [r0, r1, r2, r3] = read as Read[] as [Read, Read, Read, Read]; return (window, key, acc) => { const row = new Row(); row['window'] = window; row[k] = keyValue(key); row[c0] = r0(acc); if (n > 1) row[c1] = r1(acc); if (n > 2) row[c2] = r2(acc); if (n > 3) row[c3] = r3(acc); if (n > 4) restOf(row, names, read, acc); return row; }; },
  (Row, names, read) => { const n = read.length; const [k, c0, c1, c2, c3] = names as string[] as [string, string, string, string, string]; const [r0, r1, r2, r3] = read as Read[] as [Read, Read, Read, Read]; return (window, key, acc) => { const row = new Row(); row['window'] = window; row[k] = keyValue(key); row[c0] = r0(acc); if (n > 1) row[c1] = r1(acc); if (n > 2) row[c2] = r2(acc); if (n > 3) row[c3] = r3(acc); if (n > 4) restOf(row, names, read, acc); return row; }; },
  (Row, names, read) => { const n = read.length; const [k, c0, c1, c2, c3] = names as string[] as [string, string, string, string, string]; const [r0, r1, r2, r3] = read as Read[] as [Read, Read, Read, Read]; return (window, key, acc) => { const row = new Row(); row['window'] = window; row[k] = keyValue(key); row[c0] = r0(acc); if (n > 1) row[c1] = r1(acc); if (n > 2) row[c2] = r2(acc); if (n > 3) row[c3] = r3(acc); if (n > 4) restOf(row, names, read, acc); return row; }; },
];

const places = new Map<string, { readonly site: Site; readonly Row: Row }>();

/** The same columns keep their place and their hidden class, however often the pipe is built. */
function fastBuilder(names: readonly string[], read: readonly Read[]): RowBuilder {
  if (read.length === 0) return (window, key) => ({ window, [names[0]!]: keyValue(key) });
  const signature = names.join('\0');
  let place = places.get(signature);
  if (place === undefined) {
    place = { site: SITES[places.size % SITES.length]!, Row: emptyRow() };
    if (places.size < 64) places.set(signature, place);
  }
  return place.site(place.Row, names, read);
}
