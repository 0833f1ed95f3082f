/**
 * What a web page grows by: `npm run size [-- --dist FOLDER] [--json FILE] [--all-modules]`.
 *
 * Bundles three imports from the sources and from the built package, minified and compressed, without rxjs and the
 * optional packages, and prints what weighs most. Exit code 1 above a ceiling. 1 kB = 1000 bytes.
 *
 * rolldown (Vite's bundler; rollup and webpack do the same) leaves out the unused members of `import { agg }`. esbuild
 * does not look into a re-exported namespace: there `import * as agg from 'tidemark/agg'` is the small form.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const EXTERNAL = ['rxjs', 'immer', 'superjson', 'ix'];

const PIPE = `export const pipe = (rows$) => rows$.pipe(
  withWatermark('t', 1000), aggregate({ key: 'k', window: tumbling(1000), select: { n: agg.count() } }), rows());`;
const MINIMAL = `import { agg, aggregate, rows, tumbling, withWatermark } from 'tidemark';\n${PIPE}`;
const MINIMAL_SUBPATH = `import { aggregate, rows, tumbling, withWatermark } from 'tidemark';\nimport * as agg from 'tidemark/agg';\n${PIPE}`;
const EVERYTHING = `export * from 'tidemark';`;

/** One import, one bundler, and what it may weigh. */
interface Import {
  readonly name: string;
  readonly code: string;
  readonly bundler: 'esbuild' | 'rolldown';
  /** What CI refuses to exceed: the size as it is, so that it does not grow. */
  readonly maxBytes?: number;
  /** What the design asks for. Printed, and not met yet. */
  readonly barBytes?: number;
}

const IMPORTS: readonly Import[] = [
  { name: 'minimal pipe, import { agg } (rolldown)', code: MINIMAL, bundler: 'rolldown', maxBytes: 17_800, barBytes: 6_000 },
  {
    name: "minimal pipe, import * as agg from 'tidemark/agg' (esbuild)",
    code: MINIMAL_SUBPATH,
    bundler: 'esbuild',
    maxBytes: 18_250,
    barBytes: 6_000,
  },
  { name: 'minimal pipe, import { agg } (esbuild: keeps all of agg)', code: MINIMAL, bundler: 'esbuild' },
  { name: 'everything of tidemark (esbuild)', code: EVERYTHING, bundler: 'esbuild', maxBytes: 129_300, barBytes: 25_000 },
];

/** A measured bundle. */
export interface Size {
  readonly name: string;
  readonly minified: number;
  readonly gzip: number;
  readonly maxBytes?: number;
  readonly barBytes?: number;
  /** Minified bytes of each module (rolldown: before minifying), largest first. */
  readonly modules: readonly (readonly [module: string, bytes: number])[];
}

/** Entry files by specifier: the sources, or a built folder. */
export type Entries = Readonly<Record<string, string>>;

export const SOURCES: Entries = { tidemark: join(root, 'src/index.ts'), 'tidemark/agg': join(root, 'src/aggregate/index.ts') };

export function built(folder: string): Entries {
  return { tidemark: join(folder, 'index.js'), 'tidemark/agg': join(folder, 'agg.js') };
}

export async function measure(entries: Entries): Promise<Size[]> {
  const sizes: Size[] = [];
  for (const { name, code, bundler, maxBytes, barBytes } of IMPORTS) {
    const { bytes, modules } = bundler === 'esbuild' ? await withEsbuild(code, entries) : await withRolldown(code, entries);
    const gzip = gzipSync(bytes, { level: 9 }).length;
    sizes.push({
      name,
      minified: bytes.length,
      gzip,
      modules,
      ...(maxBytes === undefined ? {} : { maxBytes }),
      ...(barBytes === undefined ? {} : { barBytes }),
    });
  }
  return sizes;
}

interface Bundle {
  readonly bytes: Uint8Array;
  readonly modules: Size['modules'];
}

