import { asOfJoin } from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import type { Feature } from '../features';
import { bounded, inward, outward, type Driver, type ElementOperator } from './driver';
import { checkTimes, JOIN_STEPS, joinDriver, type JoinRow, type Output } from './intervalJoin';
import type { ConfigOf } from './operators';

type Versioned = JoinRow & { readonly op?: string };
type Wait = 'watermark' | 'nothing' | number;

/** A table says that a key is gone with `delete`, or with no value. */
function harnessOf(type: 'inner' | 'left', wait: Wait): OperatorHarness<JoinRow, Output> {
  const select = (l: JoinRow, r: JoinRow | null): Output => ({ key: l.key, left: l.value, right: r?.value ?? null });
  const deleted = ({ op, value }: Versioned): boolean => op === 'delete' || value === null;
  return operatorHarness<JoinRow, Output, 'event'>(
    ([rows, versions]) => rows!.pipe(asOfJoin(versions!, { on: 'key', type, wait, deleted, select } as never)),
    { inputs: 2 },
  );
}

const lacks = (): readonly Feature[] => [];
const STEPS = [...JOIN_STEPS, 'expectState'] as const;

/** What a join keeps of the left side are the rows that wait, and of the right side the versions. */
function checkState(harness: OperatorHarness<JoinRow, Output>): Driver {
  return { expectState: (step) => checkTimes(step, harness, { left: 'waiting', right: 'versions' }) };
}

export const temporalJoin: ElementOperator<'temporalJoin'> = {
  steps: STEPS,
  lacks,
  build({ join, allowedLatenessMs = 0 }): Driver {
    const harness = harnessOf(join, 'watermark');
    const say = (w: number | string, input: number): void => harness.watermark(inward(w), inward(w) - allowedLatenessMs, input);
    return { ...joinDriver(harness, say, outward), ...checkState(harness) };
  },
};

function streamTable({ join, versioned, graceMs = 0, allowedLatenessMs = 0 }: ConfigOf<'streamTableJoin'>): Driver {
  const harness = harnessOf(join, versioned === true ? graceMs : 'nothing');
  const mark = (w: number | string): number => (typeof w === 'number' ? w : w === 'max' ? Infinity : -Infinity);
  const say = (w: number | string, input: number): void => harness.watermark(mark(w), mark(w) - allowedLatenessMs, input);
  return { ...joinDriver(harness, say, bounded), ...checkState(harness) };
}

export const streamTableJoin: ElementOperator<'streamTableJoin'> = { steps: STEPS, lacks, build: streamTable };
