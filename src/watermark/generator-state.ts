import { TidemarkError } from '../errors';

/** Reads what `encode` of the same kind of generator wrote; refuses anything else before half of it is taken over. */
export function stateOf<S extends { readonly kind: string }>(data: unknown, kind: S['kind']): S {
  if ((data as S | null | undefined)?.kind !== kind) {
    throw new TidemarkError('TIDEMARK_STATE', `the snapshot is not one of a ${kind}`, { kind });
  }
  return data as S;
}
