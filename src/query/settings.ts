import type { CheckpointLocation } from '../checkpoint/backend';
import type { OperatorImage } from '../checkpoint/records';
import type { Divert } from '../connectors/divert';
import { checkOption } from '../errors';
import type { OutputMode, SchedulerLike } from '../rx';
import { parseNonNegative, parsePositive, type Duration } from '../time/duration';
import type { ErrorPolicy } from '../traits';
import type { Advice } from './advice';
import type { Trigger } from './trigger';
import type { WatermarkPolicy } from './watermarks';

/** When too many rows fail: both must be exceeded in one batch. */
export interface ErrorThreshold {
  /** Failed rows, default 100. */
  readonly rows?: number;
  /** Their share of the batch's rows, 0 to 1, default 0.1. */
  readonly share?: number;
}

/**
 * The form of an operator's state has changed: another key or window under the same id, or other values in the state that
 * a user's function keeps. The steps that are needed run at the start, before the first batch, and become durable with its
 * commit; until then the old state stays as it was, and the query as it was before can still go on with it.
 */
export interface StateMigration {
  /** The version of the state now; it began with 1. A later start must give the same or a higher one. */
  readonly version: number;
  /** From version n (the key) to n + 1: every one from the stored version on. Pure. */
  readonly steps: Readonly<Record<number, (state: OperatorImage) => OperatorImage>>;
}

/** Options of `writeStream` beside the sinks. */
export interface QueryOptions {
  /** Shown in progress; no two active queries of a process have the same. Default: none. */
  readonly name?: string;
  /** Default `append`. */
  readonly outputMode?: OutputMode;
  /** Default: the next batch as soon as there is data. */
  readonly trigger?: Trigger;
  /** Where progress and state are kept; default: in memory, gone with the process. */
  readonly checkpoint?: CheckpointLocation;
  /** How the watermarks of several inputs combine; default `min`. A checkpoint's own policy wins. */
  readonly watermarkPolicy?: WatermarkPolicy;
  /** An empty batch when a batch has moved the watermark so far that results are due; default true. */
  readonly noDataBatches?: boolean;
  /** What happens to a row for which a user's function throws: `reject` (default) to the output `rejected`, or `error`. */
  readonly onError?: ErrorPolicy;
  /** Stops the query when more rows of a batch fail; default 100 rows and 10 %. `false`: never. */
  readonly errorThreshold?: ErrorThreshold | false;
  /** Stops the query, before it writes the batch, when the state of all operators has more rows; default: no limit. */
  readonly maxStateRows?: number;
  /** A sink that fails stops the query (default), or its rows go elsewhere. */
  readonly onSinkFailure?: 'stop' | Divert;
  /** State of operators that are no longer in the pipeline and may be dropped, by id. */
  readonly allowDroppedState?: readonly string[];
  /** How state of an older form becomes what its operator keeps now, by id. */
  readonly migrate?: Readonly<Record<string, StateMigration>>;
  /** Batches that stay in the checkpoint besides the newest; default 100. */
  readonly minBatchesToRetain?: number;
  /** How long `stop()` waits for the batch at work; default 10 seconds. */
  readonly stopTimeout?: Duration;
  /** How long a batch may take to come through the pipeline; default 10 minutes. */
  readonly batchTimeout?: Duration;
  /** Where processing time comes from; default: the system's. */
  readonly scheduler?: SchedulerLike;
  /** Progress records kept; default 100. */
  readonly recentProgress?: number;
  /** Told of advice at start: default `console.warn`. */
  readonly onAdvice?: (advice: Advice) => void;
}

/** The options with their defaults, checked. */
export interface Settings {
  readonly name: string | null;
  readonly outputMode: OutputMode;
  readonly trigger: Trigger;
  readonly checkpoint: CheckpointLocation;
  readonly watermarkPolicy: WatermarkPolicy;
  readonly noDataBatches: boolean;
  readonly onError: ErrorPolicy;
  readonly errorThreshold: Required<ErrorThreshold> | false;
  readonly maxStateRows: number;
  readonly onSinkFailure: 'stop' | Divert;
  readonly allowDroppedState: readonly string[];
  readonly migrate: Readonly<Record<string, StateMigration>>;
  readonly minBatchesToRetain: number;
  readonly stopTimeoutMs: number;
  readonly batchTimeoutMs: number;
  readonly recentProgress: number;
}

