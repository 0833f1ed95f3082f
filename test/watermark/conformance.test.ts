/**
 * The watermark cases taken from Flink's test suites. They state an inclusive watermark ("none `<= w` follows"); tidemark's W
 * is w + 1, on the way in and on the way out.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fixedDelay, IdlenessDetector, punctuated, WatermarkMerge, type WatermarkStrategy } from '../../src/watermark';
import { Pipe } from './pipe';

const path = fileURLToPath(new URL('../../../shared/conformance/element/flink-watermarks.json', import.meta.url));

type Mark = number | 'min' | 'max' | 'idle' | 'active';
interface Step {
  readonly element?: { readonly time: number };
  readonly watermark?: number | 'min' | 'max';
  readonly input?: number;
  readonly idle?: boolean;
  readonly advanceClock?: number;
  readonly activity?: true;
  readonly checkIdle?: boolean;
  readonly removeInput?: number;
  readonly addInput?: number;
  readonly expectWatermarks?: readonly Mark[];
  readonly expectError?: 'construction';
}
interface Case {
  readonly name: string;
  readonly differs?: string;
  readonly operator: {
    readonly type: 'watermarkGenerator' | 'idlenessDetector' | 'watermarkMerge';
    readonly strategy?: { readonly kind: 'fixedDelay' | 'punctuated'; readonly delayMs?: number };
    readonly timeoutMs?: number;
    readonly inputs?: number;
    readonly variant?: 'per-split' | 'between-operators';
  };
  readonly steps: readonly Step[];
}

const inward = (w: number | 'min' | 'max'): number => (w === 'max' ? Infinity : w === 'min' ? -Infinity : w + 1);
const outward = (w: number): Mark => (w === Infinity ? 'max' : w === -Infinity ? 'min' : w - 1);

/** Carries out one step; returns the marks that came out. */
type Runner = (step: Step) => readonly Mark[];

function runMerge({ inputs = 0, variant }: Case['operator']): Runner {
  const merge = new WatermarkMerge(variant ? { variant } : {});
  /** Number in the case to number in the merge. */
  const numbers = new Map(Array.from({ length: inputs }, (_, i) => [i, merge.addInput()]));
  return ({ input, watermark, idle, removeInput, addInput }) => {
    const { emit, isIdle } = merge;
    const one = numbers.get(input ?? 0) ?? -1;
    if (watermark !== undefined) merge.watermark(one, inward(watermark), inward(watermark));
    if (idle !== undefined) merge.idle(one, idle);
    if (removeInput !== undefined) merge.removeInput(numbers.get(removeInput) ?? -1);
    if (addInput !== undefined) numbers.set(addInput, merge.addInput());
    const marks: Mark[] = merge.emit === emit ? [] : [outward(merge.emit)];
    if (merge.isIdle && !isIdle) marks.push('idle');
    // A watermark says "active" as well.
    if (!merge.isIdle && isIdle && marks.length === 0) marks.push('active');
    return marks;
  };
}

function runGenerator({ strategy }: Case['operator']): Runner {
  const make = (): WatermarkStrategy =>
    strategy?.kind === 'punctuated' ? punctuated((_row, time) => time + 1) : fixedDelay(strategy?.delayMs ?? 0);
  const pipe = new Pipe<unknown>(make());
  const isPeriodic = strategy?.kind === 'fixedDelay';
  let told = -Infinity;
  return (step) => {
    if (step.element) pipe.push(step.element.time, undefined);
    // `reassignWatermark` hides everything from above but the end.
    if (step.watermark === 'max') pipe.watermark = Infinity;
    else if (isPeriodic && !('periodicEmit' in step)) return [];
    if (pipe.watermark === told) return [];
    told = pipe.watermark;
    return [outward(told)];
  };
}

function runDetector({ timeoutMs = 0 }: Case['operator']): Runner {
  const detector = new IdlenessDetector(timeoutMs);
  let now = 0;
  return ({ advanceClock = 0, activity, checkIdle }) => {
    now += advanceClock;
    if (activity) detector.activity(now);
    if (checkIdle !== undefined) expect(detector.check(now)).toBe(checkIdle);
    return [];
  };
}

const RUNNERS = { watermarkMerge: runMerge, watermarkGenerator: runGenerator, idlenessDetector: runDetector };

function run({ operator, steps }: Case): void {
  const start = (): Runner => RUNNERS[operator.type](operator);
  if (steps[0]?.expectError) return expect(start).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
  const runner = start();
  let came: Mark[] = [];
  for (const step of steps) {
    came.push(...runner(step));
    if (!step.expectWatermarks) continue;
    // ["min"] equals no output at all.
    expect(came).toEqual(step.expectWatermarks.filter((mark) => mark !== 'min'));
    came = [];
  }
}

describe.skipIf(!existsSync(path))(
  '[D20] Flink watermark cases (skipped where the shared conformance data is not beside the checkout)',
  () => {
    const cases: readonly Case[] = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { cases: Case[] }).cases : [];
    for (const one of cases) {
      if (one.differs === undefined) it(one.name, () => run(one));
      else it.skip(`${one.name}: ${one.differs}`, () => undefined);
    }
  },
);
