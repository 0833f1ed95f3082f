import type { CheckpointLocation } from 'tidemark';
import { Difference } from '../verdict';
import { sameItems, sameSequence, sameValue } from '../compare';
import { malformed, isRecord } from '../shape';
import { LiveQuery, type LiveSpec } from '../query/live';
import type { Row } from '../query/columns';
import type { Plan } from '../query/plan';
import type { QueryCase } from './case';
import { Figures } from './figures';
import { isRefusal } from './refusals';
import { namesOf, rowOf, tableOf } from './rows';
import type { Step, StepKind, StepOf } from './steps';

const PHASES = ['build', 'start', 'run'] as const;
type Phase = (typeof PHASES)[number];

const RUNS: readonly StepKind[] = ['run', 'tick', 'runOnce', 'runAvailableNow'];

/** What has gone wrong, and how far the query had come. */
interface Failure {
  readonly phase: Phase;
  readonly error: unknown;
}

type Handlers = { readonly [K in StepKind]: (step: StepOf<K>) => void | Promise<void> };

/** One case, step by step, on one streaming query and its restarts. */
export class SparkRun {
  private readonly live: LiveQuery;
  private readonly figures: Figures;
  private failure: Failure | undefined;
  /** The newest batch whose rows have been looked at. */
  private seen = -1;
  /** A restart starts the query as soon as something asks for it: by itself it runs nothing. */
  private isToStart = false;

  constructor(
    private readonly one: QueryCase,
    checkpoint: CheckpointLocation,
  ) {
    this.live = new LiveQuery(specOf(one, checkpoint));
    this.figures = new Figures(this.live.progress);
    this.attemptNow('build', () => this.live.understand());
    if (this.failure === undefined) this.attemptNow('build', () => this.live.build());
  }

  get plan(): Plan | undefined {
    return this.live.plan as Plan | undefined;
  }

  /** Reads what the steps bring, before anything runs. */
  check(steps: readonly Step[]): void {
    for (const step of steps) if (step.kind === 'add') this.rowsOf(step);
    if (this.plan === undefined && !steps.some(({ kind }) => kind === 'expectError')) throw this.failure?.error;
  }

  async run(steps: readonly Step[]): Promise<void> {
    try {
      for (const step of steps) await this.step(step);
      if (this.failure !== undefined) throw this.failure.error;
    } finally {
      if (this.isBuilt) await this.live.stop().catch(() => {});
    }
  }

  private get isBuilt(): boolean {
    return (this.live.query as unknown) !== undefined;
  }

  /** Once something has gone wrong nothing runs any more, and only that can be expected. */
  private async step(step: Step): Promise<void> {
    const isLookedFor = step.kind === 'expectError' || !step.kind.startsWith('expect');
    if (this.failure !== undefined && !isLookedFor) throw this.failure.error;
    if (this.failure !== undefined && step.kind !== 'expectError') return;
    if (RUNS.includes(step.kind)) this.isToStart = false;
    await (this.handlers[step.kind] as (step: Step) => void | Promise<void>)(step);
  }

  private readonly handlers: Handlers = {
    add: (step) => this.add(step),
    run: () =>
      this.attempt(
        () => this.live.start(),
        () => this.live.drain(),
      ),
    tick: ({ at, tick }) => {
      if (tick < 0) malformed(at, 'a clock does not go back');
      return this.attempt(() => this.live.tick(tick));
    },
    runOnce: () => this.attempt(() => this.live.runToEnd('once')),
    runAvailableNow: () => this.attempt(() => this.live.runToEnd('availableNow')),
    restart: (step) => this.restart(step),
    expectNew: (step) => this.expectNew(step),
    expectState: (step) => this.figures.expectState(step),
    expectWatermarkMs: (step) => this.expectWatermark(step),
    expectEventTime: (step) => this.figures.expectEventTime(step),
    expectOpWatermark: (step) => this.figures.expectOpWatermark(step),
    expectBatchIds: (step) => this.expectBatchIds(step),
    expectOffsetLog: async ({ at, expectOffsetLog }) =>
      sameSequence(at, expectOffsetLog, [...(await this.live.logged('offsets'))]),
    expectProgress: (step) => this.figures.expectProgress(step),
    expectActive: (step) => this.expectActive(step),
    expectError: (step) => this.expectError(step),
  };

  private add(step: StepOf<'add'>): void {
    for (const [name, row] of this.rowsOf(step)) this.live.add(name, row);
  }

