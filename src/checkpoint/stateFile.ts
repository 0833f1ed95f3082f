import { isTidemarkError, TidemarkError } from '../errors';
import { encodeKey, encodeKeyInto } from '../keyCodec';
import { fromUtf8, toUtf8 } from './bytes';
import type { Digests } from './digests';
import { corrupt } from './faults';
import { FrameWriter, readFrames, type FramePlace } from './frames';
import { encodeNumbersInto } from './numbersCodec';
import { canonicalJson } from './recordFile';
import type { Json, OperatorDelta, StagedOutput, TableDelta } from './records';
import { encodeValue, Unencodable } from './valueCodec';

/** Types of frames. Readers refuse others. */
const META = 1;
const OPERATOR = 2;
const TABLE = 3;
const REMOVED = 4;
const PUT = 5;
const OUTPUT = 6;
const ROWS = 7;
const CHANGES = 8;
const CLEARED = 9;
/** A frame is finished when it is this long; only an entry that is longer by itself makes a longer one. */
const FRAME_TARGET = 256 * 1024;
const ROWS_A_VALUE = 256;

/** What a state file says of an operator. */
export interface OperatorHeader {
  readonly id: string;
  readonly type: string;
  readonly schema: Json;
  readonly version: number;
}

/** What a state file says of a table. */
export interface TableHeader {
  readonly name: string;
  readonly version: number;
  /** Replaces what there was. */
  readonly whole: boolean;
}

/** A key, or a key with its value, where it stands in a file: `[length][key][length][value]`. */
export interface RawEntry {
  readonly file: Uint8Array;
  /** Of the key's length. */
  readonly at: number;
  readonly keyLength: number;
  readonly valueLength: number;
  /** How much of its table had been cleared before it came; whoever keeps it writes this. */
  age: number;
}

/** A file as it is written, and how many entries are in it. */
export interface StateBytes {
  readonly bytes: Uint8Array;
  readonly entries: number;
}

/** Writes a delta or a snapshot. */
export class StateWriter {
  private readonly frames: FrameWriter;
  private open: number | undefined;

  constructor(place: FramePlace, digests: Digests, meta: Json) {
    this.frames = new FrameWriter(place, digests);
    this.json(META, meta);
  }

  operator(header: OperatorHeader): void {
    this.json(OPERATOR, header as unknown as Json);
  }

  table(header: TableHeader): void {
    this.json(TABLE, header as unknown as Json);
  }

  /** All keys that begin so. @throws TIDEMARK_KEY_TYPE a value that no key has */
  cleared(beginning: readonly unknown[]): void {
    this.inFrame(CLEARED);
    this.key(beginning);
    this.frames.entries++;
  }

  /** @throws TIDEMARK_KEY_TYPE a value that no key has */
  removed(key: readonly unknown[]): void {
    this.inFrame(REMOVED);
    this.key(key);
    this.frames.entries++;
  }

  /**
   * @throws TIDEMARK_KEY_TYPE a value that no key has
   * @throws Unencodable (internal) a value that cannot be written
   */
  put(key: readonly unknown[], value: unknown): void {
    const { out } = this.frames;
    this.inFrame(PUT);
    this.key(key);
    if (!out.sizedBy(encodeNumbersInto, value)) out.text(encodeValue(value));
    this.frames.entries++;
  }

  private key(key: readonly unknown[]): void {
    const { out } = this.frames;
    if (!out.sizedBy(encodeKeyInto, key)) out.sized(encodeKey(key));
  }

  /** Copies an entry of another file. */
  copy({ file, at, keyLength, valueLength }: RawEntry): void {
    this.inFrame(PUT);
    this.frames.out.bytes(file.subarray(at, at + 8 + keyLength + valueLength));
    this.frames.entries++;
  }

  end(): StateBytes {
    this.close();
    return { bytes: this.frames.end(), entries: this.frames.entries };
  }

  protected json(type: number, data: Json): void {
    this.close();
    this.frames.begin(type);
    this.frames.out.bytes(toUtf8(canonicalJson(data)));
    this.frames.finish();
  }

  private inFrame(type: number): void {
    if (this.open === type && this.frames.size < FRAME_TARGET) return;
    this.close();
    this.frames.begin(type);
    this.open = type;
  }

  private close(): void {
    if (this.open !== undefined) this.frames.finish();
    this.open = undefined;
  }
}

/** What a walk through a state file meets. */
export interface StateVisitor {
  meta(meta: Json): void;
  operator(header: OperatorHeader): void;
  table(header: TableHeader): void;
  /** The key is the beginning of those that are gone. */
  cleared(entry: RawEntry): void;
  removed(entry: RawEntry): void;
  put(entry: RawEntry): void;
}

/** Walks through a delta or a snapshot, verifying as it goes; resolves to the number of entries. */
export function readStateFile(bytes: Uint8Array, place: FramePlace, digests: Digests, visit: StateVisitor): number {
  const frames = readFrames(bytes, place, digests);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let entries = 0;
  for (let next = frames.next(); ; next = frames.next()) {
    if (next.done === true) {
      if (next.value !== entries) throw corrupt(place.name, 'entries are missing');
      return entries;
    }
    const { type, from, to } = next.value;
    if (type === META) visit.meta(parse(bytes, from, to));
    else if (type === OPERATOR) visit.operator(parse(bytes, from, to) as unknown as OperatorHeader);
    else if (type === TABLE) visit.table(parse(bytes, from, to) as unknown as TableHeader);
    else if (type === PUT) entries += readEntries(bytes, view, next.value, true, (entry) => visit.put(entry));
    else if (type === REMOVED) entries += readEntries(bytes, view, next.value, false, (entry) => visit.removed(entry));
    else if (type === CLEARED) entries += readEntries(bytes, view, next.value, false, (entry) => visit.cleared(entry));
    else throw corrupt(place.name, `a frame has the unknown type ${type}`);
  }
}

