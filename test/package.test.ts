import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from '../scripts/build';
import { built, measure } from '../scripts/size';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Manifest {
  readonly name: string;
  readonly sideEffects: boolean;
  readonly type: string;
  readonly license: string;
  readonly engines: { readonly node: string };
  readonly files: readonly string[];
  readonly exports: Readonly<
    Record<string, null | string | Readonly<Record<'import' | 'require', Readonly<Record<string, string>>>>>
  >;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const entries = Object.entries(manifest.exports).flatMap(([path, target]) =>
  target === null || typeof target === 'string'
    ? []
    : [{ path, name: path === '.' ? 'tidemark' : `tidemark${path.slice(1)}`, target }],
);

/** What npm installs with it. */
const PACKAGES = Object.keys(manifest.dependencies ?? {});

/** A consumer's folder with the built package installed in it. */
const consumer = mkdtempSync(join(tmpdir(), 'tidemark-package-'));
const installed = join(consumer, 'node_modules/tidemark');
const dist = join(installed, 'dist');

beforeAll(async () => {
  mkdirSync(installed, { recursive: true });
  for (const name of ['package.json', 'LICENSE', 'README.md', ...manifest.files.filter((file) => file !== 'dist')]) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(installed, name), { recursive: true });
  }
  for (const name of ['rxjs', 'tslib', '@types', ...PACKAGES])
    symlinkSync(join(root, 'node_modules', name), join(consumer, 'node_modules', name));
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  await build(dist, { silent: true });
}, 300_000);
afterAll(() => rmSync(consumer, { recursive: true, force: true }));

const inConsumer = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd: consumer, encoding: 'utf8' });
const tool = (path: string): string => join(root, 'node_modules', path);

