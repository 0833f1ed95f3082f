import { messageOf } from '../../errors';
import type { Decoder } from '../../formats/format';
import { INVALID, rowReader, type RowReader } from '../../schema/rowReader';
import type { BadRecord } from '../source';
import type { FileSettings } from './options';

/** Bytes of one file to rows of the schema; what is no row goes to `bad`. */
export class Records<T> {
  private readonly decoder: Decoder;
  private readonly reader: RowReader<T> | undefined;
  private rows: T[] = [];

  constructor(
    settings: FileSettings,
    private readonly name: string,
    private readonly bad: (record: BadRecord) => void,
  ) {
    const { format, schema, mode, columns } = settings;
    this.decoder = format.decoder(columns === undefined ? { mode } : { mode, columns });
    if (schema !== undefined) this.reader = rowReader<T>(schema as never, mode, format.isText);
  }

  /** For the head of a file whose rows were read before. */
  prime(bytes: Uint8Array): void {
    this.decoder.push(bytes, { row: () => {}, bad: () => {} });
  }

  push(bytes: Uint8Array): T[] {
    this.decoder.push(bytes, this.sink);
    return this.take();
  }

  end(): T[] {
    this.decoder.end(this.sink);
    return this.take();
  }

  get counts(): Readonly<Record<string, number>> {
    return { ...this.decoder.counts, nulledFields: this.reader?.nulledFields ?? 0 };
  }

  private take(): T[] {
    const rows = this.rows;
    this.rows = [];
    return rows;
  }

  private readonly sink = {
    row: (value: unknown, line: number): void => {
      if (this.reader === undefined) return void this.rows.push(value as T);
      try {
        const row = this.reader.read(value);
        if (row !== INVALID) this.rows.push(row);
        else this.bad({ reason: 'invalid', row: value, message: this.reader.message, position: `${this.name}:${line}` });
      } catch (cause) {
        const message = messageOf(cause);
        this.bad({ reason: 'failed', row: value, message, position: `${this.name}:${line}` });
      }
    },
    bad: (row: string, message: string, line: number): void =>
      this.bad({ reason: 'invalid', row, message, position: `${this.name}:${line}` }),
  };
}
