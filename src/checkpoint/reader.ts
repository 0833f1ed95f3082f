import { TidemarkError } from '../errors';
import type { StandardSchema } from '../schema/standard';
import type { StateEntry } from '../state/table';
import type { CheckpointLocation, StateBackend } from './backend';
import { platformDigests } from './digests';
import { gap } from './faults';
import { readLog, readPlan, type CheckpointLog, type StoredCommit } from './log';
import { IDENTITY } from './names';
import type { RawState } from './rawState';
import type { CommitRecord, Json, PlanRecord, StateImage } from './records';
import { StateLoader } from './stateLoader';
import { stateRowsOf, type StateRowsOptions } from './stateRows';
import { withSuperJson } from './superJson';

/** One commit of a checkpoint, with what it takes to recover it. */
export interface CheckpointEntry {
  readonly commit: CommitRecord;
  /** State files, in the order in which the best chain reads them. */
  readonly files: readonly string[];
  readonly bytes: number;
}

/** A state table, as of a commit. */
export interface StateTableEntry {
  readonly operator: string;
  readonly type: string;
  readonly schema: Json;
  readonly table: string;
  readonly version: number;
  readonly entries: number;
  readonly bytes: number;
}

/**
 * Reads a checkpoint without holding it: what commits there are, what state. Everything it hands out has been verified. A
 * query that runs at the same time may remove what it is about to read: that is a TIDEMARK_CHECKPOINT_GAP then.
 */
export interface CheckpointReader {
  readonly queryId: string;
  readonly name: string | null;
  /** The commits that are kept, oldest first. */
  checkpoints(): readonly CheckpointEntry[];
  /** The plan of a batch. */
  plan(batch: number): Promise<PlanRecord>;
  /** The plan behind the last commit, if there is one. */
  readonly pending: PlanRecord | undefined;
  /** All tables as of a batch; default: the last commit. */
  stateTables(batch?: number): Promise<readonly StateTableEntry[]>;
  /** The entries of one table. */
  stateTable(operator: string, table: string, batch?: number): Promise<readonly StateEntry[]>;
  /**
   * The state that `mapGroupsWithState`, `flatMapGroupsWithState`, `transformWithState` or `keyedProcess` keep, as rows of
   * exactly the columns and types of a schema: the columns of the key, and those of the value (a value that is no plain object
   * is the column `value`). A list or a map has a row an item, with its number or name in `part`. Where key and value have a
   * column of one name, it is the value's. What has outlived its time to live is there until a batch has removed it. A
   * windowed aggregate keeps accumulators, which only its `select` can read: its figures are in what it says (`onUpdate()`).
   *
   * @param operator - its id
   * @param schema - `schema({ … })`, or any synchronous Standard Schema. Times are epoch ms; without `?` there is no null
   * @param options - `state`: which, if there are several; `batch`: default the last commit
   * @throws `TIDEMARK_SCHEMA` a null in a column that has none, or a wrong type: names operator, key and column;
   * `TIDEMARK_OPTION` no such operator, state or batch, or no state that a user wrote
   */
  stateRows<T>(operator: string, schema: StandardSchema<T>, options?: StateRowsOptions): Promise<readonly T[]>;
  /** The state of all operators: what a query that starts from this batch would get. */
  recover(batch?: number): Promise<StateImage>;
}

/**
 * Opens a checkpoint for reading, on any backend.
 *
 * @param location - `fileCheckpoint(path)`, `indexedDbCheckpoint(name)`, `memoryCheckpoint()`
 * @throws TIDEMARK_CHECKPOINT_GAP there is no checkpoint, or a file of it is missing; TIDEMARK_CHECKPOINT_CORRUPT
 * @example
 * ```ts
 * const place = memoryCheckpoint();
 * const query = streamingQuery(observableSource(of({ t: 1, k: 'a' }, { t: 2, k: 'b' })), (rows$) =>
 *   rows$.pipe(withWatermark('t', 0, { id: 'time' }), aggregate({ id: 'counts', key: 'k', select: { n: agg.count() } })),
 * ).writeStream({ sink: memorySink({ name: 'read', mode: 'update' }), outputMode: 'update', checkpoint: place, trigger: availableNow() });
 * await query.start();
 * await query.awaitTermination();
 * const reader = await readCheckpoint(place);
 * const groups = await reader.stateTable('counts', 'groups');
 * groups.map(([key]) => key); // => [['a'], ['b']]
 * ```
 */
