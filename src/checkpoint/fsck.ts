import { isTidemarkError, type TidemarkError } from '../errors';
import type { StateBackend } from './backend';
import { fromUtf8 } from './bytes';
import { platformDigests } from './digests';
import { readLog, readPlan, sourcesOf, type CheckpointLog, type StoredCommit, type StoredPlan } from './log';
import { chainsOf, filesOf, readReferenced, type FileRef } from './manifest';
import { commitName, planName } from './names';
import { encodeNumbersInto } from './numbersCodec';
import type { RawState } from './rawState';
import { canonicalJson } from './recordFile';
import type { Json } from './records';
import { readStages } from './stages';
import { StateLoader } from './stateLoader';
import { StoredJournal } from './storedJournal';
import { decodeValue } from './valueCodec';

/** Something that must not be. */
export interface Finding {
  /** The invariant that is broken (`I1` to `I11`), or `read` where bytes cannot be trusted. */
  readonly rule: string;
  /** The file. */
  readonly name: string;
  readonly message: string;
}

/** What a look at a whole checkpoint finds. */
export interface CheckReport {
  readonly findings: readonly Finding[];
  readonly queryId: string | undefined;
  readonly commits: number;
  readonly last: number | undefined;
  readonly pending: number | undefined;
  /** State files that nothing refers to: they never matter, and go with the next `maintain`. */
  readonly unreferenced: readonly string[];
  /** Names that are not of a checkpoint. */
  readonly unknown: readonly string[];
}

/**
 * Reads a whole checkpoint, every byte that anything refers to, and checks the invariants. Changes nothing and takes no
 * lock. (I6 is about history, I12 is what `unreferenced` shows.)
 *
 * @example
 * ```ts
 * const place = memoryCheckpoint();
 * const query = streamingQuery(observableSource(of({ t: 1, k: 'a' }, { t: 2, k: 'b' })), (rows$) =>
 *   rows$.pipe(withWatermark('t', 0, { id: 'time' }), aggregate({ id: 'counts', key: 'k', select: { n: agg.count() } })),
 * ).writeStream({ sink: memorySink({ name: 'checked', mode: 'update' }), outputMode: 'update', checkpoint: place, trigger: availableNow() });
 * await query.start();
 * await query.awaitTermination();
 * (await checkCheckpoint(await place.open())).findings; // => []
 * place.files.set([...place.files.keys()].find((name) => name.startsWith('commits/'))!, new Uint8Array(3));
 * (await checkCheckpoint(await place.open())).findings.length > 0; // => true
 * ```
 */
export async function checkCheckpoint(backend: StateBackend): Promise<CheckReport> {
  const checker = new Checker(backend);
  const log = await checker.log();
  if (log?.identity === undefined) return checker.report(log);
  const loader = new StateLoader(backend, backend.digests ?? platformDigests, log.identity.queryId);
  await checker.plans(log, log.identity.queryId);
  for (const commit of log.commits) await checker.commit(commit, loader);
  const last = log.commits.at(-1);
  if (last !== undefined) await checker.chains(last, loader);
  if (log.pending !== undefined) await checker.pending(log.pending, last, loader);
  for (const source of sourcesOf(log)) await checker.journal(source, log.identity.queryId);
  return checker.report(log);
}

class Checker {
  private readonly findings: Finding[] = [];
  private readonly referenced = new Set<string>();
  private readonly verified = new Set<string>();

  constructor(private readonly backend: StateBackend) {}

  private find(rule: string, name: string, message: string): void {
    this.findings.push({ rule, name, message });
  }

  /** Named errors become findings. */
  private async guarded<T>(rule: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (cause) {
      if (!isTidemarkError(cause)) throw cause;
      this.find(rule, String((cause as TidemarkError).details.name ?? this.backend.location), cause.message);
      return undefined;
    }
  }

  /** I1, I3, I5, I7 are what reading the log checks. */
  log(): Promise<CheckpointLog | undefined> {
    return this.guarded('read', () => readLog(this.backend, this.backend.digests ?? platformDigests));
  }

  /** I4: slices meet. I9: watermarks do not fall. */
  async plans(log: CheckpointLog, queryId: string): Promise<void> {
    const commits = new Map(log.commits.map((commit) => [commit.record.batch, commit]));
    const ends = new Map<string, Json>();
    let watermark = -Infinity;
    for (const [batch, revision] of log.plans) {
      const place = { backend: this.backend, digests: this.backend.digests ?? platformDigests, queryId };
      for (let old = 0; old < revision; old++) await this.guarded('read', () => readPlan(place, batch, old));
      const plan = await this.guarded('read', () => readPlan(place, batch, revision));
      if (plan === undefined) continue;
      const name = planName(batch, revision);
      const commit = commits.get(batch);
      if (commit !== undefined && commit.plan !== plan.crc) this.find('I2', name, 'its commit names another plan');
      if (plan.record.watermark < watermark || plan.record.late > plan.record.watermark)
        this.find('I9', name, 'the watermark falls');
      watermark = plan.record.watermark;
      this.slices(plan, commit, ends, name);
    }
  }

  private slices({ record }: StoredPlan, commit: StoredCommit | undefined, ends: Map<string, Json>, name: string): void {
    for (const [source, { from, to = commit?.record.to?.[source] }] of Object.entries(record.sources)) {
      const end = ends.get(source);
      if (end !== undefined && canonicalJson(end) !== canonicalJson(from)) {
        this.find(
          'I4',
          name,
          `source ${source} begins at ${canonicalJson(from)}, the batch before ends at ${canonicalJson(end)}`,
        );
      }
      if (to !== undefined) ends.set(source, to);
    }
  }

