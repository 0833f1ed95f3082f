import { NEVER, type Observable } from 'rxjs';
import { asOfJoin, assignWindows, fromSignals, intervalJoin, mergeStreams, tumbling, windowJoin, type Element } from 'tidemark';
import { originOf } from '../../src/rx';
import type { TieRule } from '../../src/element';
import type { Traits } from '../../src/traits';
import type { Any } from './operators';

type Stream = Observable<Element<Any>>;

/** An operator over two streams as the laws see it. */
export interface Join {
  readonly name: string;
  readonly build: (inputs: readonly Stream[]) => Stream;
  /** Rows that were late before it are late behind it; otherwise no result is late. */
  readonly passes: boolean;
  readonly traits: readonly Partial<Traits>[];
  /** How far its watermark lags behind the least of its inputs'. */
  readonly hold: number;
  /** The inputs whose watermarks count. */
  readonly follows: readonly number[];
}

const TYPES = ['inner', 'left', 'right', 'full', 'leftSemi', 'leftAnti'] as const;
const INSTANTS = [{}, {}];
const MIXED = [{ ties: 'instant' }, { ties: 'ordered' }] as const;

const select = (left: Any | null, right: Any | null): Any => ({
  ...(right ?? {}),
  ...(left ?? {}),
  v: (left?.id ?? -1) * 1000 + (right?.id ?? -1),
});
const choose = (type: string): object => (type === 'leftSemi' || type === 'leftAnti' ? {} : { select });

const join = (name: string, operator: (right: Stream) => unknown, facts: Partial<Join> = {}): Join => ({
  name,
  build: ([left, right]) => (operator(right!) as (source: Stream) => Stream)(left!),
  passes: false,
  traits: INSTANTS,
  hold: 0,
  follows: [0, 1],
  ...facts,
});

const RANGES = [
  { name: 'around', within: { before: 5, after: 8 }, hold: 9 },
  { name: 'before', within: { min: -20, max: -6 }, hold: 21 },
  { name: 'behind', within: { min: 3, max: 1500 }, hold: 1501 },
  { name: 'at the same time', within: { before: 0, after: 0 }, hold: 0 },
];

const intervalJoins = RANGES.flatMap(({ name, within, hold }) =>
  TYPES.map((type) =>
    join(
      `intervalJoin ${name} ${type}`,
      (right) => intervalJoin(right, { on: 'k', within, type, time: hold === 9 ? 'left' : 'latest', ...choose(type) } as never),
      { hold, traits: type === 'full' ? MIXED : INSTANTS },
    ),
  ),
);

const windowJoins = TYPES.map((type): Join => {
  const windows = (source: Stream): Stream => source.pipe(assignWindows(tumbling(10), 'window')) as never;
  return {
    ...join(`windowJoin ${type}`, () => undefined),
    build: ([left, right]) =>
      windows(left!).pipe(windowJoin(windows(right!) as never, { on: 'k', type, ...choose(type) } as never)),
  };
});

const asOfJoins = (['watermark', 'nothing', 7] as const).flatMap((wait) =>
  (['inner', 'left'] as const).map((type) =>
    join(`asOfJoin ${type}, wait ${wait}`, (right) => asOfJoin(right as never, { on: 'k', type, wait, select } as never), {
      passes: true,
      hold: wait === 'nothing' ? 0 : 1,
      follows: wait === 'watermark' ? [0, 1] : [0],
    }),
  ),
);

export const JOINS: readonly Join[] = [
  ...intervalJoins,
  ...windowJoins,
  ...asOfJoins,
  { ...join('mergeStreams of two', () => undefined), passes: true, build: (inputs) => mergeStreams([...inputs]) },
];

/** How the stream of results judges ties. */
export function tiesOf({ build, traits }: Join): TieRule {
  const inputs = traits.map(({ ties = 'instant' }) => NEVER.pipe(fromSignals<Any>({ ties })));
  return originOf<Any>(build(inputs))!.traits.ties;
}
