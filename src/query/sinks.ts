import type { CommitRecord, SinkOutcome, StagedOutput } from '../checkpoint/records';
import type { Divert } from '../connectors/divert';
import type { BatchSink, CommitId, OutputBatch, Receipt, SinkContext } from '../connectors/sink';
import type { Change, Rejection } from '../element';
import { isTidemarkError, messageOf, TidemarkError } from '../errors';
import type { OutputMode } from '../rx';
import { REJECTED, type Pipeline } from './pipeline';
import type { BatchResult } from './graphRun';

/** A sink with the name of its output. */
export interface NamedSink {
  readonly name: string;
  readonly sink: BatchSink<unknown>;
  readonly mode: OutputMode;
}

/** A receipt, and whose. */
export interface Held extends Receipt {
  readonly outcome: 'committed' | 'diverted';
}

const ORDER = ['transactional', 'idempotent', 'at-least-once', 'volatile'];

/** The sinks of a query in the order of commit: the surest first, so that a failure leaves as little to repeat as can be. */
export class Sinks {
  readonly all: readonly NamedSink[];

  constructor(
    pipeline: Pipeline,
    private readonly onFailure: 'stop' | Divert,
  ) {
    const all = pipeline.outputs.flatMap(({ name, sink, mode }) => (sink === undefined ? [] : [{ name, sink, mode }]));
    if (pipeline.rejected !== undefined) all.push({ name: REJECTED, sink: pipeline.rejected, mode: 'append' });
    this.all = all.sort((a, b) => ORDER.indexOf(a.sink.delivery) - ORDER.indexOf(b.sink.delivery));
  }

  /**
   * With more than one sink, or one that cannot say what it holds, the rows themselves are made durable before the first
   * commit: that attempt is then the only one of its batch.
   */
  get stageOutputs(): boolean {
    const [only] = this.all;
    if (only === undefined) return false;
    return this.all.length > 1 || !canBeAsked(only.sink) || !canBeAsked(this.spareOf(only));
  }

  async open(context: Omit<SinkContext, 'sinkId' | 'mode'>): Promise<void> {
    const opened = 'could not be opened';
    for (const { name, sink, mode } of this.all) await asked(name, opened, () => sink.open?.({ ...context, sinkId: name, mode }));
    for (const named of this.all) {
      const sinkId = `${named.name}.diverted`;
      await asked(sinkId, opened, () => this.spareOf(named)?.open?.({ ...context, sinkId, mode: named.mode }));
    }
  }

  /** A sink that holds more than the checkpoint knows, or less, was restored from elsewhere. */
  async verify(last: CommitRecord | undefined, newest: number): Promise<void> {
    for (const { name, sink } of this.all) {
      const held = await asked(name, CANNOT_SAY, () => sink.lastBatch?.());
      if (held !== undefined && held > newest) {
        const details = { sink: name, held, newest };
        throw new TidemarkError(
          'TIDEMARK_SINK_AHEAD',
          `sink '${name}' holds batch ${held}, the checkpoint knows ${newest}`,
          details,
        );
      }
      const expected = last?.sinks[name]?.outcome === 'committed' ? last.batch : -1;
      if (sink.lastBatch !== undefined && sink.delivery !== 'volatile' && (held ?? -1) < expected) {
        const details = { sink: name, held, expected };
        throw new TidemarkError(
          'TIDEMARK_SINK_REGRESSED',
          `sink '${name}' has lost batch ${expected}; it holds ${held}`,
          details,
        );
      }
    }
  }

  /** What a batch has for each sink. */
  batches(result: BatchResult): Map<string, OutputBatch<unknown>> {
    const batches = new Map<string, OutputBatch<unknown>>();
    for (const { name, mode } of this.all) {
      if (name === REJECTED) batches.set(name, { rows: result.rejections, mode });
      else batches.set(name, { ...result.outputs.get(name)!, mode });
    }
    return batches;
  }

  staged(batches: ReadonlyMap<string, OutputBatch<unknown>>): StagedOutput[] {
    return [...batches].map(([sink, { rows, changes }]) => {
      if (sink === REJECTED) return { sink, rows: (rows as readonly Rejection[]).map(plainRejection) };
      return changes === undefined ? { sink, rows } : { sink, rows, changes };
    });
  }

  unstaged(outputs: readonly StagedOutput[]): Map<string, OutputBatch<unknown>> {
    const staged = new Map(outputs.map((output) => [output.sink, output]));
    const batches = new Map<string, OutputBatch<unknown>>();
    for (const { name, mode } of this.all) {
      const { rows = [], changes } = staged.get(name) ?? {};
      const plain = { rows, mode };
      batches.set(name, changes === undefined ? plain : { ...plain, changes: changes as readonly Change<unknown>[] });
    }
    return batches;
  }

  /** Commits a batch everywhere; a sink that already holds this attempt is left alone. */
  async commit(batches: ReadonlyMap<string, OutputBatch<unknown>>, id: CommitId): Promise<Record<string, SinkOutcome>> {
    const outcomes: Record<string, SinkOutcome> = {};
    for (const named of this.all) {
      const { name, sink } = named;
      const batch = batches.get(name)!;
      const held = id.replayed ? await this.held(named, id.batchId) : undefined;
      outcomes[name] = held === undefined ? await this.commitTo(named, batch, id) : adopted(name, sink, held, id);
    }
    return outcomes;
  }

