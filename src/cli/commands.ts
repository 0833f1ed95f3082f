import { readFile, writeFile } from 'node:fs/promises';
import { exportCheckpoint, importCheckpoint } from '../checkpoint/archive';
import { checkCheckpoint } from '../checkpoint/fsck';
import { fileCheckpoint } from '../checkpoint/nodeCheckpoint';
import { readCheckpoint } from '../checkpoint/reader';
import { rewindCheckpoint } from '../checkpoint/rewind';
import { TidemarkError } from '../errors';
import { aligned, inspection, shownEntries } from './text';

export const USAGE = `tidemark inspect CHECKPOINT [--batch N] [--operator ID --table NAME]
                                      what is in a checkpoint: commits, plans, state tables, entries
tidemark fsck CHECKPOINT              reads every byte and checks the invariants; exit code 1 if something is wrong
tidemark rewind CHECKPOINT BATCH      takes the commits behind BATCH back, so that they are repeated
tidemark export CHECKPOINT FILE       the whole checkpoint as one file: for a tab, for a backup
tidemark import FILE CHECKPOINT       puts an exported checkpoint into a new folder`;

/** What a command says, and how it ends. */
export interface Outcome {
  readonly text: string;
  readonly code: number;
}

/** Options by name, without the dashes. */
export type Flags = Readonly<Record<string, string | undefined>>;

/** Runs a command. Named errors become text. */
export async function run(command: string | undefined, args: readonly string[], flags: Flags): Promise<Outcome> {
  const work = COMMANDS[command ?? ''];
  if (work === undefined || args.length !== work.args) return { text: USAGE, code: 2 };
  try {
    return await work.run(args as [string, string], flags);
  } catch (cause) {
    if (!(cause instanceof TidemarkError)) throw cause;
    return { text: `${cause.code}: ${cause.message}`, code: 1 };
  }
}

interface Command {
  readonly args: number;
  run(args: readonly [string, string], flags: Flags): Promise<Outcome>;
}

const said = (text: string): Outcome => ({ text, code: 0 });

const COMMANDS: Readonly<Record<string, Command>> = {
  inspect: {
    args: 1,
    run: async ([path], { batch, operator, table }) => {
      const reader = await readCheckpoint(fileCheckpoint(path));
      const number = batch === undefined ? undefined : wholeNumber(batch);
      if (operator === undefined) return said(await inspection(reader, number));
      return said(shownEntries(await reader.stateTable(operator, table ?? '', number)));
    },
  },
  fsck: {
    args: 1,
    run: async ([path]) => {
      const report = await checkCheckpoint(await fileCheckpoint(path).open());
      const { findings, unreferenced, unknown, commits, last, pending } = report;
      const text = [
        report.queryId === undefined ? 'no checkpoint' : `query ${report.queryId}, ${commits} commits, last ${last ?? 'none'}`,
        ...(pending === undefined ? [] : [`batch ${pending} is planned and not committed`]),
        ...unreferenced.map((name) => `unused   ${name}`),
        ...unknown.map((name) => `unknown  ${name}`),
        ...aligned(findings.map(({ rule, name, message }) => [`WRONG ${rule}`, name, message])),
        findings.length === 0 && report.queryId !== undefined ? 'sound' : `${findings.length} findings`,
      ];
      return { text: text.join('\n'), code: findings.length === 0 && report.queryId !== undefined ? 0 : 1 };
    },
  },
  rewind: {
    args: 2,
    run: async ([path, batch]) => {
      const dropped = await rewindCheckpoint(fileCheckpoint(path), wholeNumber(batch), `tidemark rewind ${process.pid}`);
      if (dropped.length === 0) return said(`nothing to take back behind batch ${batch}`);
      return said(`taken back: ${[...dropped].reverse().join(', ')}. These batches will be repeated; sinks were not touched`);
    },
  },
  export: {
    args: 2,
    run: async ([path, file]) => {
      const archive = await exportCheckpoint(fileCheckpoint(path));
      await writeFile(file, archive, { flag: 'wx' });
      return said(`${file}: ${archive.length} bytes`);
    },
  },
  import: {
    args: 2,
    run: async ([file, path]) => {
      await importCheckpoint(new Uint8Array(await readFile(file)), fileCheckpoint(path));
      return said(`${path} is a checkpoint now`);
    },
  },
};

function wholeNumber(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new TidemarkError('TIDEMARK_OPTION', `a batch is a number, not ${text}`, { text });
}
