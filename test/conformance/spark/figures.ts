import type { QueryProgress, StateOperatorProgress } from 'tidemark';
import { differ, sameValue } from '../compare';
import type { StepOf } from './steps';

type Sums = { updated: number; removed: number; dropped: number; duplicates: number; total: number };

/** What a query says of itself while it runs, read from its progress records. */
export class Figures {
  private counted = 0;
  private sums = new Map<string, Sums>();
  private withInput: QueryProgress | undefined;
  private last: QueryProgress | undefined;

  constructor(private readonly records: readonly QueryProgress[]) {}

  private read(): void {
    for (const record of this.records.slice(this.counted)) {
      this.last = record;
      if (record.numInputRows > 0) this.withInput = record;
      for (const operator of record.stateOperators) this.count(operator);
    }
    this.counted = this.records.length;
  }

  private count(operator: StateOperatorProgress): void {
    const { operatorId } = operator;
    const sums = this.sums.get(operatorId) ?? { updated: 0, removed: 0, dropped: 0, duplicates: 0, total: 0 };
    sums.total = operator.numRowsTotal;
    sums.updated += operator.numRowsUpdated;
    sums.removed += operator.numRowsRemoved;
    sums.dropped += operator.numRowsDroppedByWatermark;
    sums.duplicates += operator.numDroppedDuplicateRows;
    this.sums.set(operatorId, sums);
  }

  expectState({ at, expectState }: StepOf<'expectState'>): void {
    this.read();
    for (const [id, { droppedEvents, dropped, ...others }] of Object.entries(expectState)) {
      // Late rows are counted, not late groups.
      const late = droppedEvents ?? dropped;
      const expected = { ...others, ...(late === undefined ? {} : { dropped: late }) };
      sameValue(`${at}, ${id}`, expected, this.sums.get(id) ?? differ(`${at}, ${id}`, expected, 'no such operator'));
    }
    for (const [id, { total }] of this.sums) this.sums.set(id, { updated: 0, removed: 0, dropped: 0, duplicates: 0, total });
  }

  expectEventTime({ at, expectEventTime }: StepOf<'expectEventTime'>): void {
    this.read();
    sameValue(at, expectEventTime, this.withInput?.eventTime ?? null);
  }

  expectOpWatermark({ at, expectOpWatermark }: StepOf<'expectOpWatermark'>): void {
    this.read();
    for (const [id, expected] of Object.entries(expectOpWatermark)) {
      const found = this.last?.stateOperators.find(({ operatorId }) => operatorId === id);
      const { late, evict } = found?.watermark ?? differ(`${at}, ${id}`, expected, 'no such operator');
      sameValue(`${at}, ${id}`, expected, { late, eviction: evict });
    }
  }

  expectProgress({ at, expectProgress: { numInputRows, sources = {} } }: StepOf<'expectProgress'>): void {
    this.read();
    const { withInput } = this;
    if (numInputRows !== undefined) sameValue(`${at}, numInputRows`, numInputRows, withInput?.numInputRows);
    for (const [name, rows] of Object.entries(sources)) {
      sameValue(`${at}, ${name}`, rows, withInput?.sources[name]?.numInputRows);
    }
  }
}
