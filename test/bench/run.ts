import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

// `npm run bench`: the sources as the package is built from them. A development loader names every function as it is made,
// which costs up to a fifth of a row.
const program = join('dist', `bench-${process.pid}.mjs`);
mkdirSync('dist', { recursive: true });
await build({
  entryPoints: ['test/bench/bench.ts'],
  outfile: program,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'es2022',
  packages: 'external',
  logLevel: 'silent',
});
try {
  const { status } = spawnSync(process.execPath, ['--expose-gc', program, ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  rmSync(program, { force: true });
}
