import type { Observable } from 'rxjs';
import { deduplicate, topN as best, type Change, type Element, type Rejection, type Signal } from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { sameItems, sameSequence, sameValue } from '../compare';
import { malformed } from '../shape';
import { bounded, onlyInput, until, type Driver, type ElementOperator } from './driver';
import { checkMarks, marksOf, type Mark } from './marks';
import type { StepKind } from './steps';

interface Row {
  readonly key: unknown;
  readonly value: unknown;
  readonly time: number;
}
type Output = Readonly<Record<string, unknown>>;
type Operator = (source: Observable<Element<Row>>) => Observable<Element<Change<Row>, 'change'>>;

/** A change and what comes before and after it: a delete and an upsert of one key are an update. */
function outputOf(change: Change<Row>, others: readonly (Change<Row> | undefined)[]): Output {
  const isPair = others.some((one) => one !== undefined && one.op !== change.op && same(one.key, change.key));
  const op = change.op === 'delete' ? (isPair ? 'updateBefore' : 'delete') : isPair ? 'updateAfter' : 'insert';
  return { ...change.row, op };
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Here W is the w of the case as it stands. */
function mark(w: number | string): number {
  return typeof w === 'number' ? w : w === 'max' ? Infinity : -Infinity;
}

function driverOf(operator: Operator, latenessMs: number): Driver {
  const harness = operatorHarness(operator);
  const outputs: Output[] = [];
  const sequence: Output[] = [];
  const late: Output[] = [];
  const marks: Mark[] = [];
  let dropped = 0;
  const changeOf = (signal: Signal<Change<Row>> | undefined): Change<Row> | undefined =>
    signal?.kind === 'event' ? signal.row : undefined;
  const then = (act: () => void): void => {
    act();
    const said = harness.take();
    marks.push(...marksOf(said, bounded));
    said.forEach((signal, i) => {
      if (signal.kind === 'event') {
        // An update is a delete and then an upsert: look ahead from the one, and back from the other.
        const other = signal.row.op === 'delete' ? said[i + 1] : said[i - 1];
        outputs.push(outputOf(signal.row, [changeOf(other)]));
        sequence.push(outputs.at(-1)!);
      } else if (signal.kind === 'watermark') sequence.push({ watermark: bounded(signal.time) });
      else if (signal.kind === 'rejected' && signal.reason === 'late') {
        late.push({ ...(signal as Rejection<Row>).row, input: 0 });
        dropped++;
      }
    });
  };
  return {
    element: ({ at, element: { key, value, time, input } }) => {
      onlyInput({ at, input });
      if (value === undefined) malformed(at, `field 'value' is missing`);
      then(() => harness.event(time, { key, value, time }));
    },
    watermark: (step) => {
      onlyInput(step);
      then(() => harness.watermark(mark(step.watermark), mark(step.watermark) - latenessMs));
    },
    idle: (step) => then(() => harness.idle(step.idle)),
    processingTime: ({ processingTime, at }) => then(() => harness.advance(until(processingTime, harness.clock.now(), at))),
    checkpointRestore: () => then(() => harness.restore(harness.snapshot())),
    expect: ({ at, expect, order }) => (order === 'exact' ? sameSequence : sameItems)(at, expect, outputs.splice(0)),
    expectLate: ({ at, expectLate }) => sameItems(at, expectLate, late.splice(0)),
    expectDropped: ({ at, expectDropped }) => sameValue(at, expectDropped, dropped),
    expectSequence: ({ at, expectSequence }) => sameSequence(at, expectSequence, sequence.splice(0)),
    expectWatermarks: (step) => checkMarks(step, marks.splice(0)),
  };
}

const STEPS: readonly StepKind[] = [
  'element',
  'watermark',
  'idle',
  'processingTime',
  'checkpointRestore',
  'expect',
  'expectLate',
  'expectDropped',
  'expectSequence',
  'expectWatermarks',
  'expectError',
];

export const dedup: ElementOperator<'dedup'> = {
  steps: STEPS,
  lacks: () => [],
  build({ keep, stateTtlMs, allowedLatenessMs = 0 }) {
    const ttl = stateTtlMs === undefined ? {} : { ttl: stateTtlMs };
    return driverOf(deduplicate<Row>({ key: 'key', keep, mode: 'retracting', ...ttl }), allowedLatenessMs);
  },
};

export const topN: ElementOperator<'topN'> = {
  steps: STEPS,
  lacks: () => [],
  build({ order = 'desc', n, nByKey, allowedLatenessMs = 0 }) {
    const ofKey = (row: Row): number => nByKey?.[String(row.key)] ?? n ?? malformed('operator', `no n for ${String(row.key)}`);
    const count = nByKey === undefined && n !== undefined ? n : ofKey;
    const operator = best({ key: 'key' as const, n: count, by: 'value' as const, order });
    return driverOf(operator as unknown as Operator, allowedLatenessMs);
  },
};
