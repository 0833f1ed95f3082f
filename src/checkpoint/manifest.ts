import { corrupt, gap } from './faults';
import type { Digests } from './digests';
import type { FramePlace } from './frames';
import { parseStateName } from './names';
import type { StateBackend } from './backend';
import type { Json } from './records';

/** A state file as a commit refers to it: nothing is trusted that does not fit. */
export interface FileRef {
  readonly name: string;
  readonly batch: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly entries: number;
}

/**
 * What the state as of a commit is made of: the newest snapshot with the deltas behind it; as a second chain the snapshot
 * before it (or, `fromStart`, nothing) with its deltas.
 */
export interface Manifest {
  /** At most two, rising. */
  readonly snapshots: readonly FileRef[];
  /** Rising, without a gap; from the first snapshot on, or from the first batch. */
  readonly deltas: readonly FileRef[];
  /** The deltas go back to the first batch. */
  readonly fromStart: boolean;
}

export const NO_STATE: Manifest = { snapshots: [], deltas: [], fromStart: true };

/** The manifest after one more batch. */
export function withDelta(manifest: Manifest, delta: FileRef): Manifest {
  return { ...manifest, deltas: [...manifest.deltas, delta] };
}

/** The manifest after a snapshot: of the older ones, the newest stays as the second chain. */
export function withSnapshot({ snapshots, deltas, fromStart }: Manifest, snapshot: FileRef): Manifest {
  const kept = snapshots.slice(-1);
  const first = kept[0];
  if (first === undefined) return { snapshots: [snapshot], deltas, fromStart };
  return { snapshots: [first, snapshot], deltas: deltas.filter(({ batch }) => batch > first.batch), fromStart: false };
}

/** The chains to try, the best first: what to begin with, and the deltas to lay over it. */
export function chainsOf(manifest: Manifest): { readonly base?: FileRef; readonly deltas: readonly FileRef[] }[] {
  const { snapshots, deltas, fromStart } = manifest;
  const chains = [...snapshots].reverse().map((base) => ({ base, deltas: deltas.filter(({ batch }) => batch > base.batch) }));
  return fromStart ? [...chains, { deltas }] : chains;
}

/** So many deltas are read at a start without a second thought; and so many bytes of them, some 50 ms of a start. */
const FEW = 10;
const LIGHT_BYTES = 8 * 1024 * 1024;
/** Every commit lists the deltas of its state: more than so many are not worth their lines. */
const MANY = 40;

/**
 * Is the way from the last snapshot long enough to pay for another? Ten deltas that weigh something beside it, forty that
 * weigh nothing, or more than twice its bytes. So a snapshot of everything is paid for by what has changed, not by the
 * number of batches.
 */
export function isSnapshotDue(manifest: Manifest): boolean {
  const last = manifest.snapshots[manifest.snapshots.length - 1];
  const since = manifest.deltas.filter(({ batch }) => last === undefined || batch > last.batch);
  const [bytes, base] = [since.reduce((sum, delta) => sum + delta.bytes, 0), last?.bytes ?? 0];
  if (bytes > Math.max(2 * base, LIGHT_BYTES)) return true;
  return since.length >= (bytes >= base / 4 ? FEW : MANY);
}

/** Names of all files of a manifest. */
export function filesOf({ snapshots, deltas }: Manifest): string[] {
  return [...snapshots, ...deltas].map(({ name }) => name);
}

export const manifestJson = (manifest: Manifest): Json => manifest as unknown as Json;

/** Reads a file that a commit refers to, and compares it with what the commit says. */
export async function readReferenced(backend: StateBackend, ref: FileRef, digests: Digests): Promise<Uint8Array> {
  const bytes = await backend.read(ref.name);
  if (bytes === undefined) throw gap(ref.name, 'a commit refers to it');
  if (bytes.length !== ref.bytes) throw corrupt(ref.name, `it has ${bytes.length} bytes, not ${ref.bytes}`);
  if (digests.sha256(bytes) !== ref.sha256) throw corrupt(ref.name, 'its SHA-256 is not that of the commit');
  return bytes;
}

/** Where the file of a name belongs. */
export function placeOf(name: string, queryId: string): FramePlace {
  const parsed = parseStateName(name.slice(name.indexOf('/') + 1));
  if (parsed === undefined) throw corrupt(name, 'it has no name of a state file');
  return { ...parsed, queryId };
}
