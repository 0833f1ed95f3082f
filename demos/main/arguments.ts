import { parseArgs } from 'node:util';
import { parseDuration, type Duration } from 'tidemark';
import { DemoFailure, reasonOf } from './failure';
import type { FormatName } from './input';

export const HELP = `npm start                                     real earthquakes, replayed in their order of arrival
npm start -- --input FILE --time COLUMN --key COLUMN [...]   the same on your own NDJSON or CSV
npm start -- --video [--seed N] [--input FILE]               metrics of trending videos, generated or from a file
npm start -- --follow FOLDER --time COLUMN --key COLUMN      the same on every file that comes into a folder, until Ctrl-C

Killed at any moment, the same command goes on from its last commit (out/.tidemark), and the files come out as if it had
never been killed. A job that is done is told again, not run again.

  --input FILE      NDJSON or CSV, also gzipped; read row by row
  --format NAME     ndjson or csv; default: by the name of the file
  --time COLUMN     event time: epoch numbers or ISO-8601 text (without a zone: UTC)
  --key COLUMN      what windows are grouped by
  --value COLUMN    the figure of a row: mean, max and p90 are of this; without it rows are only counted
  --id COLUMN       rows with the same id and time are duplicates; without it none are
  --unit NAME       ms or seconds: what a number in the time column counts; default ms
  --delay TEXT      how late rows may come; default '3 days' (earthquakes), else '10 minutes'
  --window TEXT     size of the windows; default '6 hours' (earthquakes), '2 days' (videos), else '1 hour'
  --slide TEXT      step of the sliding windows; default a quarter of their size (videos: a half)
  --alert-at N      a window whose maximum reaches N raises an alert; default 5 (earthquakes), else none
  --trend SHARE     a window whose count differs by more from the recent ones raises an alert; default 1 (100 %)
  --seed N          seed of the generated videos; default 1
  --out FOLDER      where windows.ndjson, alerts.ndjson and rejected.ndjson go; default out
  --fresh           begins anew, whatever is there of the job
  --fast            does not slow the replay down for the eye
  --pace N          rows a second; default: as fast as they go, on a terminal some 5 seconds for all
  --checkpoint TEXT how often what has come is committed; default '250 ms'
  --help            this text`;

/** What the user asked for; durations in ms. */
export interface Arguments {
  readonly help: boolean;
  readonly video: boolean;
  readonly fast: boolean;
  readonly fresh: boolean;
  readonly out: string;
  readonly seed: number;
  readonly unit: 'ms' | 'seconds';
  readonly trendAbove: number;
  /** A folder whose files are read as they come. */
  readonly follow?: string;
  readonly input?: string;
  readonly format?: FormatName;
  readonly time?: string;
  readonly key?: string;
  readonly value?: string;
  readonly id?: string;
  readonly delay?: number;
  readonly window?: number;
  readonly slide?: number;
  readonly alertAt?: number;
  /** Rows a second. */
  readonly pace?: number;
  /** Between two commits, ms. */
  readonly checkpoint?: number;
}

const TEXT = { type: 'string' } as const;
const FLAG = { type: 'boolean', default: false } as const;
const OPTIONS = {
  ...{
    input: TEXT,
    format: TEXT,
    time: TEXT,
    key: TEXT,
    value: TEXT,
    id: TEXT,
    unit: TEXT,
    delay: TEXT,
    window: TEXT,
    slide: TEXT,
  },
  ...{ follow: TEXT, pace: TEXT, checkpoint: TEXT },
  ...{
    'alert-at': TEXT,
    trend: TEXT,
    seed: TEXT,
    out: TEXT,
    video: FLAG,
    fast: FLAG,
    fresh: FLAG,
    help: { ...FLAG, short: 'h' },
  },
} as const;

/** Reads the command line; a mistake is a `DemoFailure` that names it. */
export function readArguments(argv: readonly string[]): Arguments {
  const values = valuesOf(argv);
  const { input, follow, time, key, value, id, video = false } = values;
  if (!values.help && follow !== undefined && (video || input !== undefined)) {
    throw new DemoFailure('--follow FOLDER goes without --input and --video');
  }
  const isOwn = (input ?? follow) !== undefined;
  if (!values.help && !isOwn && (time ?? key ?? value ?? id) !== undefined) {
    throw new DemoFailure('--time, --key, --value and --id are for --input FILE and --follow FOLDER');
  }
  if (!values.help && isOwn && !video && (time === undefined || key === undefined)) {
    throw new DemoFailure(`--${follow === undefined ? 'input' : 'follow'} needs --time COLUMN and --key COLUMN`);
  }
  return {
    ...{ help: values.help ?? false, video, fast: values.fast ?? false, fresh: values.fresh ?? false, out: values.out ?? 'out' },
    seed: numberOf('seed', values.seed) ?? 1,
    unit: oneOf('unit', values.unit, ['ms', 'seconds']) ?? 'ms',
    trendAbove: numberOf('trend', values.trend) ?? 1,
    ...given({ input, follow, time, key, value, id, format: oneOf('format', values.format, ['ndjson', 'csv']) }),
    ...given({ delay: spanOf('delay', values.delay, 0), window: spanOf('window', values.window, 1) }),
    ...given({ pace: numberOf('pace', values.pace), checkpoint: spanOf('checkpoint', values.checkpoint, 1) }),
    ...given({ slide: spanOf('slide', values.slide, 1), alertAt: numberOf('alert-at', values['alert-at']) }),
  };
}

function valuesOf(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, strict: true }).values;
  } catch (cause) {
    throw new DemoFailure(`${reasonOf(cause)} (--help lists what there is)`);
  }
}

type Given<T> = { [P in keyof T]?: Exclude<T[P], undefined> };

/** Only what was said: `exactOptionalPropertyTypes` tells an absent option from an undefined one. */
function given<T extends object>(options: T): Given<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>;
}

function oneOf<V extends string>(name: string, text: string | undefined, values: readonly V[]): V | undefined {
  if (text === undefined) return undefined;
  const found = values.find((value) => value === text);
  if (found === undefined) throw new DemoFailure(`--${name} is ${values.join(' or ')}, not '${text}'`);
  return found;
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new DemoFailure(`--${name} is a number, not '${text}'`);
  return value;
}

function spanOf(name: string, text: string | undefined, atLeast: number): number | undefined {
  if (text === undefined) return undefined;
  try {
    const ms = parseDuration((/^\d+$/.test(text) ? Number(text) : text) as Duration, `--${name}`);
    if (ms >= atLeast) return ms;
  } catch (cause) {
    throw new DemoFailure(reasonOf(cause));
  }
  throw new DemoFailure(`--${name} must ${atLeast === 0 ? 'not be negative' : 'be longer than nothing'}, and is '${text}'`);
}
