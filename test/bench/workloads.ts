import { from, type Observable } from 'rxjs';
import type { AnyRow } from './checksum';
import { deliveries, metrics, W1, W2, W3, W4, W5, W6, WATERMARK_EVERY as EVERY } from './data';
import type { Counted } from './figures/updates';
import { w1Loop } from './loops/w1';
import { w2Loop } from './loops/w2';
import { w3Loop } from './loops/w3';
import { w4Loop } from './loops/w4';
import { w5Loop } from './loops/w5';
import { w6Loop } from './loops/w6';
import { w1Pipeline } from './pipelines/w1';
import { w2Pipeline } from './pipelines/w2';
import { w3Pipeline } from './pipelines/w3';
import { w4Pipeline } from './pipelines/w4';
import { mixedWork, twoInputs } from './mixed';
import { nexmarkWorkloads } from './nexmark/workloads';
import { w5Pipeline } from './pipelines/w5';
import { w6Pipeline } from './pipelines/w6';

export type OnRow = (row: AnyRow) => void;

export type Side = (onRow: OnRow) => void;

/** The same work by hand and by the library. */
export interface Work {
  readonly loop: Side;
  readonly library: Side;
}

/** One piece of work done twice. */
export interface Workload {
  readonly name: string;
  /** Several workloads can be asked for by one name. */
  readonly group?: string;
  readonly target: number;
  readonly good: number;
  readonly events: number;
  /** Whether the share of accumulator updates can be counted, and with which windows. */
  readonly counted?: Counted;
  /** Makes the events; both sides then run over the same ones. */
  readonly prepare: () => Work;
}

interface Sides<T> {
  readonly loop: Side;
  readonly pipeline: (source: Observable<T>) => Observable<AnyRow>;
}

function workOf<T>(events: readonly T[], { loop, pipeline }: Sides<T>): Work {
  return {
    loop,
    library: (onRow) => pipeline(from(events)).subscribe(onRow),
  };
}

function w2(overlap: keyof typeof W2, target: number, good: number): Workload {
  const { sizeMs, slideMs, shape } = W2[overlap];
  return {
    name: `W2@${overlap}`,
    target,
    good,
    events: shape.events,
    counted: { shape, sizeMs, slideMs },
    prepare: () => {
      const events = metrics(shape);
      return workOf(events, {
        loop: (onRow) => w2Loop(events, sizeMs, slideMs, shape.delayMs, EVERY, onRow),
        pipeline: (source) => w2Pipeline(source, sizeMs, slideMs, shape.delayMs, EVERY),
      });
    },
  };
}

export const workloads: readonly Workload[] = [
  {
    name: 'W1',
    target: 1.5,
    good: 1.25,
    events: W1.shape.events,
    counted: { shape: W1.shape, sizeMs: W1.sizeMs, slideMs: W1.sizeMs },
    prepare: () => {
      const events = metrics(W1.shape);
      return workOf(events, {
        loop: (onRow) => w1Loop(events, W1.sizeMs, W1.shape.delayMs, EVERY, onRow),
        pipeline: (source) => w1Pipeline(source, W1.sizeMs, W1.shape.delayMs, EVERY),
      });
    },
  },
  w2(12, 1.5, 1.25),
  w2(60, 1.7, 1.4),
  w2(720, 2, 1.5),
  {
    name: 'W3',
    target: 1.5,
    good: 1.3,
    events: W3.shape.events,
    prepare: () => {
      const events = metrics(W3.shape);
      return workOf(events, {
        loop: (onRow) => w3Loop(events, W3.gapMs, W3.shape.delayMs, EVERY, onRow),
        pipeline: (source) => w3Pipeline(source, W3.gapMs, W3.shape.delayMs, EVERY),
      });
    },
  },
  {
    name: 'W4',
    target: 1.3,
    good: 1.2,
    events: W4.shape.events,
    prepare: () => {
      const events = deliveries(W4.shape);
      return workOf(events, {
        loop: (onRow) => w4Loop(events, W4.shape.delayMs, EVERY, onRow),
        pipeline: (source) => w4Pipeline(source, W4.shape.delayMs, EVERY),
      });
    },
  },
  {
    name: 'W5',
    target: 1.3,
    good: 1.15,
    events: W5.shape.events,
    prepare: () => {
      const events = twoInputs(deliveries(W5.shape));
      const { delayMs } = W5.shape;
      return mixedWork(events, 2, {
        loop: (onRow) => w5Loop(events, W5.afterMs, delayMs, EVERY, onRow),
        pipeline: ([left, right]) => w5Pipeline(left!, right!, W5.afterMs, delayMs, EVERY),
      });
    },
  },
  {
    name: 'W6',
    target: 1.5,
    good: 1.25,
    events: W6.shape.events,
    prepare: () => {
      const events = deliveries(W6.shape);
      return workOf(events, {
        loop: (onRow) => w6Loop(events, W6, W6.shape.delayMs, EVERY, onRow),
        pipeline: (source) => w6Pipeline(source, W6, W6.shape.delayMs, EVERY),
      });
    },
  },
  ...nexmarkWorkloads,
];
