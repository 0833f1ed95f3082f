/**
 * Decides whether anything was lost, duplicated or wrong. It reads the bytes that lie on the disk and knows nothing of the
 * library that wrote them: it imports none of it.
 */
import { createHash } from 'node:crypto';

export interface Findings {
  lost: number;
  duplicated: number;
  wrong: number;
  details: string[];
}

export function noFindings(): Findings {
  return { lost: 0, duplicated: 0, wrong: 0, details: [] };
}

type Files = ReadonlyMap<string, Uint8Array>;
type Row = Readonly<Record<string, unknown>>;

interface Manifest {
  readonly batch: number;
  readonly files: readonly { readonly path: string; readonly sha256: string; readonly rows: number }[];
}

/** The rows that the manifests of a folder list. */
export function committedRows(files: Files, folder: string): Row[] {
  const decoder = new TextDecoder();
  const byBatch = new Map<number, Manifest>();
  for (const [path, bytes] of files) {
    const name = path.startsWith(`${folder}/_tidemark_log/`) ? path.slice(path.lastIndexOf('/') + 1) : '';
    if (!/^\d{16}(-\d{16}\.compact)?$/.test(name)) continue;
    for (const line of decoder.decode(bytes).split('\n')) {
      if (!line.startsWith('{')) continue;
      const manifest = JSON.parse(line) as Manifest;
      byBatch.set(manifest.batch, manifest);
    }
  }
  return [...byBatch.values()].flatMap((manifest) =>
    manifest.files.flatMap((file) => rowsOf(files, `${folder}/${file.path}`, file)),
  );
}

function rowsOf(files: Files, path: string, { sha256, rows }: { readonly sha256: string; readonly rows: number }): Row[] {
  const bytes = files.get(path);
  if (bytes === undefined) throw new Error(`${path} is listed and not there`);
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw new Error(`${path} is not what was written`);
  const lines = new TextDecoder()
    .decode(bytes)
    .split('\n')
    .filter((line) => line !== '');
  if (lines.length !== rows) throw new Error(`${path} has ${lines.length} rows, not ${rows}`);
  return lines.map((line) => JSON.parse(line) as Row);
}

/** Compares what is there with what must be there, by identity and content. */
export function compare(
  name: string,
  expected: ReadonlyMap<string, Row | undefined>,
  found: readonly (readonly [id: string, row: Row])[],
  findings: Findings,
): void {
  const seen = new Map<string, Row>();
  for (const [id, row] of found) {
    if (seen.has(id)) count(findings, 'duplicated', `${name}: ${id} twice`);
    else if (!expected.has(id)) count(findings, 'wrong', `${name}: ${id} should not be there`);
    seen.set(id, row);
  }
  for (const [id, row] of expected) {
    const got = seen.get(id);
    if (got === undefined) count(findings, 'lost', `${name}: ${id} is missing`);
    else if (row !== undefined && !same(row, got)) {
      count(findings, 'wrong', `${name}: ${id} is ${JSON.stringify(got)}, not ${JSON.stringify(row)}`);
    }
  }
}

function same(expected: Row, got: Row): boolean {
  return Object.entries(expected).every(([name, value]) => JSON.stringify(got[name]) === JSON.stringify(value));
}

export function count(findings: Findings, kind: 'lost' | 'duplicated' | 'wrong', detail: string): void {
  findings[kind]++;
  if (findings.details.length < 5) findings.details.push(detail);
}