const parse = (bytes: Uint8Array, from: number, to: number): Json => JSON.parse(fromUtf8(bytes.subarray(from, to))) as Json;

function readEntries(
  file: Uint8Array,
  view: DataView,
  { from, to }: { readonly from: number; readonly to: number },
  hasValue: boolean,
  visit: (entry: RawEntry) => void,
): number {
  let count = 0;
  for (let at = from; at < to; count++) {
    const keyLength = view.getUint32(at, true);
    const valueLength = hasValue ? view.getUint32(at + 4 + keyLength, true) : 0;
    visit({ file, at, keyLength, valueLength, age: 0 });
    at += (hasValue ? 8 : 4) + keyLength + valueLength;
  }
  return count;
}

/** Writes what changed in one table. Names operator, table, key and path where a value cannot be written. */
export function writeTable(writer: StateWriter, operator: string, name: string, table: TableDelta): void {
  const { version, whole, cleared = [], removed, put } = table;
  writer.table({ name, version, whole });
  let at: readonly unknown[] = [];
  try {
    cleared.forEach((beginning) => writer.cleared((at = beginning)));
    removed.forEach((key) => writer.removed((at = key)));
    put.forEach(([key, value]) => writer.put((at = key), value));
  } catch (cause) {
    if (cause instanceof Unencodable) throw notWritten(operator, name, at, cause);
    if (!isTidemarkError(cause) || cause.code !== 'TIDEMARK_KEY_TYPE') throw cause;
    throw unencodable(`operator ${operator}, table ${name}: a key cannot be written`, { operator, table: name, key: at }, cause);
  }
}

/** Writes a delta. */
export function encodeDelta(
  delta: readonly OperatorDelta[],
  versionOf: (id: string) => number,
  place: FramePlace,
  digests: Digests,
  meta: Json,
): StateBytes {
  const writer = new StateWriter(place, digests, meta);
  for (const { id, type, schema, tables } of delta) {
    writer.operator({ id, type, schema, version: versionOf(id) });
    for (const [name, table] of Object.entries(tables)) writeTable(writer, id, name, table);
  }
  return writer.end();
}

function notWritten(operator: string, table: string, key: readonly unknown[], cause: Unencodable): TidemarkError {
  const { what, path } = cause;
  const where = path.length === 0 ? 'it is' : `at ${path.join('.')} there is`;
  const message = `operator ${operator}, table ${table}: the state cannot be written, ${where} ${what}`;
  return unencodable(message, { operator, table, key, path }, cause);
}

function unencodable(message: string, details: Record<string, unknown>, cause: unknown): TidemarkError {
  return new TidemarkError('TIDEMARK_STATE_VALUE', message, details, { cause });
}

/** Writes the rows of a batch for each sink. */
export function encodeOutputs(outputs: readonly StagedOutput[], place: FramePlace, digests: Digests): Uint8Array {
  const frames = new FrameWriter(place, digests);
  const frame = (type: number, text: string): void => {
    frames.begin(type);
    frames.out.bytes(toUtf8(text));
    frames.finish();
  };
  for (const { sink, rows, changes } of outputs) {
    frame(OUTPUT, canonicalJson({ sink, changes: changes !== undefined }));
    for (const [type, list] of [
      [ROWS, rows],
      [CHANGES, changes ?? []],
    ] as const) {
      for (let i = 0; i < list.length; i += ROWS_A_VALUE) {
        frame(type, rowsText(sink, list.slice(i, i + ROWS_A_VALUE), i));
      }
    }
    frames.entries += rows.length + (changes?.length ?? 0);
  }
  return frames.end();
}

function rowsText(sink: string, rows: readonly unknown[], first: number): string {
  try {
    return encodeValue(rows);
  } catch (cause) {
    if (!(cause instanceof Unencodable)) throw cause;
    const [index, ...path] = cause.path;
    throw unencodable(
      `sink ${sink}: row ${first + Number(index)} cannot be staged: at ${path.join('.') || 'its top'} there is ${cause.what}`,
      { sink, row: rows[Number(index)], path },
      cause,
    );
  }
}

/** Reads what {@link encodeOutputs} wrote. `decode` is the value codec (given, since it may need superjson). */
export function decodeOutputs(
  bytes: Uint8Array,
  place: FramePlace,
  digests: Digests,
  decode: (text: string) => unknown,
): StagedOutput[] {
  const outputs: { sink: string; rows: unknown[]; changes?: unknown[] }[] = [];
  for (const { type, from, to } of readFrames(bytes, place, digests)) {
    const text = fromUtf8(bytes.subarray(from, to));
    const last = outputs[outputs.length - 1];
    if (type === OUTPUT) {
      const { sink, changes } = JSON.parse(text) as { sink: string; changes: boolean };
      outputs.push({ sink, rows: [], ...(changes ? { changes: [] } : {}) });
    } else {
      const list = type === ROWS ? last?.rows : type === CHANGES ? last?.changes : undefined;
      if (list === undefined) throw corrupt(place.name, `a frame of type ${type} has no place here`);
      for (const row of decode(text) as unknown[]) list.push(row);
    }
  }
  return outputs;
}
