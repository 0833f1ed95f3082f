import type { Observable } from 'rxjs';
import { matchPattern, pattern as begin, type Element, type Pattern } from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { sameItems, sameSequence, sameValue } from '../compare';
import { isRecord, malformed } from '../shape';
import { inward, onlyInput, outward, until, type Driver, type ElementOperator } from './driver';
import { checkMarks, marksOf, type Mark } from './marks';
import type { ConfigOf } from './operators';

interface Row {
  readonly key: unknown;
  readonly id: unknown;
  readonly kind: unknown;
}
interface Match {
  readonly match: Readonly<Record<string, readonly Row[]>>;
  readonly timedOut?: boolean;
}
type StageSpec = ConfigOf<'pattern'>['stages'][number];
type Any = Pattern<Row, string>;

function withStage(before: Any | undefined, { name, contiguity, where }: StageSpec): Any {
  const fits = where === null ? undefined : (row: Row): boolean => row.kind === where;
  if (contiguity === 'begin') return begin<Row, string>(name, fits);
  if (before === undefined) return malformed('operator.stages', 'the first stage must be the beginning');
  if (contiguity === 'notNext' || contiguity === 'notFollowedBy') return before[contiguity](name, fits ?? (() => true));
  return before[contiguity](name, fits);
}

function patternOf({ stages, withinMs, withinType }: ConfigOf<'pattern'>): Any {
  let all: Any | undefined;
  for (const stage of stages) {
    all = withStage(all, stage);
    if (stage.oneOrMore === true) all = all.oneOrMore();
    if (stage.times !== undefined) all = all.times(stage.times);
    if (stage.optional === true) all = all.optional();
    if (stage.inner === 'consecutive') all = all.consecutive();
    if (stage.inner === 'allowCombinations') all = all.allowCombinations();
  }
  if (withinMs === undefined) return all!;
  return all!.within(withinMs, withinType === 'previousAndCurrent' ? 'previous' : 'first');
}

function build(config: ConfigOf<'pattern'>): Driver {
  const timeouts = config.timeoutOutput === true;
  const operator = matchPattern(patternOf(config), { key: 'key', timeouts, afterMatch: config.skip ?? 'noSkip' });
  const harness = operatorHarness(operator as unknown as (source: Observable<Element<Row>>) => Observable<Element<Match>>);
  const matches: object[] = [];
  const over: object[] = [];
  const late: object[] = [];
  const sequence: object[] = [];
  const marks: Mark[] = [];
  let dropped = 0;
  let last = -Infinity;
  let marked = false;
  const collect = (): void => {
    const said = harness.take();
    marks.push(...marksOf(said));
    for (const signal of said) {
      if (signal.kind === 'watermark') sequence.push({ watermark: outward(signal.time) });
      if (signal.kind === 'rejected' && signal.reason === 'late') {
        late.push(signal.row as object);
        dropped++;
      }
      if (signal.kind !== 'event') continue;
      const ids = Object.values(signal.row.match).flatMap((rows) => rows.map((row) => row.id));
      if (signal.row.timedOut === true) over.push({ partial: ids, time: signal.time });
      else {
        matches.push({ match: ids, timestamp: signal.time });
        sequence.push(matches.at(-1)!);
      }
    }
  };
  /** The cases without watermarks are of an automaton that is fed in order: what has come is looked at. */
  const settle = (): void => {
    if (!marked && last > -Infinity) harness.watermark(inward(last));
    collect();
  };
  return {
    element: ({ at, element: { key, value, time, input } }) => {
      onlyInput({ at, input });
      if (!isRecord(value)) return malformed(at, 'an event has an id and a kind');
      harness.event(time, { key, id: value['id'], kind: value['kind'] });
      last = Math.max(last, time);
      collect();
    },
    watermark: (step) => {
      onlyInput(step);
      marked = true;
      harness.watermark(inward(step.watermark));
      collect();
    },
    idle: (step) => {
      onlyInput(step);
      harness.idle(step.idle);
      collect();
    },
    processingTime: ({ processingTime, at }) => harness.advance(until(processingTime, harness.clock.now(), at)),
    checkpointRestore: () => harness.restore(harness.snapshot()),
    expect: ({ at, expect, order }) => {
      settle();
      (order === 'exact' ? sameSequence : sameItems)(at, expect, matches.splice(0));
    },
    expectTimeouts: ({ at, expectTimeouts }) => {
      settle();
      sameItems(at, expectTimeouts, over.splice(0));
    },
    expectSequence: ({ at, expectSequence }) => {
      settle();
      sameSequence(at, expectSequence, sequence.splice(0));
    },
    expectWatermarks: (step) => checkMarks(step, marks.splice(0)),
    expectLate: ({ at, expectLate }) => sameItems(at, expectLate, late.splice(0)),
    expectDropped: ({ at, expectDropped }) => sameValue(at, expectDropped, dropped),
  };
}

export const pattern: ElementOperator<'pattern'> = {
  steps: [
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
    'expectTimeouts',
  ],
  lacks: () => [],
  build,
};
