import { decodeKey, NUL_IN_STRING } from '../keyCodec';
import type { StateEntry } from '../state/table';
import { fromUtf8 } from './bytes';
import { corrupt } from './faults';
import { decodeNumbers } from './numbersCodec';
import type { Json, OperatorImage } from './records';
import type { OperatorHeader, RawEntry, StateVisitor, StateWriter, TableHeader } from './stateFile';
import { decodeValue } from './valueCodec';

/**
 * The state of all operators as bytes: the result of laying deltas over a snapshot. Keys keep the place at which they
 * came in, as in a Map. Values are not read until somebody asks: compaction copies bytes.
 */
export class RawState {
  readonly operators = new Map<string, RawOperator>();

  /** Lays a file over what there is. */
  visitor(name: string, meta: (meta: Json) => void = () => {}): StateVisitor {
    let operator: RawOperator | undefined;
    let table: RawTable | undefined;
    const tableOf = (): RawTable => table ?? misplaced(name);
    return {
      meta,
      operator: (header) => {
        operator = this.operators.get(header.id);
        if (operator === undefined) this.operators.set(header.id, (operator = new RawOperator(header)));
        operator.header = header;
        table = undefined;
      },
      table: (header) => {
        table = (operator ?? misplaced(name)).begin(header, name);
      },
      cleared: (entry) => tableOf().clear(entry),
      removed: (entry) => tableOf().remove(entry),
      put: (entry) => tableOf().put(entry),
    };
  }

  /** Writes everything: a snapshot. */
  write(writer: StateWriter): void {
    for (const { header, tables } of this.operators.values()) {
      writer.operator(header);
      for (const [name, table] of tables) {
        writer.table({ name, version: table.version, whole: true });
        for (const entry of table.entries()) writer.copy(entry);
      }
    }
  }
}

function misplaced(name: string): never {
  throw corrupt(name, 'entries stand outside a table');
}

/** The tables of one operator. */
export class RawOperator {
  readonly tables = new Map<string, RawTable>();

  constructor(public header: OperatorHeader) {}

  begin({ name, version, whole }: TableHeader, file: string): RawTable {
    let table = this.tables.get(name);
    if (table === undefined || whole) this.tables.set(name, (table = new RawTable(version)));
    else if (table.version !== version) {
      throw corrupt(
        file,
        `table ${name} of ${this.header.id} goes from version ${table.version} to ${version} without a whole copy`,
      );
    }
    table.begin();
    return table;
  }

  /** Reads the values. */
  image(): OperatorImage {
    const { type, schema } = this.header;
    const tables: Record<string, OperatorImage['tables'][string]> = {};
    for (const [name, table] of this.tables) tables[name] = { version: table.version, entries: table.decode() };
    return { type, schema, tables };
  }
}

/** Entries by key. A table may hold several of one key: the second, third, … of one delta have slots of their own. */
export class RawTable {
  private readonly slots = new Map<string, RawEntry>();
  private seen = new Map<string, number>();
  private seesRepeats = false;
  /** Beginnings of keys, and the age below which entries under them are gone: they go when somebody asks. */
  private readonly cleared = new Map<string, number>();
  private readonly clearedLengths = new Set<number>();
  private age = 0;

  constructor(readonly version: number) {}

  /** A delta begins. */
  begin(): void {
    this.seen = new Map();
    this.seesRepeats = this.slots.size > 0;
  }

  clear(entry: RawEntry): void {
    const beginning = keyText(entry);
    this.cleared.set(beginning, ++this.age);
    this.clearedLengths.add(beginning.length);
  }

  remove(entry: RawEntry): void {
    const key = keyText(entry);
    for (let slot = 0; this.slots.delete(slotText(key, slot)); slot++);
  }

  put(entry: RawEntry): void {
    const key = keyText(entry);
    entry.age = this.age;
    if (!this.seesRepeats) {
      // Into an empty table a key can come twice only if it is there already.
      if (!this.slots.has(key)) return void this.slots.set(key, entry);
      for (const known of this.slots.keys()) this.seen.set(known, 1);
      this.seesRepeats = true;
    }
    const number = this.seen.get(key) ?? 0;
    this.seen.set(key, number + 1);
    const name = slotText(key, number);
    // What comes back is the youngest.
    if (this.cleared.size > 0 && this.isGone(name, this.slots.get(name))) this.slots.delete(name);
    this.slots.set(name, entry);
  }

  private isGone(name: string, entry: RawEntry | undefined): boolean {
    if (entry === undefined || entry.age === this.age) return false;
    for (const length of this.clearedLengths) {
      // A text may go on behind what looks like its end.
      if (entry.age < this.cleared.get(name.slice(0, length))! && name.charCodeAt(length) !== NUL_IN_STRING) return true;
    }
    return false;
  }

  private sweep(): void {
    if (this.cleared.size > 0) for (const [name, entry] of this.slots) if (this.isGone(name, entry)) this.slots.delete(name);
    this.cleared.clear();
    this.clearedLengths.clear();
  }

  get size(): number {
    this.sweep();
    return this.slots.size;
  }

  entries(): Iterable<RawEntry> {
    this.sweep();
    return this.slots.values();
  }

  decode(): StateEntry[] {
    const decoded: StateEntry[] = [];
    for (const { file, at, keyLength, valueLength } of this.entries()) {
      const value = at + 8 + keyLength;
      const bytes = file.subarray(value, value + valueLength);
      decoded.push([decodeKey(file.subarray(at + 4, at + 4 + keyLength)), decodeNumbers(bytes) ?? decodeValue(fromUtf8(bytes))]);
    }
    return decoded;
  }
}

/** A character a byte. */
function keyText({ file, at, keyLength }: RawEntry): string {
  const bytes = file.subarray(at + 4, at + 4 + keyLength);
  if (keyLength < 4096) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

/** No key has a character above 255. */
const slotText = (key: string, slot: number): string => (slot === 0 ? key : `${key}\u0100${slot}`);
