import { TidemarkError } from 'tidemark';
import { differ } from '../compare';
import { lacking } from '../features';
import { anything, flag, isRecord, listOf, maybe, object, oneOf, record, text } from '../shape';
import { Skip, skipIfLacking } from '../verdict';
import { assign } from './assign';
import { drive, type ElementOperator } from './driver';
import { idlenessDetector } from './idlenessDetector';
import { intervalJoin } from './intervalJoin';
import { keyedProcess } from './keyedProcess';
import { pattern } from './pattern';
import { streamTableJoin, temporalJoin } from './tableJoins';
import { operatorShape, type OperatorConfig } from './operators';
import { dedup, topN } from './ranking';
import { stepsOf, type Step } from './steps';
import { timerService } from './timerService';
import { watermarkGenerator } from './watermarkGenerator';
import { watermarkMerge } from './watermarkMerge';
import { window } from './window';

type Operators = { readonly [T in OperatorConfig['type']]: ElementOperator<T> };

const OPERATORS: Operators = {
  window,
  assign,
  watermarkGenerator,
  idlenessDetector,
  watermarkMerge,
  intervalJoin,
  timerService,
  keyedProcess,
  dedup,
  topN,
  temporalJoin,
  streamTableJoin,
  pattern,
};

const caseShape = object({
  name: text,
  origin: maybe(anything),
  dialect: maybe(oneOf('common', 'flink', 'flink-sql', 'beam', 'kafka', 'flink+kafka')),
  confidence: maybe(oneOf('transcribed', 'adapted', 'derived')),
  quirk: maybe(flag),
  note: maybe(text),
  differs: maybe(text),
  tags: maybe(listOf(text)),
  /** The expectation is the library's own, where it differs from an origin on purpose: it has to be met. */
  ours: maybe(flag),
  operator: record,
  steps: anything,
});

/** Runs one case of an element file; throws what is wrong with it. */
export function runElementCase(given: unknown): void {
  const { differs, quirk, ours, ...one } = caseShape(given, 'case');
  const config = operatorShape(one.operator, 'operator');
  const operator = OPERATORS[config.type] as unknown as ElementOperator<never>;
  const steps = stepsOf(one.steps, operator.steps);
  if (differs !== undefined) throw new Skip('differs', differs);
  if (quirk === true) skipIfLacking([lacking('quirk')]);
  if (ours !== true) skipIfLacking(operator.lacks(config as never, steps));
  if (steps[0]?.kind === 'expectError') return expectRefusal(() => operator.build(config as never, steps), steps[0]);
  const driver = operator.build(config as never, steps);
  for (const step of steps) {
    drive(driver, step);
    if (ours !== true) skipIfLacking(driver.lacks?.() ?? []);
  }
}

function expectRefusal(build: () => unknown, step: Step): void {
  try {
    build();
  } catch (error) {
    if (error instanceof TidemarkError) return;
    throw error;
  }
  differ(step.at, 'an error when the operator is built', 'none');
}

/** The fields of an element file. */
export const elementFile = object({ formatVersion: oneOf(1), suite: text, origin: maybe(anything), cases: anything });

export function isElementFile(file: unknown): boolean {
  return isRecord(file) && file['formatVersion'] !== undefined;
}