async function withEsbuild(code: string, entries: Entries): Promise<Bundle> {
  const toEntries: Plugin = {
    name: 'entries',
    setup(b) {
      b.onResolve({ filter: /^tidemark(\/|$)/ }, ({ path }) => ({ path: entries[path] as string, sideEffects: false }));
    },
  };
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: root, sourcefile: 'use.js' },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: EXTERNAL,
    plugins: [toEntries],
  });
  const inputs = Object.values(metafile.outputs)[0]!.inputs;
  const modules = Object.entries(inputs).map(([file, { bytesInOutput }]) => [file, bytesInOutput] as const);
  return { bytes: outputFiles[0]!.contents, modules: sorted(modules) };
}

async function withRolldown(code: string, entries: Entries): Promise<Bundle> {
  const bundle = await rolldown({
    input: 'use.js',
    external: EXTERNAL,
    platform: 'browser',
    plugins: [
      {
        name: 'entries',
        resolveId: (id: string) => (id === 'use.js' ? id : entries[id] && { id: entries[id], moduleSideEffects: false }),
        load: (id: string) => (id === 'use.js' ? code : undefined),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'es', minify: true });
  await bundle.close();
  const modules = Object.entries(output[0].modules).map(
    ([file, { renderedLength }]) => [relative(root, file), renderedLength] as const,
  );
  return { bytes: Buffer.from(output[0].code), modules: sorted(modules) };
}

const sorted = (modules: readonly (readonly [string, number])[]): Size['modules'] =>
  modules.filter(([file, bytes]) => bytes > 0 && !file.endsWith('use.js')).sort((a, b) => b[1] - a[1]);

function print(from: string, sizes: readonly Size[], shown: number): boolean {
  let fits = true;
  console.log(`\n## ${from}\n\n| import | gzip | minified | design bar | ceiling |\n|---|---:|---:|---|---|`);
  for (const { name, gzip, minified, maxBytes, barBytes } of sizes) {
    const over = maxBytes !== undefined && gzip > maxBytes;
    if (over) fits = false;
    const verdict = maxBytes === undefined ? '' : `${kB(maxBytes)} ${over ? `OVER by ${kB(gzip - maxBytes)}` : 'ok'}`;
    const bar = barBytes === undefined ? '' : `${kB(barBytes)} ${gzip > barBytes ? 'NOT MET' : 'met'}`;
    console.log(`| ${name} | ${kB(gzip)} | ${kB(minified)} | ${bar} | ${verdict} |`);
  }
  for (const { name, modules, minified } of sizes.filter(
    (size) => size.maxBytes !== undefined && !size.name.includes('rolldown'),
  )) {
    console.log(`\n### What weighs most: ${name}\n\n| minified bytes | share | module |\n|---:|---:|---|`);
    for (const [file, bytes] of modules.slice(0, shown))
      console.log(`| ${bytes} | ${((100 * bytes) / minified).toFixed(1)} % | ${file} |`);
    const rest = modules.slice(shown);
    if (rest.length > 0) console.log(`| ${rest.reduce((sum, [, bytes]) => sum + bytes, 0)} | | ${rest.length} more |`);
  }
  return fits;
}

const kB = (bytes: number): string => `${(bytes / 1000).toFixed(2)} kB`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      dist: { type: 'string', default: join(root, 'dist') },
      json: { type: 'string' },
      'all-modules': { type: 'boolean', default: false },
      'sources-only': { type: 'boolean', default: false },
    },
  });
  const shown = values['all-modules'] ? Infinity : 15;
  const sources = await measure(SOURCES);
  let fits = print('from the sources', sources, shown);
  const folder = resolve(values.dist);
  let dist: Size[] | undefined;
  if (!values['sources-only']) {
    if (!existsSync(join(folder, 'index.js'))) throw new Error(`not built: ${folder} has no index.js (npm run build)`);
    dist = await measure(built(folder));
    fits =
      print(
        `from ${relative(root, folder)} (${(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version})`,
        dist,
        shown,
      ) && fits;
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ sources, dist }, null, 2)}\n`);
  console.log(fits ? '\nsize: ok' : '\nsize: over a ceiling');
  process.exitCode = fits ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
