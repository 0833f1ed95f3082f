import { TidemarkError } from '../errors';

/** Bytes are not what was written. */
export function corrupt(name: string, what: string, details: Record<string, unknown> = {}): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_CHECKPOINT_CORRUPT',
    `${name} is corrupt: ${what}. Nothing has been changed; look with "tidemark fsck", restore the checkpoint, or begin a new one`,
    { name, ...details },
  );
}

/** A file that must be there is not. */
export function gap(name: string, what: string, details: Record<string, unknown> = {}): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_CHECKPOINT_GAP',
    `${name} is missing: ${what}. Nothing has been changed; look with "tidemark fsck", restore the file, or begin a new checkpoint`,
    { name, ...details },
  );
}

/** Written by a later version of this library. */
export function tooNew(name: string, found: number, supported: number): TidemarkError {
  return new TidemarkError(
    'TIDEMARK_FORMAT_TOO_NEW',
    `${name} has format ${found}; this version of tidemark reads up to ${supported}: use a newer one`,
    { name, found, supported },
  );
}