const MODES: readonly OutputMode[] = ['append', 'update', 'complete'];
const TRIGGERS: readonly Trigger['kind'][] = ['default', 'processingTime', 'once', 'availableNow', 'continuous'];

/** Every option, so that a misspelt one is refused: a query with the wrong trigger would run for ever. */
const KNOWN: Readonly<Record<keyof QueryOptions | 'sink' | 'to' | 'rejected', true>> = {
  sink: true,
  to: true,
  rejected: true,
  name: true,
  outputMode: true,
  trigger: true,
  checkpoint: true,
  watermarkPolicy: true,
  noDataBatches: true,
  onError: true,
  errorThreshold: true,
  onSinkFailure: true,
  allowDroppedState: true,
  minBatchesToRetain: true,
  maxStateRows: true,
  migrate: true,
  stopTimeout: true,
  batchTimeout: true,
  scheduler: true,
  recentProgress: true,
  onAdvice: true,
};

/** Checks the options of a query, once, when it is built. */
export function settingsOf(options: QueryOptions, inMemory: () => CheckpointLocation): Settings {
  const {
    outputMode = 'append',
    trigger = { kind: 'default' },
    onError = 'reject',
    watermarkPolicy = 'min',
    errorThreshold,
    minBatchesToRetain = 100,
    recentProgress = 100,
    maxStateRows = Infinity,
  } = options;
  for (const option of Object.keys(options)) {
    const known = Object.keys(KNOWN).join(', ');
    checkOption(Object.hasOwn(KNOWN, option), `writeStream has no option '${option}'; there are ${known}`, { option });
  }
  checkOption(TRIGGERS.includes(trigger.kind), 'trigger is made by processingTime(), once(), availableNow() or continuous()', {
    trigger,
  });
  checkOption(onError === 'reject' || onError === 'error', `onError is 'reject' or 'error'`, { onError });
  checkOption(MODES.includes(outputMode), `outputMode is 'append', 'update' or 'complete'`, { outputMode });
  checkOption(watermarkPolicy === 'min' || watermarkPolicy === 'max', `watermarkPolicy is 'min' or 'max'`, { watermarkPolicy });
  checkCount(minBatchesToRetain, 'minBatchesToRetain');
  checkCount(recentProgress, 'recentProgress');
  if (maxStateRows !== Infinity) checkCount(maxStateRows, 'maxStateRows');
  return {
    name: options.name ?? null,
    outputMode,
    trigger,
    checkpoint: options.checkpoint ?? inMemory(),
    watermarkPolicy,
    noDataBatches: options.noDataBatches ?? true,
    onError,
    errorThreshold: errorThreshold === false ? false : { rows: 100, share: 0.1, ...errorThreshold },
    maxStateRows,
    onSinkFailure: options.onSinkFailure ?? 'stop',
    allowDroppedState: options.allowDroppedState ?? [],
    migrate: migrationsOf(options),
    minBatchesToRetain,
    stopTimeoutMs: parseNonNegative(options.stopTimeout ?? 10_000, 'stopTimeout'),
    batchTimeoutMs: parsePositive(options.batchTimeout ?? 600_000, 'batchTimeout'),
    recentProgress,
  };
}

function migrationsOf({ migrate = {} }: QueryOptions): Settings['migrate'] {
  for (const [id, { version, steps }] of Object.entries(migrate)) {
    checkOption(Number.isInteger(version) && version >= 1, `migrate: version of '${id}' is a whole number above 0`, { version });
    checkOption(typeof steps === 'object', `migrate: '${id}' needs steps: { 1: (state) => … }`);
  }
  return migrate;
}

function checkCount(value: number, name: string): void {
  checkOption(Number.isInteger(value) && value >= 1, `${name} is a whole number above 0`, { [name]: value });
}
