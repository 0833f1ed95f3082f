/**
 * `npm run types:bench`: what the compiler does for a pipe of twelve operators, in type instantiations. Only the file of
 * the user is checked, as an editor does; exit code 1 above the ceiling.
 */
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { programOf, RXJS_AND_ROWS } from './program';

const MAX_INSTANTIATIONS = 50_000;

const PIPE = `
export const twelve$ = events(src).pipe(
  filterRows((row) => row.k !== ''),
  mapRows((row) => ({ ...row, big: (row.v ?? 0) > 10 })),
  withWatermark('t', '10 minutes', { idleAfter: '1 minute' }),
  dropDuplicates(['k', 't']),
  filterRows((row) => row.big),
  mapRows(({ t, k, v }) => ({ t, k, v })),
  aggregate({ key: 'k', window: tumbling('1 minute'), select: { n: agg.count(), total: agg.sum('v') } }),
  filterRows((row) => row.n > 1),
  aggregate({ key: 'k', window: tumbling('1 hour'), select: { n: agg.sum('n'), mean: agg.avg((row) => row.total) } }),
  mapRows((row) => ({ ...row, share: (row.n ?? 0) / 60 })),
  aggregate({ key: ['k'], window: sliding('1 day', '1 hour'), select: { top: agg.max('share') } }),
  rows(),
);
twelve$.subscribe((row) => row.top?.toFixed());
`;

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Instantiations and milliseconds for checking one file, and what is wrong in it. */
function measure(code: string): { instantiations: number; ms: number; errors: readonly string[] } {
  const { program, file } = programOf(root, `${RXJS_AND_ROWS}\n${code}`);
  const start = performance.now();
  const errors = program
    .getSemanticDiagnostics(file)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  const { getInstantiationCount } = program as unknown as { getInstantiationCount(): number };
  return { instantiations: getInstantiationCount(), ms: performance.now() - start, errors };
}

const alone = measure('export const alone$ = src.pipe(filter((row) => row.k !== ""));');
const first = measure("export const first$ = src.pipe(withWatermark('t', '10 minutes'), rows());");
const twelve = measure(PIPE);
console.log('| file | instantiations | ms |\n|---|---:|---:|');
for (const [name, { instantiations, ms }] of Object.entries({
  'rxjs alone': alone,
  'withWatermark and rows': first,
  '12 operators': twelve,
})) {
  console.log(`| ${name} | ${instantiations} | ${ms.toFixed(0)} |`);
}
const errors = [...alone.errors, ...first.errors, ...twelve.errors];
for (const error of errors) console.log(`does not compile: ${error}`);
const isOver = twelve.instantiations > MAX_INSTANTIATIONS;
console.log(`12 operators: ${twelve.instantiations} of ${MAX_INSTANTIATIONS} instantiations: ${isOver ? 'OVER' : 'ok'}`);
process.exitCode = isOver || errors.length > 0 ? 1 : 0;
