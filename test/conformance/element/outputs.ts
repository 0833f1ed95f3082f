import type { Signal } from 'tidemark';
import { sameItems, sameSequence } from '../compare';
import { outward, type Driver } from './driver';
import { checkMarks, marksOf, type Mark } from './marks';

type Output = Readonly<Record<string, unknown>>;

/** What an operator sends on that does not change its rows: rows, watermarks, and both in sequence. */
export class Outputs {
  private readonly rows: Output[] = [];
  private readonly sequence: Output[] = [];
  private readonly marks: Mark[] = [];

  row(signal: Signal<unknown>): void {
    if (signal.kind !== 'event') return;
    const output = { ...(signal.row as Output), timestamp: signal.time };
    this.rows.push(output);
    this.sequence.push(output);
  }

  tell(mark: Mark): void {
    this.marks.push(mark);
    if (mark !== 'idle' && mark !== 'active') this.sequence.push({ watermark: mark });
  }

  collect(signals: readonly Signal<unknown>[]): void {
    for (const signal of signals) {
      this.row(signal);
      for (const mark of marksOf([signal], outward)) this.tell(mark);
    }
  }

  checks(): Driver {
    return {
      expect: ({ at, expect, order }) => (order === 'exact' ? sameSequence : sameItems)(at, expect, this.rows.splice(0)),
      expectSequence: ({ at, expectSequence }) => sameSequence(at, expectSequence, this.sequence.splice(0)),
      expectWatermarks: (step) => checkMarks(step, this.marks.splice(0)),
    };
  }
}
