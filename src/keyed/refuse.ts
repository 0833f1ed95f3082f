import { TidemarkError } from '../errors';

/** Why a call on keyed state was refused: `details.reason` of `TIDEMARK_KEYED_STATE`. */
export type KeyedStateReason =
  | 'timeout-not-enabled'
  | 'wrong-timeout-kind'
  | 'not-positive'
  | 'below-watermark'
  | 'not-a-time'
  | 'null-state'
  | 'no-state'
  | 'no-watermark'
  | 'outside-call'
  | 'declared-late';

export function refuse(reason: KeyedStateReason, message: string, details: Readonly<Record<string, unknown>> = {}): never {
  throw new TidemarkError('TIDEMARK_KEYED_STATE', message, { reason, ...details });
}

/** State that is nothing cannot be told from none. */
export function checkState(value: unknown): void {
  if (value === null || value === undefined)
    refuse('null-state', 'state cannot be null or undefined; remove or clear it instead');
}
