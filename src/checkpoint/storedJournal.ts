import { TidemarkError } from '../errors';
import type { StateBackend } from './backend';
import { platformDigests } from './digests';
import { corrupt } from './faults';
import { digits } from './names';
import { decodeRecord, encodeRecord, type RecordPlace } from './recordFile';
import { withSuperJson } from './superJson';
import { decodeValue, encodeValue, Unencodable } from './valueCodec';

interface Segment {
  readonly from: number;
  readonly to: number;
}

/**
 * A log of one source inside a checkpoint: each call of `append` is one file, `sources/<id>/<from>-<to>`, published as
 * everything else is. Nothing is overwritten; what is not needed any more is removed segment by segment. Rows are written
 * by the codec of state values: they come back as they were, Dates and columns in their order included.
 */
export class StoredJournal {
  private constructor(
    private readonly backend: StateBackend,
    private readonly queryId: string,
    private readonly folder: string,
    private segments: Segment[],
  ) {}

  /** @throws TIDEMARK_CHECKPOINT_CORRUPT when a segment is missing in between */
  static async open(backend: StateBackend, queryId: string, source: string): Promise<StoredJournal> {
    const folder = journalFolder(source);
    const segments = (await backend.list(folder)).map(parseName).filter((segment) => segment !== undefined);
    segments.forEach(({ from }, i) => {
      const expected = i === 0 ? from : segments[i - 1]!.to;
      if (from !== expected) throw corrupt(folder, `entries ${expected} to ${from} are missing`);
    });
    return new StoredJournal(backend, queryId, folder, segments);
  }

  get begin(): number {
    return this.segments[0]?.from ?? this.end;
  }

  get end(): number {
    return this.segments.at(-1)?.to ?? this.last;
  }

  /** Where it ended when the last segment was removed. */
  private last = 0;

  /** @throws TIDEMARK_STATE_VALUE a row that the codec cannot write; nothing is written then */
  async append(rows: readonly unknown[]): Promise<number> {
    if (rows.length === 0) return this.end;
    const segment = { from: this.end, to: this.end + rows.length };
    const place = this.placeOf(segment);
    const text = await withSuperJson(() => textOf(rows, this.folder));
    const { bytes } = encodeRecord(text, place, this.digests);
    await this.backend.publish([{ name: place.name, bytes }]);
    this.segments.push(segment);
    return segment.to;
  }

  async *read(from: number, to: number): AsyncIterable<readonly unknown[]> {
    for (const segment of this.segments) {
      if (segment.to <= from || segment.from >= to) continue;
      const rows = await this.load(segment);
      yield rows.slice(Math.max(0, from - segment.from), to - segment.from);
    }
  }

  async forget(to: number): Promise<void> {
    // The newest segment stays: its name says where the log ends.
    const old = this.segments.filter((segment) => segment.to <= to).slice(0, this.segments.at(-1)!.to <= to ? -1 : undefined);
    if (old.length === 0) return;
    this.segments = this.segments.slice(old.length);
    this.last = this.end;
    await this.backend.remove(old.map((segment) => this.placeOf(segment).name));
  }

  private async load(segment: Segment): Promise<readonly unknown[]> {
    const place = this.placeOf(segment);
    const bytes = await this.backend.read(place.name);
    if (bytes === undefined) throw corrupt(place.name, 'it is missing');
    const text = decodeRecord(bytes, place, this.digests).data;
    const rows = typeof text === 'string' ? await withSuperJson(() => decodeValue(text)) : undefined;
    if (!Array.isArray(rows) || rows.length !== segment.to - segment.from) throw corrupt(place.name, 'it has another length');
    return rows as readonly unknown[];
  }

  private get digests() {
    return this.backend.digests ?? platformDigests;
  }

  private placeOf({ from, to }: Segment): RecordPlace {
    return {
      name: `${this.folder}/${digits(from)}-${digits(to)}`,
      kind: 'journal',
      queryId: this.queryId,
      which: `${from}-${to}`,
    };
  }
}

function parseName(name: string): Segment | undefined {
  const [, from, to] = /^(\d{16})-(\d{16})$/.exec(name) ?? [];
  return from === undefined ? undefined : { from: Number(from), to: Number(to) };
}

function textOf(rows: readonly unknown[], folder: string): string {
  try {
    return encodeValue(rows);
  } catch (cause) {
    if (!(cause instanceof Unencodable)) throw cause;
    const { what, path } = cause;
    const message = `${folder}: a row cannot be journaled: at ${path.join('.')} there is ${what}`;
    throw new TidemarkError('TIDEMARK_STATE_VALUE', message, { row: rows[Number(path[0])], path }, { cause });
  }
}

/** Where the journal of a source lies. */
export const journalFolder = (source: string): string => `sources/${safeName(source)}`;

/** Names of sources are the user's: what a file system might not like is written in hexadecimal. */
function safeName(source: string): string {
  return source.replace(/[^A-Za-z0-9-]/g, (char) => `_${char.codePointAt(0)!.toString(16)}_`);
}
