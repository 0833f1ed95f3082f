import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { rounded, type Result } from '../report';

const FIRST_USE = `
import { agg, aggregate, rows, tumbling, withWatermark } from 'tidemark';
export const pipe = (rows$) => rows$.pipe(withWatermark('t', 1000), aggregate({ key: 'k', window: tumbling(1000), select: { n: agg.count() } }), rows());
`;
const EVERYTHING = `export * from 'tidemark';`;

/** What a bundle grows by: minified and compressed, rxjs and the optional packages aside. */
export async function sizes(): Promise<Result[]> {
  const [first, all] = [await gzipped(FIRST_USE), await gzipped(EVERYTHING)];
  return [
    { workload: 'size-first-use', value: first, unit: 'kB gzip', target: 6 },
    { workload: 'size-all', value: all, unit: 'kB gzip', target: 25 },
  ];
}

async function gzipped(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: resolve('test/bench'), loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    external: ['rxjs', 'immer'],
  });
  return rounded(gzipSync(outputFiles[0]!.contents, { level: 9 }).length / 1000);
}