  /** What a sink, or the one that has stood in for it, holds of a batch; undefined: nothing, or they cannot be asked. */
  async held(named: NamedSink, batchId: number): Promise<Held | undefined> {
    const { name, sink } = named;
    const own = await asked(name, CANNOT_SAY, () => sink.lookup?.(batchId));
    if (own !== undefined) return { ...own, outcome: 'committed' };
    const spare = this.spareOf(named);
    const lent = await asked(`${name}.diverted`, CANNOT_SAY, () => spare?.lookup?.(batchId));
    return lent === undefined ? undefined : { ...lent, outcome: 'diverted' };
  }

  /** Shows rows before they are committed: only sinks that can (see `checkDelivery`). */
  async deliver(batches: ReadonlyMap<string, OutputBatch<unknown>>, id: CommitId): Promise<void> {
    for (const { name, sink } of this.all) {
      const batch = batches.get(name)!;
      if (batch.rows.length > 0) await sink.deliver!(batch, id);
    }
  }

  private async commitTo(named: NamedSink, batch: OutputBatch<unknown>, id: CommitId): Promise<SinkOutcome> {
    const { name, sink } = named;
    try {
      const receipt = await sink.commit(batch, id);
      return outcomeOf(sink, 'committed', receipt ?? { attemptId: id.attemptId, rows: batch.rows.length });
    } catch (cause) {
      // The commit may have come through, and only its answer was lost.
      const held = await sink.lookup?.(id.batchId).catch(() => undefined);
      if (held?.attemptId === id.attemptId) return outcomeOf(sink, 'committed', held);
      const spare = this.spareOf(named);
      if (spare === undefined || (isTidemarkError(cause) && cause.code === 'TIDEMARK_FENCED')) throw sinkFailed(name, id, cause);
      return this.divertTo(spare, name, sink, batch, id, cause);
    }
  }

  /** The sink that stands in for another; none for dead letters, which have nowhere else to go, and for what is only shown. */
  private spareOf({ name, sink }: NamedSink): BatchSink<unknown> | undefined {
    if (this.onFailure === 'stop' || name === REJECTED || sink.delivery === 'volatile') return undefined;
    return this.onFailure.to(name);
  }

  private async divertTo(
    divert: BatchSink<unknown>,
    name: string,
    sink: BatchSink<unknown>,
    batch: OutputBatch<unknown>,
    id: CommitId,
    cause: unknown,
  ): Promise<SinkOutcome> {
    try {
      await divert.commit(batch, id);
    } catch (second) {
      throw sinkFailed(name, id, new AggregateError([cause, second], 'the sink failed, and so did the one it diverts to'));
    }
    return outcomeOf(sink, 'diverted', { attemptId: id.attemptId, rows: batch.rows.length });
  }

  /** Closes all of them, whatever one of them says. */
  async close(): Promise<unknown[]> {
    const failures: unknown[] = [];
    for (const sink of this.all.flatMap((named) => [named.sink, this.spareOf(named)])) {
      try {
        await sink?.close?.();
      } catch (cause) {
        failures.push(cause);
      }
    }
    return failures;
  }
}

function outcomeOf(sink: BatchSink<unknown>, outcome: SinkOutcome['outcome'], receipt: Receipt): SinkOutcome {
  const { attemptId, rows, digest } = receipt;
  const plain = { kind: sink.type, outcome, attempt: attemptId, rows };
  return digest === undefined ? plain : { ...plain, digest };
}

function adopted(name: string, sink: BatchSink<unknown>, held: Held, id: CommitId): SinkOutcome {
  if (held.attemptId === id.attemptId) return outcomeOf(sink, held.outcome, held);
  const details = { sink: name, batchId: id.batchId, staged: id.attemptId, held: held.attemptId };
  throw new TidemarkError('TIDEMARK_INVARIANT', `sink '${name}' holds another attempt of batch ${id.batchId}`, details);
}

/** What is only shown need not be: what it held is gone after a crash. */
function canBeAsked(sink: BatchSink<unknown> | undefined): boolean {
  return sink === undefined || sink.lookup !== undefined || sink.delivery === 'volatile';
}

const CANNOT_SAY = 'could not say what it holds';

/** What goes wrong when a sink is asked has a name, too. */
async function asked<T>(sink: string, what: string, question: () => T | PromiseLike<T>): Promise<T> {
  try {
    return await question();
  } catch (cause) {
    if (isTidemarkError(cause)) throw cause;
    throw new TidemarkError('TIDEMARK_SINK_FAILED', `sink '${sink}' ${what}: ${messageOf(cause)}`, { sink }, { cause });
  }
}

function sinkFailed(sink: string, id: CommitId, cause: unknown): TidemarkError {
  if (isTidemarkError(cause)) return cause;
  const details = { sink, batchId: id.batchId };
  return new TidemarkError(
    'TIDEMARK_SINK_FAILED',
    `sink '${sink}' could not take batch ${id.batchId}: ${messageOf(cause)}`,
    details,
    { cause },
  );
}

/** A rejection as plain data: what was thrown becomes its message. */
function plainRejection(rejection: Rejection): unknown {
  const { detail, ...rest } = rejection;
  if (detail === undefined) return rest;
  const { cause: _cause, ...plain } = detail;
  return { ...rest, detail: plain };
}
