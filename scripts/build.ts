/** The package as it is published: `npm run build [-- --out-dir FOLDER] [--no-dts]`. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { transform } from 'esbuild';
import { build as tsup } from 'tsup';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Builds into `outDir`: JavaScript and declarations, as ES modules and as CommonJS. */
export async function build(outDir: string, { dts = true, silent = false } = {}): Promise<void> {
  await tsup({ config: join(root, 'tsup.config.ts'), outDir, silent, ...(dts ? {} : { dts: false }) });
  await writeTwins(outDir);
}

/**
 * The CommonJS copy, file by file from the ESM one: same chunks, so that the entries share their state, and no syntax is
 * translated down. (tsup's `format: 'cjs'` with splitting rewrites `??`, `?.` and class fields.)
 */
async function writeTwins(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const isTypes = name.endsWith('.d.ts');
    if (!isTypes && !name.endsWith('.js')) continue;
    const text = toTwins(await readFile(join(folder, name), 'utf8'));
    if (isTypes) await writeFile(join(folder, name.replace(/\.d\.ts$/, '.d.cts')), text);
    else {
      const { code } = await transform(text, { format: 'cjs', target: 'es2022', platform: 'node' });
      await writeFile(join(folder, name.replace(/\.js$/, '.cjs')), code);
    }
  }
}

/** Imports of built files by the names of their CommonJS twins. */
function toTwins(code: string): string {
  return code.replace(/(\bfrom\s*|\bimport\s*\(?\s*)(["'])(\.\/[^"']+)\.js\2/g, '$1$2$3.cjs$2');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { 'out-dir': { type: 'string', default: join(root, 'dist') }, 'no-dts': { type: 'boolean', default: false } },
  });
  await build(resolve(values['out-dir']), { dts: !values['no-dts'] });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
