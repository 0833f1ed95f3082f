import type { FramePlace } from './frames';
import type { FileRef } from './manifest';
import { stateName } from './names';
import type { RawState } from './rawState';
import type { Json } from './records';
import { StateWriter, type StateBytes } from './stateFile';
import type { StateLoader } from './stateLoader';

/** Whose snapshot it is: it names the commit it is of, so that a start finds it before a commit refers to it. */
export interface SnapshotOf {
  readonly batch: number;
  readonly attempt: string;
  readonly commit: string;
}

/** Publishes a snapshot; `write` makes its bytes. */
export async function publishSnapshot(
  { backend, digests, queryId }: StateLoader,
  { batch, attempt, commit }: SnapshotOf,
  write: (place: FramePlace, meta: Json) => StateBytes | Promise<StateBytes>,
): Promise<FileRef> {
  const name = stateName(batch, attempt, 'snap');
  const { bytes, entries } = await write({ name, kind: 'snap', queryId, batch, attempt }, { commit });
  await backend.publish([{ name, bytes }]);
  return { name, batch, bytes: bytes.length, sha256: digests.sha256(bytes), entries };
}

/** Publishes a snapshot of state that was read from files: bytes are copied, values are not looked at. */
export function copySnapshot(loader: StateLoader, state: RawState, of: SnapshotOf): Promise<FileRef> {
  return publishSnapshot(loader, of, (place, meta) => {
    const writer = new StateWriter(place, loader.digests, meta);
    state.write(writer);
    return writer.end();
  });
}