  private rowsOf({ at, add }: StepOf<'add'>): readonly (readonly [stream: string, row: Row])[] {
    return Object.entries(add).flatMap(([name, rows]) => {
      const spec = Object.hasOwn(this.one.streams, name)
        ? this.one.streams[name]!
        : malformed(at, `there is no stream '${name}'`);
      return rows.map((values) => [name, rowOf(values, spec, at)] as const);
    });
  }

  private async expectActive({ at, expectActive }: StepOf<'expectActive'>): Promise<void> {
    if (this.isToStart) await this.attempt(() => this.live.start());
    this.isToStart = false;
    if (this.failure === undefined) sameValue(at, expectActive, this.live.query.isActive);
  }

  private async restart({ restart }: StepOf<'restart'>): Promise<void> {
    const { loseLastCommit, clearSink, advanceClockMs = 0, conf, query } = restart;
    const { spec } = this.live;
    const changes: Partial<LiveSpec> = {
      ...(conf === undefined ? {} : { options: { ...spec.options, ...(conf as LiveSpec['options']) } }),
      ...(query === undefined ? {} : { query }),
    };
    await this.live.restart(changes, {
      ...(loseLastCommit === undefined ? {} : { loseLastCommit }),
      ...(clearSink === undefined ? {} : { clearSink }),
    });
    if (clearSink === true) this.seen = -1;
    this.live.clock.advance(advanceClockMs);
    this.attemptNow('build', () => this.live.build());
    this.isToStart = true;
  }

  private async attempt(...parts: (() => Promise<void>)[]): Promise<void> {
    for (const [i, part] of parts.entries()) {
      const phase = i < parts.length - 1 ? 'start' : 'run';
      try {
        await part();
      } catch (error) {
        this.failure = { phase, error };
        return;
      }
    }
  }

  private attemptNow(phase: Phase, part: () => void): void {
    try {
      part();
    } catch (error) {
      this.failure = { phase, error };
    }
  }

  private expectNew({ at, expectNew, ordered }: StepOf<'expectNew'>): void {
    const { columns } = this.live.plan.output;
    const readers = columns.names.map((name) => columns.reader(name));
    const got = this.fresh().map((row) => readers.map((read) => plain(read(row))));
    (ordered === true ? sameSequence : sameItems)(at, expectNew, got);
  }

  private fresh(): readonly Readonly<Record<string, unknown>>[] {
    const { sink } = this.live;
    if (this.one.outputMode === 'complete') return sink.rows();
    const batches = sink.batches.filter(({ batchId }) => batchId > this.seen);
    this.seen = batches.at(-1)?.batchId ?? this.seen;
    return batches.flatMap(({ rows }) => rows);
  }

  private async expectWatermark({ at, expectWatermarkMs }: StepOf<'expectWatermarkMs'>): Promise<void> {
    if (this.live.query.id === null) await this.attempt(() => this.live.start());
    if (this.failure === undefined) sameValue(at, expectWatermarkMs, this.live.query.explain().watermark);
  }

  private async expectBatchIds({ at, expectBatchIds: expected }: StepOf<'expectBatchIds'>): Promise<void> {
    const got = {
      offsets: (await this.live.logged('offsets')).at(-1) ?? null,
      commits: (await this.live.logged('commits')).at(-1) ?? null,
      sink: this.live.sink.batches.at(-1)?.batchId ?? null,
    };
    sameValue(at, expected, got);
  }

  private expectError({ at, expectError }: StepOf<'expectError'>): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure === undefined) throw new Difference(`${at}: expected ${expectError.reason}, got no error`);
    const isEarly = PHASES.indexOf(failure.phase) <= PHASES.indexOf(expectError.at);
    if (!isRefusal(failure.error, expectError.reason)) throw failure.error;
    if (!isEarly) throw new Difference(`${at}: expected ${expectError.reason} at ${expectError.at}, got it at ${failure.phase}`);
  }
}

function specOf({ streams, tables = {}, query, outputMode, conf }: QueryCase, checkpoint: CheckpointLocation): LiveSpec {
  return {
    streams: Object.fromEntries(Object.entries(streams).map(([name, spec]) => [name, namesOf(spec)])),
    tables: Object.fromEntries(Object.entries(tables).map(([name, spec]) => [name, tableOf(spec, `tables.${name}`)])),
    query,
    outputMode,
    options: (conf ?? {}) as LiveSpec['options'],
    checkpoint,
  };
}

/** A window column as the cases write it, where they do. */
function plain(value: unknown): unknown {
  return isRecord(value) && 'start' in value && 'end' in value ? [value['start'], value['end']] : value;
}
