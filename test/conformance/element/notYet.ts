import { lacking, type FeatureName } from '../features';
import { malformed } from '../shape';
import type { ElementOperator } from './driver';
import type { OperatorConfig } from './operators';
import type { StepKind } from './steps';

/** Operators whose cases are read and checked, but cannot be run yet. */
function notYet<T extends OperatorConfig['type']>(type: T, name: FeatureName, steps: readonly StepKind[]): ElementOperator<T> {
  return { steps, lacks: () => [lacking(name)], build: () => malformed('operator', `${type} cannot be run`) };
}

const MOVES = ['element', 'watermark', 'idle', 'processingTime', 'checkpointRestore'] as const;
const CHECKS = ['expect', 'expectLate', 'expectDropped', 'expectSequence', 'expectError'] as const;

export const temporalJoin = notYet('temporalJoin', 'operator temporalJoin', [...MOVES, ...CHECKS]);
export const streamTableJoin = notYet('streamTableJoin', 'operator streamTableJoin', [...MOVES, ...CHECKS]);
