import type { Mutant } from './mutate';

/** `listed`: survivors.md says why nothing can notice it; it is not run. */
export type Status = 'killed' | 'timeout' | 'survived' | 'no coverage' | 'listed' | 'not run';

export interface Verdict {
  readonly mutant: Mutant;
  readonly status: Status;
  readonly by?: string;
  /** Cases that reach the mutant but did not fit into the budget. */
  readonly leftOut: number;
}

/** The mutants that no test noticed, and the tables of how many were. */
export function report(verdicts: readonly Verdict[]): string {
  const folders = grouped(verdicts, ({ mutant }) => folderOf(mutant.file));
  const kinds = grouped(verdicts, ({ mutant }) => mutant.kind);
  const lines = ['', '## Mutants that lived', ''];
  for (const verdict of verdicts) if (lived(verdict)) lines.push(lineOf(verdict));
  lines.push('', '## Score', '', ...table('folder', folders), row('all', verdicts), '', ...table('kind', kinds), '');
  lines.push(...sampleBounds(verdicts), '');
  return lines.join('\n');
}

/** What a sample says of all mutants. */
function sampleBounds(verdicts: readonly Verdict[]): string[] {
  const judged = verdicts.filter(({ status }) => status !== 'not run');
  const listed = judged.filter(({ status }) => status === 'listed').length;
  const caught = judged.length - listed - judged.filter(lived).length;
  const line = (name: string, part: number): string => {
    const bounds = wilson(part, judged.length).map((share) => (100 * share).toFixed(1));
    return `${name}: ${part} of ${judged.length}; were they a sample, 95 % bounds ${bounds.join(' to ')} %`;
  };
  return [line('killed', caught), line('killed or listed', caught + listed)];
}

/** The 95 % bounds of a share. Source: Wilson 1927. */
function wilson(part: number, n: number): readonly [low: number, high: number] {
  if (n === 0) return [0, 1];
  const z = 1.96;
  const share = part / n;
  const middle = share + (z * z) / (2 * n);
  const reach = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return [(middle - reach) / scale, (middle + reach) / scale];
}

export const lived = ({ status }: Verdict): boolean => status === 'survived' || status === 'no coverage';

export function lineOf({ mutant, status, leftOut }: Verdict): string {
  const notes = [...(status === 'no coverage' ? [status] : []), ...(leftOut > 0 ? [`${leftOut} slow cases left out`] : [])];
  const { file, line, column, kind, original, mutated } = mutant;
  const note = notes.length === 0 ? '' : `  (${notes.join(', ')})`;
  return `${file}:${line}:${column} ${kind}: ${original}  →  ${mutated}${note}`;
}

function grouped(verdicts: readonly Verdict[], by: (verdict: Verdict) => string): Map<string, Verdict[]> {
  const groups = new Map<string, Verdict[]>();
  for (const verdict of verdicts) groups.set(by(verdict), [...(groups.get(by(verdict)) ?? []), verdict]);
  return groups;
}

const folderOf = (file: string): string =>
  file
    .split('/')
    .slice(0, file.startsWith('src/') ? 2 : 1)
    .join('/');

const COLUMNS: readonly Status[] = ['killed', 'timeout', 'survived', 'no coverage', 'listed', 'not run'];

/** Killed: of all that ran and the listed ones. Explained: the listed ones count with the killed. */
function table(title: string, groups: ReadonlyMap<string, readonly Verdict[]>): string[] {
  const head = ['mutants', ...COLUMNS, 'killed %', 'killed or listed %'];
  return [
    `| ${title} | ${head.join(' | ')} |`,
    `|---|${head.map(() => '---:|').join('')}`,
    ...[...groups].map(([name, list]) => row(name, list)),
  ];
}

function row(name: string, list: readonly Verdict[]): string {
  const count = (status: Status): number => list.filter((one) => one.status === status).length;
  const judged = list.length - count('not run');
  const caught = count('killed') + count('timeout');
  const share = (part: number): string => (judged === 0 ? '' : ((100 * part) / judged).toFixed(1));
  const cells = [list.length, ...COLUMNS.map(count), share(caught), share(caught + count('listed'))];
  return `| ${name} | ${cells.join(' | ')} |`;
}
