import type { SuperJSON } from 'superjson';

let loaded: SuperJSON | undefined;

/** Thrown where superjson is needed and not there yet (internal): see {@link withSuperJson}. */
export class SuperJsonNeeded extends Error {}

/** An instance of our own, so that nobody else's registrations change what is written. */
export function superJson(): SuperJSON {
  if (loaded === undefined) throw new SuperJsonNeeded();
  return loaded;
}

/** Runs synchronous work; if it meets a value that only superjson can write or read, loads superjson and runs it again. */
export async function withSuperJson<T>(work: () => T): Promise<T> {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof SuperJsonNeeded)) throw cause;
    const { SuperJSON: Made } = await import('superjson');
    loaded = new Made();
    return work();
  }
}
