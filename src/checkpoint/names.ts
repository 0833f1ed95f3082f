import { checkOption } from '../errors';

/** The names of a checkpoint's files. No others are accepted; what else lies there is left alone and reported. */
export const IDENTITY = 'tidemark.json';
export const PLANS = 'offsets';
export const COMMITS = 'commits';
export const STATE = 'state';
export const EPOCHS = 'epochs';

export type StateKind = 'delta' | 'snap' | 'out';

/** 16 digits: names sort as numbers do. */
export const digits = (batch: number): string => String(batch).padStart(16, '0');

export const commitName = (batch: number): string => `${COMMITS}/${digits(batch)}`;

/** What a plan is called in its checksum. */
export const planId = (batch: number, revision: number): string => `${batch}${revision === 0 ? '' : `.${revision}`}`;

/** The plan of a batch; with rows left out it has a new name, and the highest revision counts. */
export const planName = (batch: number, revision: number): string =>
  `${PLANS}/${digits(batch)}${revision === 0 ? '' : `.${revision}`}`;

export function stateName(batch: number, attempt: string, kind: StateKind): string {
  checkOption(/^[\w-]{1,64}$/.test(attempt), 'an attempt id is 1 to 64 letters, digits, - or _', { attempt });
  return `${STATE}/${digits(batch)}-${attempt}.${kind}`;
}

export interface StateName {
  readonly name: string;
  readonly batch: number;
  readonly attempt: string;
  readonly kind: StateKind;
}

export function parseStateName(name: string): StateName | undefined {
  const found = /^(\d{16})-([\w-]{1,64})\.(delta|snap|out)$/.exec(name);
  if (!found) return undefined;
  return { name: `${STATE}/${name}`, batch: Number(found[1]), attempt: found[2]!, kind: found[3] as StateKind };
}

export function parsePlanName(name: string): { readonly batch: number; readonly revision: number } | undefined {
  const found = /^(\d{16})(?:\.([1-9]\d{0,8}))?$/.exec(name);
  return found ? { batch: Number(found[1]), revision: Number(found[2] ?? 0) } : undefined;
}

export function parseCommitName(name: string): number | undefined {
  return /^\d{16}$/.test(name) ? Number(name) : undefined;
}
