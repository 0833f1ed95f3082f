import type { Feature } from '../features';
import { malformed } from '../shape';
import type { ConfigOf, OperatorConfig } from './operators';
import type { Step, StepKind, StepOf } from './steps';

/** What is done at each step; `lacks`: what the library turns out to lack, looked at after each step. */
export type Driver = { readonly [K in StepKind]?: (step: StepOf<K>) => void } & { readonly lacks?: () => readonly Feature[] };

/** One operator of the format: the steps that go with it, what the library lacks for a configuration, and how it is driven. */
export interface ElementOperator<T extends OperatorConfig['type']> {
  readonly steps: readonly StepKind[];
  lacks(config: ConfigOf<T>, steps: readonly Step[]): readonly Feature[];
  build(config: ConfigOf<T>, steps: readonly Step[]): Driver;
}

export function drive(driver: Driver, step: Step): void {
  const act = driver[step.kind] as ((step: Step) => void) | undefined;
  if (act === undefined) malformed(step.at, 'this step does not go with this operator');
  act!(step);
}

/** The library's W and the inclusive watermark w of the cases: `W = w + 1`; "min" and "max" stay what they are. */
export function inward(w: number | string): number {
  return typeof w === 'number' ? w + 1 : w === 'max' ? Infinity : -Infinity;
}

export function outward(W: number): number | string {
  return bounded(W - 1);
}

/** Infinities are words in the cases. */
export function bounded(time: number): number | string {
  return time === Infinity ? 'max' : time === -Infinity ? 'min' : time;
}

/** Operators with one input. */
export function onlyInput(step: { readonly at: string; readonly input?: number | undefined }): void {
  if ((step.input ?? 0) !== 0) malformed(step.at, `there is no input ${step.input}`);
}

/** How far the processing clock must go to stand at `time`. */
export function until(time: number, now: number, at: string): number {
  return time >= now ? time - now : malformed(at, `the processing clock cannot go back from ${now} to ${time}`);
}
