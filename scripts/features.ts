/**
 * Which rows of a features table have tests:
 * `npm run features -- TABLE.md [--results VITEST.json] [--only D1,D2] [--missing] [--json FILE]`
 *
 * Ids are the first cells of the table's rows (`| D24 |`, `| P2.1–2 |`). A test belongs to a row when its title, or that
 * of a `describe` around it, carries `[ID]`; a row with a range (`P2.1–2`) also takes tests of its members (`[P2.2]`).
 * Without `--results` the test files that contain ids are run. It reports and judges nothing: exit code 0, except when
 * the table or the results cannot be read (2).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const ID = '[A-Z]{1,3}\\d+(?:\\.\\d+)*[a-z]?(?:[–-]\\d+[a-z]?)?';

/** The part of vitest's JSON report that is read here. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

interface Test {
  readonly file: string;
  readonly title: string;
  readonly status: string;
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    results: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'string' },
    missing: { type: 'boolean', default: false },
  },
});

function fail(text: string): never {
  console.error(text);
  process.exit(2);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return fail(`cannot read ${file}`);
  }
}

const normal = (id: string): string => id.replace('-', '–');

/** The ids of the table in their order, each with what the row is about. */
function rowsOf(markdown: string): Map<string, string> {
  const rows = new Map<string, string>();
  for (const line of markdown.split('\n')) {
    const [, id] = new RegExp(`^\\|\\s*\\**\\s*(${ID})\\s*\\**\\s*\\|`).exec(line) ?? [];
    if (id === undefined || rows.has(normal(id))) continue;
    const cells = line
      .split('|')
      .slice(2, -1)
      .map((cell) => cell.trim());
    const words = cells.find((cell) => /[a-z]{3}/i.test(cell)) ?? '';
    rows.set(normal(id), words.length > 70 ? `${words.slice(0, 69)}…` : words);
  }
  return rows;
}

/** `P2.1–2` also stands for `P2.1` and `P2.2`. */
function membersOf(id: string): string[] {
  const [, stem, first, last] = /^(.*?)(\d+)–(\d+)$/.exec(id) ?? [];
  if (stem === undefined) return [id];
  const numbers = Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => Number(first) + i);
  return [id, ...numbers.map((n) => `${stem}${n}`)];
}

const idsIn = (title: string): string[] =>
  [...title.matchAll(new RegExp(`\\[\\s*(${ID}(?:\\s*,\\s*${ID})*)\\s*\\]`, 'g'))].flatMap(([, ids]) =>
    (ids as string).split(/\s*,\s*/).map(normal),
  );

function filesWithIds(): string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((name) => join('test', name).split(sep).join('/'))
    .filter((name) => name.endsWith('.test.ts') && !name.startsWith('test/browser/'))
    .filter((name) => new RegExp(`\\[${ID}`).test(readFileSync(join(root, name), 'utf8')));
}

function run(files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-features-'));
  try {
    const output = join(folder, 'results.json');
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const { status } = spawnSync(
      process.execPath,
      [vitest, 'run', '--project', 'unit', '--reporter=json', `--outputFile=${output}`, ...files],
      {
        cwd: root,
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    if (status === null) fail('the test run was interrupted');
    return read(output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function testsOf(json: string): Test[] {
  let report: Report;
  try {
    report = JSON.parse(json) as Report;
    if (!Array.isArray(report.testResults as unknown)) throw new Error('no testResults');
  } catch (cause) {
    return fail(`not a JSON report of vitest: ${String(cause)}`);
  }
  return report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status }) => ({
      file: relative(root, name).split(sep).join('/'),
      title: fullName.trim(),
      status,
    })),
  );
}

const [table] = positionals;
if (table === undefined)
  fail('usage: npm run features -- TABLE.md [--results VITEST.json] [--only D1,D2] [--missing] [--json FILE]');
const rows = rowsOf(read(table));
if (rows.size === 0) fail(`${table} has no row that begins with an id`);
const wanted = options.only?.split(',').map((id) => normal(id.trim()));
for (const id of wanted ?? []) if (!rows.has(id)) fail(`${table} has no row ${id}`);

const tests = testsOf(options.results === undefined ? run(filesWithIds()) : read(options.results));
const byId = new Map<string, Test[]>();
for (const test of tests) for (const id of new Set(idsIn(test.title))) byId.set(id, [...(byId.get(id) ?? []), test]);

const counts = { passing: 0, failing: 0, none: 0 };
const records: { id: string; status: keyof typeof counts; tests: readonly Test[] }[] = [];
for (const [id, words] of rows) {
  if (wanted !== undefined && !wanted.includes(id)) continue;
  const found = membersOf(id).flatMap((member) => byId.get(member) ?? []);
  const failing = found.filter(({ status }) => status === 'failed');
  const passing = found.filter(({ status }) => status === 'passed');
  const status = failing.length > 0 ? 'failing' : passing.length > 0 ? 'passing' : 'none';
  counts[status]++;
  records.push({ id, status, tests: found });
  if (options.missing && status === 'passing') continue;
  console.log(`${id.padEnd(7)} ${status.padEnd(8)} ${words}`);
  for (const test of failing) console.log(`        failed: ${test.file}: ${test.title}`);
  if (status !== 'passing') continue;
  for (const test of passing.slice(0, 3)) console.log(`        ${test.file}: ${test.title}`);
  if (passing.length > 3) console.log(`        and ${passing.length - 3} more`);
}
const strange = [...byId.keys()].filter((id) => ![...rows.keys()].some((row) => membersOf(row).includes(id)));
if (strange.length > 0) console.log(`\nids in tests that the table does not have: ${strange.sort().join(', ')}`);
console.log(
  `\n${records.length} rows: ${counts.passing} with passing tests, ${counts.failing} with failing tests, ${counts.none} without a test`,
);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(records, null, 2)}\n`);
