import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/**
 * Imports point downwards only. A part is a folder or a file of `src/`; `operators` is the vocabulary. Each part lists
 * the parts whose values it may import; types may be imported from anywhere but `testing`.
 */
const PURE = ['errors', 'time', 'element', 'traits', 'keyCodec', 'key', 'state', 'copy'] as const;
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  // Pure: no rxjs, no I/O, no clock.
  errors: [],
  time: ['errors', 'element'],
  element: [],
  streams: [],
  traits: ['errors', 'element'],
  keyCodec: ['errors'],
  copy: [],
  key: ['errors', 'keyCodec'],
  state: ['errors', 'key', 'keyCodec'],
  aggregate: [...PURE],
  window: [...PURE, 'aggregate'],
  watermark: [...PURE],
  panes: [...PURE, 'aggregate', 'window', 'watermark'],
  ranking: [...PURE, 'aggregate', 'window'],
  pattern: [...PURE],
  formats: [...PURE],
  schema: [...PURE],
  // The seam to rxjs, and what stands on it.
  rx: ['errors', 'element', 'traits'],
  retry: ['errors', 'element', 'time', 'rx'],
  operator: [...PURE, 'watermark', 'rx', 'retry'],
  alerts: [...PURE, 'aggregate'],
  keyed: [...PURE],
  drafts: [...PURE, 'keyed'],
  join: [...PURE, 'rx'],
  lruCache: ['errors'],
  observability: [...PURE, 'aggregate', 'alerts', 'rx', 'operator'],
  ui: [...PURE, 'rx', 'operator'],
  files: ['errors'],
  checkpoint: [...PURE, 'schema', 'files'],
  connectors: [...PURE, 'formats', 'schema', 'rx', 'retry', 'files'],
  query: [...PURE, 'rx', 'operator', 'watermark', 'window', 'observability', 'checkpoint', 'connectors'],
  operators: [
    ...PURE,
    'aggregate',
    'window',
    'watermark',
    'rx',
    'retry',
    'operator',
    'alerts',
    'join',
    'keyed',
    'ranking',
    'pattern',
    'observability',
    'schema',
    'formats',
  ],
  testing: [...PURE, 'aggregate', 'window', 'watermark', 'rx', 'operator', 'files', 'connectors', 'checkpoint', 'query'],
  browser: ['*'],
  cli: ['errors', 'time', 'files', 'checkpoint'],
  node: ['*'],
  index: ['*'],
};

/** Files that only `tidemark/node` and the command line reach: they alone use Node's built-ins. */
const NODE_ONLY = /^src\/(node\.ts|cli\/|.*\/node[A-Z]\w*\.ts)/;

/** Parts that know nothing of RxJS, not even its types. */
const NO_RXJS_TYPES = [
  'errors',
  'time',
  'element',
  'traits',
  'keyCodec',
  'key',
  'state',
  'aggregate',
  'window',
  'panes',
  'ranking',
  'pattern',
  'formats',
  'schema',
];