  /** I2: what it refers to is there. I8: its receipts are of its attempt. I11: its rows add up. */
  async commit({ record, state, outputs }: StoredCommit, loader: StateLoader): Promise<void> {
    const name = commitName(record.batch);
    for (const ref of [...state.snapshots, ...state.deltas]) await this.file(ref, loader);
    if (outputs !== null) await this.file(outputs, loader);
    for (const file of filesOf(state)) this.referenced.add(file);
    if (outputs !== null) this.referenced.add(outputs.name);
    for (const [sink, { attempt }] of Object.entries(record.sinks)) {
      if (attempt !== record.attempt) this.find('I8', name, `sink ${sink} holds attempt ${attempt}, not ${record.attempt}`);
    }
    for (const [operator, counters] of Object.entries(record.counters)) {
      if (!addsUp(counters)) this.find('I11', name, `rows of operator ${operator} do not add up: ${canonicalJson(counters)}`);
    }
  }

  private async file(ref: FileRef, loader: StateLoader): Promise<void> {
    if (this.verified.has(ref.name)) return;
    this.verified.add(ref.name);
    await this.guarded('I2', () => readReferenced(this.backend, ref, loader.digests));
  }

  /** I10: all chains lead to the same state. */
  async chains(commit: StoredCommit, loader: StateLoader): Promise<void> {
    const { record, state } = commit;
    let first: string | undefined;
    for (const { base, deltas } of chainsOf(state)) {
      const raw = await this.guarded('I10', () => loader.chain(base === undefined ? deltas : [base, ...deltas]));
      if (raw === undefined) continue;
      const text = fingerprint(raw, loader);
      if (first !== undefined && text !== first)
        this.find('I10', commitName(record.batch), 'two chains lead to different states');
      first ??= text;
    }
    const snapshot = await loader.orphanSnapshot(commit);
    if (snapshot !== undefined) this.referenced.add(snapshot.name);
  }

  /** I8: staged outputs are of the only attempt. */
  async pending({ record, crc }: StoredPlan, last: StoredCommit | undefined, loader: StateLoader): Promise<void> {
    const base = { plan: crc, previous: last?.crc ?? null };
    const stages = (await this.guarded('read', () => readStages(loader, record.batch, base))) ?? [];
    for (const { delta, meta } of stages) {
      this.referenced.add(delta.name);
      if (meta.outputs !== undefined) this.referenced.add(meta.outputs.name);
      if (meta.outputs !== undefined && stages.length > 1)
        this.find('I8', delta.name, 'its outputs are staged, and there is another attempt');
    }
  }

  /** Every segment is there and what was written. */
  async journal(source: string, queryId: string): Promise<void> {
    await this.guarded('read', async () => {
      const journal = await StoredJournal.open(this.backend, queryId, source);
      const segments = journal.read(journal.begin, journal.end)[Symbol.asyncIterator]();
      while ((await segments.next()).done !== true);
    });
  }

  report(log: CheckpointLog | undefined): CheckReport {
    const last = log?.commits.at(-1);
    return {
      findings: this.findings,
      queryId: log?.identity?.queryId,
      commits: log?.commits.length ?? 0,
      last: last?.record.batch,
      pending: log?.pending?.record.batch,
      unreferenced: (log?.stateFiles ?? []).map(({ name }) => name).filter((name) => !this.referenced.has(name)),
      unknown: log?.unknown ?? [],
    };
  }
}

/**
 * Everything in it. Entries stand in another order where a snapshot was written from memory: their checksums are added. What
 * format 1 had as text and a snapshot of today has as bytes of numbers is the same.
 */
function fingerprint(state: RawState, { digests }: StateLoader): string {
  const parts: string[] = [];
  for (const [id, { tables }] of [...state.operators].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const [name, table] of [...tables].sort(([a], [b]) => (a < b ? -1 : 1))) {
      let crc = 0;
      for (const { file, at, keyLength, valueLength } of table.entries()) {
        const from = at + 8 + keyLength;
        const key = digests.crc32(file.subarray(at, at + 4 + keyLength));
        crc = (crc + digests.crc32(asNumbers(file.subarray(from, from + valueLength)), key)) >>> 0;
      }
      parts.push(`${id}/${name}:${table.version}:${table.size}:${crc}`);
    }
  }
  return parts.join();
}

/** `J` or `T`, and behind it the beginning of a number or of an object. */
const MAY_BE_NUMBERS = /^(J[-\d{]|T[[{])/;

/** The bytes of a value as they are written today. */
function asNumbers(value: Uint8Array): Uint8Array {
  if (!MAY_BE_NUMBERS.test(String.fromCharCode(...value.subarray(0, 2)))) return value;
  // `"":0,` is the least text of a field, and nine bytes.
  const written = new Uint8Array(2 * value.length + 16);
  const end = encodeNumbersInto(decodeValue(fromUtf8(value)), written, 0);
  return end < 0 ? value : written.subarray(0, end);
}

/** in = forwarded + absorbed + held + filtered + rejected, where a query counts them. */
function addsUp(counters: Json): boolean {
  if (typeof counters !== 'object' || counters === null || Array.isArray(counters)) return true;
  const { in: rows, restored = 0, rejected = {}, ...rest } = counters as Readonly<Record<string, Json>>;
  if (typeof rows !== 'number') return true;
  const parts = ['forwarded', 'absorbed', 'held', 'filtered'].map((name) => rest[name] ?? 0);
  const reasons = typeof rejected === 'object' && rejected !== null ? Object.values(rejected) : [rejected];
  return [...parts, ...reasons].reduce<number>((sum, part) => sum + Number(part), 0) === rows + Number(restored);
}
