import { TidemarkError } from '../errors';

/** Names of the active queries of this process. */
const names = new Set<string>();

/** Takes a name until the returned function is called. Unnamed queries take none. */
export function claimName(name: string | null): () => void {
  if (name === null) return () => {};
  if (names.has(name)) throw new TidemarkError('TIDEMARK_QUERY_ACTIVE', `a query named '${name}' is active already`, { name });
  names.add(name);
  return () => names.delete(name);
}