describe('the built package', () => {
  it('exports types before code, and every file that it names is there', () => {
    for (const { target } of entries) {
      for (const conditions of Object.values(target)) {
        expect(Object.keys(conditions)).toEqual(['types', 'default']);
        for (const file of Object.values(conditions)) expect(existsSync(join(installed, file)), file).toBe(true);
      }
    }
    expect(entries.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'tidemark',
        'tidemark/agg',
        'tidemark/browser',
        'tidemark/node',
        'tidemark/testing',
        'tidemark/drafts',
        'tidemark/ui',
      ]),
    );
    expect(manifest.exports['./internal/*']).toBeNull();
  });

  it('loads by import and by require, with the same names', () => {
    for (const { name } of entries) {
      const imported = inConsumer(
        'node',
        '--input-type=module',
        '-e',
        `console.log(Object.keys(await import('${name}')).sort().join())`,
      );
      const required = inConsumer(
        'node',
        '--input-type=commonjs',
        '-e',
        `console.log(Object.keys(require('${name}')).sort().join())`,
      );
      expect(required.trim()).toBe(imported.trim());
      expect(imported.split(',').length, name).toBeGreaterThan(0);
    }
  });

  it('agg of the entry is the module tidemark/agg', () => {
    const same = inConsumer(
      'node',
      '--input-type=module',
      '-e',
      `console.log((await import('tidemark')).agg === (await import('tidemark/agg')))`,
    );
    expect(same.trim()).toBe('true');
  });

  it('the ESM and the CommonJS copy understand each other', () => {
    const code = `
      import { createRequire } from 'node:module';
      import { of } from 'rxjs';
      import * as esm from 'tidemark';
      const cjs = createRequire(import.meta.url)('tidemark');
      const rows = of({ t: 1, k: 'a' }, { t: 2, k: 'a' }, { t: 12, k: 'b' });
      const seen = [];
      for (const [a, b] of [[esm, cjs], [cjs, esm]])
        rows.pipe(
          a.withWatermark('t', 0),
          b.aggregate({ key: 'k', window: a.tumbling(10), select: { n: a.agg.count() } }),
          b.mapRows((row) => [row.k, row.n, a === esm]),
          a.rows(),
        ).subscribe((row) => seen.push(row));
      console.log(JSON.stringify(seen));`;
    expect(JSON.parse(inConsumer('node', '--input-type=module', '-e', code))).toEqual([
      ['a', 2, true],
      ['b', 1, true],
      ['a', 2, false],
      ['b', 1, false],
    ]);
  });

  it('types resolve for import and require', () => {
    const use = `
      import { of } from 'rxjs';
      import { agg, aggregate, rows, tumbling, withWatermark, type EventStream } from 'tidemark';
      import { count } from 'tidemark/agg';
      import { weave } from 'tidemark/testing';
      import { latest } from 'tidemark/ui';
      const s: EventStream<{ t: number; k: string }> = of({ t: 1, k: 'a' }).pipe(withWatermark('t', '1 minute'));
      s.pipe(aggregate({ key: 'k', window: tumbling('1 hour'), select: { n: agg.count(), m: count('k') } }), rows()).subscribe((row) => {
        const text: string = row.k + row.n.toFixed() + row.window.start;
        void [text, weave, latest];
      });`;
    writeFileSync(join(consumer, 'a.mts'), use);
    writeFileSync(join(consumer, 'b.cts'), use);
    const compilerOptions = {
      noEmit: true,
      strict: true,
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
      skipLibCheck: false,
    };
    writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['a.mts', 'b.cts'] }));
    const { stdout } = spawnSync('node', [tool('typescript/bin/tsc'), '-p', consumer], { encoding: 'utf8' });
    expect(stdout).toBe('');
  }, 120_000);

  it('satisfies publint and attw', () => {
    const publint = spawnSync('node', [tool('publint/src/cli.js'), '--strict', '--pack', 'false', installed], {
      encoding: 'utf8',
    });
    expect(publint.status, publint.stdout + publint.stderr).toBe(0);
    const [{ filename }] = JSON.parse(inConsumer('npm', 'pack', installed, '--ignore-scripts', '--json')) as [
      { filename: string },
    ];
    const attw = spawnSync(
      'node',
      [tool('@arethetypeswrong/cli/dist/index.js'), join(consumer, filename), '--profile', 'node16', '--no-color'],
      { encoding: 'utf8' },
    );
    expect(attw.status, attw.stdout + attw.stderr).toBe(0);
  }, 120_000);

  it.each(['tidemark', 'tidemark/agg', 'tidemark/browser', 'tidemark/drafts', 'tidemark/trigger', 'tidemark/ui'])(
    '%s bundles for a browser: no Node built-in, rxjs not inside',
    async (name) => {
      const { metafile } = await bundle({
        stdin: { contents: `export * from '${name}';`, resolveDir: consumer },
        bundle: true,
        write: false,
        metafile: true,
        platform: 'browser',
        format: 'esm',
        external: ['rxjs', ...PACKAGES],
        logLevel: 'silent',
      });
      const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
      expect(imports.filter((path) => path.startsWith('node:') || builtinModules.includes(path))).toEqual([]);
      expect(
        imports.filter((path) => path !== 'rxjs' && !PACKAGES.some((name) => path === name || path.startsWith(`${name}/`))),
      ).toEqual([]);
    },
  );

  it('immer is only in tidemark/ui and tidemark/drafts', () => {
    const users = readdirSync(dist).filter(
      (name) => name.endsWith('.js') && /from ["']immer["']/.test(readFileSync(join(dist, name), 'utf8')),
    );
    expect(users.sort()).toEqual(['drafts.js', 'ui.js']);
  });

  it('the built package shakes as well as the sources do', async () => {
    const sizes = await measure(built(dist));
    const unshaken = sizes.find(({ name }) => name.includes('keeps all')) as { gzip: number };
    for (const { name, gzip, modules } of sizes.filter(
      ({ name }) => name.startsWith('minimal pipe') && !name.includes('keeps all'),
    )) {
      expect(gzip, name).toBeLessThan(unshaken.gzip * 0.8);
      expect(modules.some(([, bytes]) => bytes > 0)).toBe(true);
    }
  });

  it('does not grow: minimal pipe and everything stay below their ceilings', async () => {
    const over = (await measure(built(dist))).filter(({ gzip, maxBytes = Infinity }) => gzip > maxBytes);
    expect(over.map(({ name, gzip }) => `${name}: ${gzip}`)).toEqual([]);
  });

  it('packs what it needs and nothing else', () => {
    const [{ files }] = JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: installed, encoding: 'utf8' }),
    ) as [{ files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
    for (const { target } of entries)
      for (const conditions of Object.values(target))
        for (const file of Object.values(conditions)) expect(paths).toContain(file.slice(2));
    expect(paths).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']));
    expect(
      paths.filter((path) => !/^(dist\/|LICENSE|README\.md|CHANGELOG\.md|package\.json|src\/ARCHITECTURE\.md)/.test(path)),
    ).toEqual([]);
    for (const file of manifest.files) expect(existsSync(join(root, file)) || file === 'dist', file).toBe(true);
  });
});

describe('package.json', () => {
  it('promises what the design says', () => {
    expect(manifest).toMatchObject({
      name: 'tidemark',
      sideEffects: false,
      type: 'module',
      license: 'Apache-2.0',
      engines: { node: '>=20.19' },
    });
    expect(PACKAGES).toEqual(['idb-keyval', 'immer', 'ix', 'superjson']);
    expect(manifest.peerDependencies.rxjs).toMatch(/^\^7/);
  });

  it('installs what the code imports, and nothing that only tests or demos do', () => {
    const code = ['src', 'operators'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts'))
        .map((path) => readFileSync(join(root, folder, path), 'utf8')),
    );
    const imported = (name: string): boolean => code.some((text) => new RegExp(`(from|import\\() ?'${name}(/|')`).test(text));
    expect(PACKAGES.filter((name) => !imported(name))).toEqual([]);
  });

  it('pins what the tools are, to the digit', () => {
    const pinned = { ...manifest.dependencies, ...manifest.devDependencies };
    expect(Object.entries(pinned).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('the lock file names no host', () => {
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved"|https?:\/\/[^"]*registry/);
  });
});
