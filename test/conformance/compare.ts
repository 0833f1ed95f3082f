import { Difference } from './verdict';
import { isRecord, preview } from './shape';

/** Equal as far as `expected` goes: objects in the fields it lists, everything else exactly. */
export function agrees(expected: unknown, got: unknown): boolean {
  if (Array.isArray(expected)) {
    return Array.isArray(got) && got.length === expected.length && expected.every((one, i) => agrees(one, got[i]));
  }
  if (isRecord(expected)) return isRecord(got) && Object.entries(expected).every(([name, value]) => agrees(value, got[name]));
  return expected === got;
}

/** Only the fields that the expectation lists: for a message that is short. */
function listed(expected: unknown, got: unknown): unknown {
  if (!isRecord(expected) || !isRecord(got)) return got;
  return Object.fromEntries(Object.keys(expected).map((name) => [name, got[name]]));
}

export function differ(at: string, expected: unknown, got: unknown): never {
  throw new Difference(`${at}: expected ${preview(expected)}, got ${preview(got)}`);
}

export function sameValue(at: string, expected: unknown, got: unknown): void {
  if (!agrees(expected, got)) differ(at, expected, got);
}

/** The same items in the same order. */
export function sameSequence(at: string, expected: readonly unknown[], got: readonly unknown[]): void {
  for (let i = 0; i < Math.max(expected.length, got.length); i++) {
    if (i >= expected.length) differ(`${at}, item ${i}`, 'nothing more', got[i]);
    if (i >= got.length) differ(`${at}, item ${i}`, expected[i], 'nothing more');
    if (!agrees(expected[i], got[i])) differ(`${at}, item ${i}`, expected[i], listed(expected[i], got[i]));
  }
}

/** The same items in any order: a perfect matching, since an expectation that lists few fields may fit several items. */
export function sameItems(at: string, expected: readonly unknown[], got: readonly unknown[]): void {
  const takenBy = new Map<number, number>(); // item that came -> expectation
  const assign = (e: number, tried: Set<number>): boolean =>
    got.some((item, g) => {
      if (tried.has(g) || !agrees(expected[e], item)) return false;
      tried.add(g);
      const holder = takenBy.get(g);
      if (holder !== undefined && !assign(holder, tried)) return false;
      takenBy.set(g, e);
      return true;
    });
  const missing = expected.findIndex((_one, e) => !assign(e, new Set()));
  const extra = got.filter((_one, g) => !takenBy.has(g));
  if (missing >= 0) differ(at, expected[missing], extra.length === 0 ? 'nothing like it' : extra);
  if (extra.length > 0) differ(at, expected.length === 0 ? 'nothing' : 'nothing more', extra);
}

/** Numbers to a relative tolerance, everything else exactly. */
export function close(expected: number, got: unknown, tolerance: number): boolean {
  return typeof got === 'number' && Math.abs(expected - got) <= tolerance * Math.max(1, Math.abs(expected), Math.abs(got));
}
