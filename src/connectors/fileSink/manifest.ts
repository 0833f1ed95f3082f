import { TidemarkError } from '../../errors';
import { digestOf } from './paths';

/** One file of a batch. */
export interface PartFile {
  /** Relative to the sink's folder. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a batch has added to the folder: the sink's receipt. */
export interface Manifest {
  readonly version: 1;
  readonly query: string;
  readonly batch: number;
  readonly attempt: string;
  readonly epoch: number;
  readonly time: number;
  readonly rows: number;
  readonly files: readonly PartFile[];
  /** Files of earlier batches that this one replaces. */
  readonly removed?: readonly string[];
}

const DIGITS = 16;
export const numbered = (batch: number): string => String(batch).padStart(DIGITS, '0');

/** Name of the manifest of one batch, or of those from `from` to `to`. */
export const manifestName = (batch: number): string => numbered(batch);
export const compactName = (from: number, to: number): string => `${numbered(from)}-${numbered(to)}.compact`;

/** Which batches a file of the log is about; undefined for other files. */
export function rangeOf(name: string): readonly [from: number, to: number] | undefined {
  const [, from, to] = /^(\d{16})(?:-(\d{16})\.compact)?$/.exec(name) ?? [];
  return from === undefined ? undefined : [Number(from), Number(to ?? from)];
}

/** Manifests as bytes: one a line, then a line with the SHA-256 of what is before it. */
export async function encodeManifests(manifests: readonly Manifest[]): Promise<Uint8Array> {
  const text = manifests.map((manifest) => `${JSON.stringify(manifest)}\n`).join('');
  const encoder = new TextEncoder();
  return encoder.encode(`${text}sha256 ${await digestOf(encoder.encode(text))}\n`);
}

/** @throws `TIDEMARK_SINK_CORRUPT`: not what was written */
export async function decodeManifests(name: string, bytes: Uint8Array): Promise<Manifest[]> {
  const text = new TextDecoder().decode(bytes);
  const [, body = '', sha256] = /^([^]*)sha256 ([0-9a-f]{64})\n$/.exec(text) ?? [];
  if (sha256 !== (await digestOf(new TextEncoder().encode(body)))) {
    throw new TidemarkError('TIDEMARK_SINK_CORRUPT', `the manifest ${name} is not what was written`, { name });
  }
  const lines = body.split('\n').slice(0, -1);
  return lines.map((line) => readable(name, JSON.parse(line) as Manifest));
}

function readable(name: string, manifest: Manifest): Manifest {
  if ((manifest.version as number) === 1) return manifest;
  throw new TidemarkError('TIDEMARK_SINK_CORRUPT', `the manifest ${name} was written by a newer tidemark`, {
    name,
    version: manifest.version,
  });
}