interface Import {
  readonly file: string;
  readonly line: number;
  /** File (relative to the repository) or package. */
  readonly to: string;
  readonly typeOnly: boolean;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const slashes = (path: string): string => path.split(sep).join('/');
const sources = ['src', 'operators'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => slashes(join(folder, name))),
);
const known = new Set(sources);
const imports = sources.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ES2022, true);
  const found: Import[] = [];
  const add = (specifier: ts.Expression, typeOnly: boolean): void => {
    if (!ts.isStringLiteralLike(specifier)) return;
    const { line } = source.getLineAndCharacterOfPosition(specifier.getStart(source));
    found.push({ file, line: line + 1, to: resolved(file, specifier.text), typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeImport(node));
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node.moduleSpecifier, isTypeExport(node));
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments[0])
      add(node.arguments[0], false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isTypeImport({ importClause }: ts.ImportDeclaration): boolean {
  if (importClause === undefined) return false;
  const { namedBindings, name, isTypeOnly } = importClause;
  if (isTypeOnly) return true;
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every((element) => element.isTypeOnly);
}

function isTypeExport({ exportClause, isTypeOnly }: ts.ExportDeclaration): boolean {
  if (isTypeOnly) return true;
  return (
    exportClause !== undefined && ts.isNamedExports(exportClause) && exportClause.elements.every((element) => element.isTypeOnly)
  );
}

function resolved(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  const path = posix.join(posix.dirname(file), specifier).replace(/\.(ts|js)$/, '');
  return [`${path}.ts`, `${path}/index.ts`].find((candidate) => known.has(candidate)) ?? path;
}

function partOf(file: string): string {
  const [top, second = ''] = file.split('/');
  if (top === 'operators') return 'operators';
  return second.replace(/\.ts$/, '');
}

const isInside = (to: string): boolean => known.has(to);
const isRxjs = ({ to }: Import): boolean => to === 'rxjs' || to.startsWith('rxjs/');
const at = ({ file, line, to }: Import): string => `${file}:${line} -> ${to}`;
const listed = (wrong: (one: Import) => boolean): string[] => imports.filter(wrong).map(at);

describe('import directions', () => {
  it('reads the import lines of the whole library', () => {
    expect(sources.length).toBeGreaterThan(50);
    expect(imports.some((one) => one.typeOnly)).toBe(true);
    expect(
      imports.filter(({ to }) => to.startsWith('src') || to.startsWith('operators')).filter(({ to }) => !isInside(to)),
    ).toEqual([]);
  });

  it('every part of src has its line in the table', () => {
    expect([...new Set(sources.map(partOf))].filter((part) => !(part in ALLOWED))).toEqual([]);
  });

  it('a part imports values only from parts below it', () => {
    expect(
      listed(({ file, to, typeOnly }) => {
        if (typeOnly || !isInside(to)) return false;
        const [from, target] = [partOf(file), partOf(to)];
        const allowed = ALLOWED[from] ?? [];
        return from !== target && !allowed.includes('*') && !allowed.includes(target);
      }),
    ).toEqual([]);
  });

  it('the table itself has no cycle', () => {
    const reach = (part: string, path: readonly string[]): string[] =>
      path.includes(part)
        ? [[...path, part].join(' -> ')]
        : (ALLOWED[part] ?? []).filter((next) => next !== '*').flatMap((next) => reach(next, [...path, part]));
    expect(Object.keys(ALLOWED).flatMap((part) => reach(part, []))).toEqual([]);
  });

  it('only src/rx imports values of rxjs (src/testing may, too)', () => {
    expect(listed((one) => isRxjs(one) && !one.typeOnly && !['rx', 'testing'].includes(partOf(one.file)))).toEqual([]);
  });

  it('the pure parts do not even know the types of rxjs', () => {
    expect(listed((one) => isRxjs(one) && NO_RXJS_TYPES.includes(partOf(one.file)))).toEqual([]);
  });

  it('rxjs/internal is for nobody', () => {
    expect(listed(({ to }) => to.startsWith('rxjs/internal'))).toEqual([]);
  });

  it('only src/index.ts imports operators', () => {
    expect(listed(({ file, to }) => file.startsWith('src/') && file !== 'src/index.ts' && to.startsWith('operators/'))).toEqual(
      [],
    );
  });

  it('an operator file imports no other operator file', () => {
    expect(
      listed(({ file, to }) => file.startsWith('operators/') && file !== 'operators/index.ts' && to.startsWith('operators/')),
    ).toEqual([]);
  });

  it('operators/index.ts exports every operator file and nothing else', () => {
    const exported = imports.filter(({ file }) => file === 'operators/index.ts').map(({ to }) => to);
    expect([...new Set(exported)].sort()).toEqual(sources.filter((file) => /^operators\/(?!index)/.test(file)).sort());
  });

  it('nothing imports src/testing, not even a type', () => {
    expect(listed(({ file, to }) => partOf(file) !== 'testing' && to.startsWith('src/testing'))).toEqual([]);
  });

  it('nothing imports the barrel src/index.ts', () => {
    expect(listed(({ to }) => to === 'src/index.ts' || /^tidemark(\/|$)/.test(to))).toEqual([]);
  });

  const builtIns = new Set(builtinModules);
  const usesNode = ({ to }: Import): boolean => to.startsWith('node:') || builtIns.has(to);

  it('no Node built-in in src and operators, but for the files that only tidemark/node reaches', () => {
    expect(listed((one) => usesNode(one) && !NODE_ONLY.test(one.file))).toEqual([]);
    expect(listed(({ file, to }) => NODE_ONLY.test(to) && !NODE_ONLY.test(file))).toEqual([]);
  });

  it('only packages of package.json, and optional ones only where they belong', () => {
    const places: Readonly<Record<string, readonly string[]>> = {
      immer: ['ui', 'drafts'],
      superjson: ['checkpoint'],
      'idb-keyval': ['checkpoint', 'testing'],
      ix: ['connectors'],
    };
    const isAtPlace = ({ file, to }: Import): boolean => places[to.split('/')[0] as string]?.includes(partOf(file)) === true;
    expect(listed((one) => !isInside(one.to) && !isRxjs(one) && !usesNode(one) && !isAtPlace(one))).toEqual([]);
  });

  it('value imports have no cycle', () => {
    const next = new Map<string, string[]>();
    for (const { file, to, typeOnly } of imports) if (!typeOnly && isInside(to)) next.set(file, [...(next.get(file) ?? []), to]);
    expect(cyclesOf(next)).toEqual([]);
  });

  it('no default exports', () => {
    expect(sources.filter((file) => /^export default\b/m.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });
});

/** One text for each cycle that a depth-first walk closes. */
function cyclesOf(next: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const walk = (file: string, path: readonly string[]): void => {
    const from = path.indexOf(file);
    if (from >= 0)
      cycles.push([...path.slice(from), file].map((name) => relative(dirname(join(root, 'src')), join(root, name))).join(' -> '));
    if (from >= 0 || done.has(file)) return;
    for (const to of next.get(file) ?? []) walk(to, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) walk(file, []);
  return cycles;
}
