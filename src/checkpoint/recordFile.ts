import { TidemarkError } from '../errors';
import { fromUtf8, toUtf8 } from './bytes';
import type { Digests } from './digests';
import { corrupt, tooNew } from './faults';
import type { Json } from './records';

/** The format of all files of a checkpoint. Since 2: numbers as bytes, beginnings of keys that are gone (D-054). */
export const FORMAT = 2;
const HEADER = /^tidemark (\d{1,9}) ([a-z]+) (\d{1,15}) ([0-9a-f]{8})$/;
const MAX_HEADER = 80;

/** Where a record belongs: its checksum covers this, so a file copied from elsewhere fails. */
export interface RecordPlace {
  readonly name: string;
  readonly kind: 'identity' | 'plan' | 'commit' | 'journal';
  readonly queryId: string;
  /** Which one of its kind: `7`, `7.1` (a plan with rows left out), empty for the identity. */
  readonly which: string;
}

/** A record's file and its checksum. */
export interface RecordFile {
  readonly bytes: Uint8Array;
  readonly crc: string;
}

/**
 * Writes a record as text: `tidemark 2 plan 137 0f3a9c21`, a line of JSON with sorted names, and nothing behind it.
 *
 * @throws TIDEMARK_STATE_VALUE a number that JSON does not know
 */
export function encodeRecord(data: Json, place: RecordPlace, digests: Digests): RecordFile {
  const body = toUtf8(canonicalJson(data));
  const crc = checksum(body, place, digests);
  const head = toUtf8(header(FORMAT, place.kind, body.length, crc));
  const bytes = new Uint8Array(head.length + body.length + 1);
  bytes.set(head);
  bytes.set(body, head.length);
  bytes[bytes.length - 1] = 0x0a;
  return { bytes, crc };
}

/**
 * Reads a record and checks every byte of it.
 *
 * @throws TIDEMARK_CHECKPOINT_CORRUPT, TIDEMARK_FORMAT_TOO_NEW
 */
export function decodeRecord(bytes: Uint8Array, place: RecordPlace, digests: Digests): { data: Json; crc: string } {
  const end = bytes.subarray(0, MAX_HEADER).indexOf(0x0a);
  const line = end < 0 ? undefined : HEADER.exec(latin1(bytes.subarray(0, end)));
  if (line === undefined || line === null) throw corrupt(place.name, 'it does not begin like a record');
  const [, format, kind, length, crc] = line as unknown as [string, string, string, string, string];
  if (Number(format) > FORMAT) throw tooNew(place.name, Number(format), FORMAT);
  const body = bytes.subarray(end + 1, end + 1 + Number(length));
  // Rebuilt and compared: leading zeros and the like would be a second way to write the same.
  const isOurs =
    Number(format) > 0 && latin1(bytes.subarray(0, end + 1)) === header(Number(format), place.kind, body.length, crc);
  if (!isOurs) throw corrupt(place.name, `its first line does not fit: ${kind}, ${length} bytes`);
  if (bytes.length !== end + 2 + body.length || bytes[bytes.length - 1] !== 0x0a)
    throw corrupt(place.name, 'its length is wrong');
  if (checksum(body, place, digests) !== crc) throw corrupt(place.name, 'its checksum is wrong');
  return { data: JSON.parse(fromUtf8(body)) as Json, crc };
}

function header(format: number, kind: string, length: number, crc: string): string {
  return `tidemark ${format} ${kind} ${length} ${crc}\n`;
}

function checksum(body: Uint8Array, { queryId, kind, which }: RecordPlace, digests: Digests): string {
  return hex(digests.crc32(body, digests.crc32(toUtf8(`${queryId} ${kind} ${which} `))));
}

/** Eight hexadecimal digits. */
export const hex = (crc: number): string => crc.toString(16).padStart(8, '0');

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** JSON with the names of objects in order of their code units: equal data, equal bytes. */
export function canonicalJson(data: Json): string {
  if (typeof data === 'number' && !Number.isFinite(data)) {
    throw new TidemarkError('TIDEMARK_STATE_VALUE', `a record cannot hold the number ${data}`, { value: data });
  }
  if (typeof data !== 'object' || data === null) return JSON.stringify(data);
  if (isList(data)) return `[${data.map(canonicalJson).join(',')}]`;
  const fields = Object.keys(data)
    .sort()
    .filter((name) => data[name] !== undefined);
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonicalJson(data[name]!)}`).join(',')}}`;
}

export const isList = (data: Json): data is readonly Json[] => Array.isArray(data);
