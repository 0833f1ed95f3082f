import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TidemarkError } from 'tidemark';
import { ManualRun, operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import type { Processor } from '../../src/operator';
import { Columns, type Row } from '../conformance/query/columns';
import { keyedOperator } from '../conformance/query/keyedState';
import type { QueryOperator } from '../conformance/query/operators';

/**
 * Spark's cases of keyed state on the operator alone, in batches that are driven by hand: what the conformance runner checks on
 * whole queries, here without one.
 */
type Op = Record<string, unknown> & { readonly op: string };
type Step = Readonly<Record<string, unknown>>;

interface Case {
  readonly name: string;
  readonly outputMode: 'append' | 'update' | 'complete';
  readonly streams: Readonly<Record<string, { readonly columns: readonly (readonly [string, string])[] }>>;
  readonly query: readonly Op[];
  readonly steps: readonly Step[];
}

const KEYED = ['mapGroupsWithState', 'flatMapGroupsWithState', 'transformWithState'];
const SUITES = ['FlatMapGroupsWithStateSuite', 'TransformWithStateSuite', 'SupplementFromSource'];

const casesOf = (suite: string): Case[] => {
  const path = fileURLToPath(new URL(`../conformance/cases/spark/${suite}.json`, import.meta.url));
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: readonly (Case & { readonly kind?: string })[] };
  return cases.filter(({ kind, query }) => kind === undefined && KEYED.includes(query.at(-1)?.op ?? ''));
};

class BatchDriver {
  private readonly run = new ManualRun();
  private readonly harness: OperatorHarness<Row, Row>;
  private readonly watermark: { readonly column: string; readonly delayMs: number } | undefined;
  private readonly failOnce: { readonly column: string; readonly equals: unknown; done: boolean } | undefined;
  private readonly columns: readonly string[];
  private pending: Row[] = [];
  private w = 0;
  private next = 0;
  private clock = 0;
  private hasRun = false;
  private committed;
  private said: unknown[] = [];
  private counted = { updated: 0, removed: 0, total: 0, dropped: 0 };
  private failure: unknown;

  constructor(one: Case) {
    const { query, streams, outputMode } = one;
    const op = query.at(-1) as unknown as Parameters<typeof keyedOperator>[0];
    this.watermark = query.find((each) => each.op === 'withWatermark') as unknown as typeof this.watermark;
    const failing = query.find((each) => each.op === 'failOnce') as Extract<QueryOperator, { op: 'failOnce' }> | undefined;
    this.failOnce = failing && { column: failing.column, equals: failing.equals, done: false };
    this.columns = Object.values(streams)[0]!.columns.map(([name]) => name);
    const time = this.timeColumn === undefined ? {} : { time: this.timeColumn };
    const operator = keyedOperator(op, { columns: new Columns(this.columns), ...time });
    const traits = this.watermark === undefined ? ({ kind: 'untimed', watermark: false } as const) : {};
    this.harness = operatorHarness<Row, Row, 'event', 'event'>(operator as never, { run: this.run, traits, outputMode });
    this.committed = this.harness.snapshot();
  }

  /** The operator under the adapter: the runner asks it whether it wants a batch. */
  private get processor(): Processor<Row, Row> {
    return (this.harness as unknown as { graph: { shared: { stages: { processor: Processor<Row, Row> }[] } } }).graph.shared
      .stages[0]!.processor;
  }

  private get timeColumn(): string | undefined {
    return this.watermark?.column;
  }

  step(step: Step): void {
    if (step['add'] !== undefined) this.add(step['add'] as Record<string, unknown[][]>);
    else if (step['run'] !== undefined) this.drain();
    else if (step['tick'] !== undefined) this.tick(step['tick'] as number);
    else if (step['restart'] !== undefined) this.restart();
    else if (step['expectNew'] !== undefined) this.expectNew(step['expectNew'] as unknown[]);
    else if (step['expectState'] !== undefined) this.expectState((step['expectState'] as { state: object }).state);
    else if (step['expectWatermarkMs'] !== undefined) expect(this.w).toBe(step['expectWatermarkMs']);
    else if (step['expectError'] !== undefined) expect(this.failure).toBeDefined();
    else expect.fail(`unknown step ${JSON.stringify(step)}`);
  }

  private add(streams: Readonly<Record<string, unknown[][]>>): void {
    for (const rows of Object.values(streams))
      for (const values of rows) this.pending.push(Object.fromEntries(this.columns.map((name, i) => [name, values[i]])));
  }

  /** Rule 6.4: the watermark that would reach the operator; none where none is declared. */
  private get wantsBatch(): boolean {
    return this.processor.wantsBatch?.(this.watermark === undefined ? -Infinity : this.w, this.clock) === true;
  }

  private drain(): void {
    if (this.pending.length > 0) this.batch();
    for (let i = 0; this.failure === undefined && this.hasRun && this.wantsBatch; i++) {
      if (i > 10) expect.fail('batches without rows have no end');
      this.batch();
    }
  }

  private tick(ms: number): void {
    this.clock += ms;
    if (this.pending.length > 0 || this.wantsBatch) this.batch();
  }

  private batch(): void {
    const rows = this.pending;
    this.run.batch = { id: this.next, time: this.clock, late: 0, watermark: this.w };
    let highest = -Infinity;
    for (const row of rows) {
      if (this.fails(row)) return void (this.failure = new Error('failOnce'));
      const time = this.watermark === undefined ? NaN : (row[this.watermark.column] as number);
      if (time > highest) highest = time;
      this.harness.event(time, row);
    }
    const end = this.watermark === undefined ? -Infinity : this.w;
    this.harness.watermark(end);
    this.harness.barrier(this.next++);
    for (const signal of this.harness.take()) {
      if (signal.kind === 'event') this.said.push([signal.row['key'], signal.row['n']]);
      if (signal.kind === 'rejected') this.counted.dropped++;
    }
    const { total, updated, removed } = this.processor.stateRows!();
    this.counted = { ...this.counted, total, updated: this.counted.updated + updated, removed: this.counted.removed + removed };
    this.committed = this.harness.snapshot();
    this.pending = [];
    this.hasRun = true;
    if (this.watermark !== undefined) this.w = Math.max(this.w, highest - this.watermark.delayMs);
  }

  private fails(row: Row): boolean {
    const { failOnce } = this;
    if (failOnce === undefined || failOnce.done || row[failOnce.column] !== failOnce.equals) return false;
    return (failOnce.done = true);
  }

  private restart(): void {
    this.harness.restore(this.committed);
    this.harness.take();
    this.failure = undefined;
    this.hasRun = false;
  }

  private expectNew(wanted: readonly unknown[]): void {
    const sorted = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
    expect(sorted(this.said)).toEqual(sorted(wanted));
    this.said = [];
  }

  private expectState(wanted: object): void {
    expect(this.counted).toMatchObject(wanted);
    this.counted = { updated: 0, removed: 0, total: 0, dropped: 0 };
  }
}

describe.each(SUITES)('%s, on the operator alone [L57]', (suite) => {
  it.each(casesOf(suite).map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const [first] = one.steps;
    const refused = first?.['expectError'] as { readonly reason: string } | undefined;
    if (refused === undefined) {
      const driver = new BatchDriver(one);
      for (const step of one.steps) driver.step(step);
      return;
    }
    try {
      new BatchDriver(one);
      expect.fail('it was not refused');
    } catch (error) {
      expect((error as TidemarkError).details).toMatchObject({ reason: refused.reason });
    }
  });
});
