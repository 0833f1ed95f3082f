import { toBase64 } from '../checkpoint/base64';
import type { LeftOut, PlanRecord } from '../checkpoint/records';
import { isTidemarkError, messageOf, type TidemarkError } from '../errors';
import { encodeKey } from '../keyCodec';
import type { Batch } from '../rx';
import type { Failure } from './graphRun';

/**
 * The same plan without what a user's function could not take: one row where it is known which, else the rows of the key
 * that was called with those of a batch. Undefined: nothing can be left out, the query stops.
 */
export function planWithout(plan: PlanRecord, { cause, source, row }: Failure): PlanRecord | undefined {
  if (!isTidemarkError(cause) || cause.code !== 'TIDEMARK_USER_FUNCTION') return undefined;
  const reason = messageOf(cause.cause);
  if (source !== undefined && row !== undefined) {
    return { ...plan, excluded: [...(plan.excluded ?? []), [source, row, reason]] };
  }
  const left = leftOut(cause, reason);
  return left === undefined ? undefined : { ...plan, leftOut: [...(plan.leftOut ?? []), left] };
}

/** A timer has no rows that could stay out: it would fire again, and fail again. */
function leftOut({ details }: TidemarkError, reason: string): LeftOut | undefined {
  const { operator, key, rows } = details as { operator?: string; key?: readonly unknown[]; rows?: readonly unknown[] };
  if (operator === undefined || key === undefined || rows === undefined || rows.length === 0) return undefined;
  return [operator, keyName(key), `${reason} (all ${rows.length} rows of this key in the batch are left out)`];
}

/** For a source: which of its rows stay out, by number, and why. */
export function excludedOf({ excluded }: PlanRecord, source: string): Map<number, string> {
  const reasons = new Map<number, string>();
  for (const [name, row, message] of excluded ?? []) if (name === source) reasons.set(row, message);
  return reasons;
}

/** For the operators of a run: which keys they leave out, and why. Undefined where the plan leaves out none. */
export function leftOutOf({ leftOut: all }: PlanRecord): Batch['leftOut'] {
  if (all === undefined) return undefined;
  const reasons = new Map(all.map(([operator, key, message]) => [`${operator} ${key}`, message]));
  return (operator, key) => reasons.get(`${operator} ${keyName(key)}`);
}

const keyName = (values: readonly unknown[]): string => toBase64(encodeKey(values));