export async function readCheckpoint(location: CheckpointLocation): Promise<CheckpointReader> {
  const backend = await location.open();
  const log = await readLog(backend, backend.digests ?? platformDigests);
  if (log.identity === undefined) throw gap(IDENTITY, `there is no checkpoint at ${location.location}`);
  return new Reader(backend, log, log.identity.queryId);
}

class Reader implements CheckpointReader {
  private readonly loader: StateLoader;

  constructor(
    backend: StateBackend,
    private readonly log: CheckpointLog,
    readonly queryId: string,
  ) {
    this.loader = new StateLoader(backend, backend.digests ?? platformDigests, queryId);
  }

  get name(): string | null {
    return this.log.identity?.name ?? null;
  }

  get pending(): PlanRecord | undefined {
    return this.log.pending?.record;
  }

  checkpoints(): readonly CheckpointEntry[] {
    return this.log.commits.map(({ record, state }) => {
      const base = state.snapshots.at(-1);
      const deltas = state.deltas.filter(({ batch }) => base === undefined || batch > base.batch);
      const files = base === undefined ? deltas : [base, ...deltas];
      return { commit: record, files: files.map(({ name }) => name), bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
    });
  }

  async plan(batch: number): Promise<PlanRecord> {
    const revision = this.log.plans.get(batch);
    if (revision === undefined) throw this.notKept(batch);
    return (await readPlan(this.loader, batch, revision)).record;
  }

  async stateTables(batch?: number): Promise<readonly StateTableEntry[]> {
    const state = await this.load(batch);
    return [...state.operators].flatMap(([operator, { header, tables }]) =>
      [...tables].map(([table, raw]) => {
        const bytes = [...raw.entries()].reduce((sum, { keyLength, valueLength }) => sum + keyLength + valueLength, 0);
        return { operator, type: header.type, schema: header.schema, table, version: raw.version, entries: raw.size, bytes };
      }),
    );
  }

  async stateTable(operator: string, table: string, batch?: number): Promise<readonly StateEntry[]> {
    const found = (await this.load(batch)).operators.get(operator)?.tables.get(table);
    if (found !== undefined) return withSuperJson(() => found.decode());
    throw new TidemarkError('TIDEMARK_OPTION', `there is no table ${table} of operator ${operator}`, { operator, table });
  }

  async stateRows<T>(id: string, schema: StandardSchema<T>, options: StateRowsOptions = {}): Promise<readonly T[]> {
    const operator = (await this.load(options.batch)).operators.get(id);
    if (operator !== undefined) return withSuperJson(() => stateRowsOf(operator, schema, options.state));
    throw new TidemarkError('TIDEMARK_OPTION', `there is no state of an operator ${id}`, { operator: id });
  }

  async recover(batch?: number): Promise<StateImage> {
    const state = await this.load(batch);
    return withSuperJson(() => new Map([...state.operators].map(([id, operator]) => [id, operator.image()])));
  }

  private async load(batch: number | undefined): Promise<RawState> {
    return this.loader.load(this.commit(batch)?.state ?? { snapshots: [], deltas: [], fromStart: true });
  }

  private commit(batch: number | undefined): StoredCommit | undefined {
    if (batch === undefined) return this.log.commits.at(-1);
    const found = this.log.commits.find(({ record }) => record.batch === batch);
    if (found === undefined) throw this.notKept(batch);
    return found;
  }

  private notKept(batch: number): TidemarkError {
    const kept = this.log.commits.map(({ record }) => record.batch);
    const range = kept.length === 0 ? 'there is none' : `there are ${kept[0]} to ${kept.at(-1)}`;
    return new TidemarkError('TIDEMARK_OPTION', `batch ${batch} is not in the checkpoint: ${range}`, { batch, kept });
  }
}
