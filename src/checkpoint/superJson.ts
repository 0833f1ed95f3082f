import type { SuperJSON } from 'superjson';

let loaded: SuperJSON | undefined;

/** Thrown where superjson is needed and not there yet (internal): see {@link withSuperJson}. */
export class SuperJsonNeeded extends Error {}

/** An instance of our own, so that nobody else's registrations change what is written. */
export function superJson(): SuperJSON {
  if (loaded === undefined) throw new SuperJsonNeeded();
  return loaded;
}

/**
 * Runs synchronous work; if it meets a value that only superjson can write or read, loads superjson and runs it again.
 *
 * @param hold - is called before that, so that the second run meets what the first one met
 */
export async function withSuperJson<T>(work: () => T, hold: () => void = () => {}): Promise<T> {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof SuperJsonNeeded)) throw cause;
    hold();
    const { SuperJSON: Made } = await import('superjson');
    loaded = new Made();
    return work();
  }
}
