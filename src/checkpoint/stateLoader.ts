import { isTidemarkError } from '../errors';
import type { StateBackend } from './backend';
import type { Digests } from './digests';
import { corrupt } from './faults';
import { chainsOf, placeOf, readReferenced, type FileRef, type Manifest } from './manifest';
import { stateName } from './names';
import { RawState } from './rawState';
import { readStateFile } from './stateFile';
import type { StoredCommit } from './log';

/** Reads state files of one checkpoint. */
export class StateLoader {
  constructor(
    readonly backend: StateBackend,
    readonly digests: Digests,
    readonly queryId: string,
  ) {}

  /**
   * The state that a manifest describes: by the first chain, or, where a file of it is missing or corrupt, by the second.
   *
   * @throws TIDEMARK_CHECKPOINT_CORRUPT, TIDEMARK_CHECKPOINT_GAP of the first chain, when no chain holds
   */
  async load(manifest: Manifest): Promise<RawState> {
    let first: unknown;
    for (const { base, deltas } of chainsOf(manifest)) {
      try {
        return await this.chain(base === undefined ? deltas : [base, ...deltas]);
      } catch (cause) {
        if (!isDamage(cause)) throw cause;
        first ??= cause;
      }
    }
    throw first;
  }

  /** One file after the other, each verified. */
  async chain(files: readonly FileRef[]): Promise<RawState> {
    const state = new RawState();
    for (const ref of files) {
      const bytes = await readReferenced(this.backend, ref, this.digests);
      readStateFile(bytes, placeOf(ref.name, this.queryId), this.digests, state.visitor(ref.name));
    }
    return state;
  }

  /**
   * A snapshot that was made behind the last commit, and that no commit refers to yet. It names the commit it is of; one
   * that does not verify is as if it were not there.
   */
  async orphanSnapshot({ record: { batch, attempt }, crc }: StoredCommit): Promise<FileRef | undefined> {
    const name = stateName(batch, attempt, 'snap');
    const bytes = await this.backend.read(name);
    if (bytes === undefined) return undefined;
    let commit: unknown;
    try {
      const visitor = new RawState().visitor(name, (meta) => (commit = (meta as { commit?: unknown }).commit));
      const entries = readStateFile(bytes, placeOf(name, this.queryId), this.digests, visitor);
      if (commit !== crc) throw corrupt(name, 'it is of another commit');
      return { name, batch, bytes: bytes.length, sha256: this.digests.sha256(bytes), entries };
    } catch (cause) {
      if (isDamage(cause)) return undefined;
      throw cause;
    }
  }
}

/** A file is missing or not what was written: another chain may do. */
function isDamage(cause: unknown): boolean {
  return isTidemarkError(cause) && (cause.code === 'TIDEMARK_CHECKPOINT_CORRUPT' || cause.code === 'TIDEMARK_CHECKPOINT_GAP');
}
