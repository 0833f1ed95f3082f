import { memorySource, ndjson, type BatchSink } from 'tidemark';
import type { CrashWorld } from 'tidemark/testing';
import { fileSink } from '../../src/connectors/fileSink/fileSink';
import { compare, count, noFindings, type Findings } from './checker';
import { inputs, type Input } from './input';

export type Row = Readonly<Record<string, unknown>>;

/** A source that brings a few rows at a time, and ends. After a restart it brings more at a time: most has been seen. */
export function source({ life, random }: CrashWorld) {
  const rows = memorySource<Input>(inputs(), { maxRowsPerTrigger: life === 1 ? 7 + Math.floor(random() * 4) : 20 });
  rows.complete();
  return rows;
}

export const quiet = { onAdvice: () => {} };

/** Rows that a sink outside of the process has. */
export const rowsIn = (outside: ReadonlyMap<string, unknown>, name: string): readonly Row[] => (outside.get(name) ?? []) as Row[];

/** A folder of files. */
export function folder(world: CrashWorld, path: string): BatchSink<never> {
  return fileSink({ path, format: ndjson(), fs: world.fs }) as BatchSink<never>;
}

/** What cannot be read at all is wrong. */
export function checked(check: (findings: Findings) => void): Findings {
  const findings = noFindings();
  try {
    check(findings);
  } catch (cause) {
    count(findings, 'wrong', (cause as Error).message);
  }
  return findings;
}

/** The rows that are rows. */
export function valid(): Input[] {
  return inputs().filter(({ at }) => at !== null);
}

export function checkSilver(found: readonly Row[], findings: Findings): void {
  const expected = new Map(valid().map(({ id, at, k, v }) => [id, { id, at, k, v }]));
  compare(
    'silver',
    expected,
    found.map((row) => [String(row['id']), row]),
    findings,
  );
}

/** Windows by hand; with the silver rows at hand also that they agree on what a random function said. */
export function checkHourly(found: readonly Row[], findings: Findings, silver?: readonly Row[]): void {
  const expected = new Map<string, Record<string, unknown>>();
  const rows = silver ?? [...new Map(valid().map((row) => [row.id, row])).values()].map((row) => ({ ...row }) as Row);
  for (const row of rows) {
    const start = Math.floor((row['at'] as number) / 10) * 10;
    const id = `${start} ${String(row['k'])}`;
    const group = expected.get(id) ?? { n: 0, total: 0, ...(silver === undefined ? {} : { nonces: 0 }) };
    group['n'] = (group['n'] as number) + 1;
    group['total'] = (group['total'] as number) + (row['v'] as number);
    if (silver !== undefined) group['nonces'] = (group['nonces'] as number) + (row['nonce'] as number);
    expected.set(id, group);
  }
  const idOf = (row: Row): string => `${(row['window'] as { start: number }).start} ${String(row['k'])}`;
  compare(
    'hourly',
    expected,
    found.map((row) => [idOf(row), row]),
    findings,
  );
}

export function rejectionId(row: Row): string {
  return `${String(row['reason'])} ${(row['row'] as Input).id}`;
}

export function checkRejected(found: readonly Row[], findings: Findings, exact: boolean): void {
  const expected = new Map<string, undefined>();
  const seen = new Set<string>();
  for (const { id, at } of inputs()) {
    if (at === null) expected.set(`invalid ${id}`, undefined);
    else if (seen.has(id)) expected.set(`duplicate ${id}`, undefined);
    seen.add(id);
  }
  compare(
    exact ? 'rejected' : 'rejected (at least once)',
    expected,
    found.map((row) => [rejectionId(row), row]),
    findings,
  );
}
