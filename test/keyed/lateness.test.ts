import {
  availableNow,
  keyedProcess,
  memorySink,
  memorySource,
  streamingQuery,
  transformWithState,
  withWatermark,
  type EventStream,
} from 'tidemark';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly at: number;
  readonly k: string;
}
type Out = (text: string) => void;
type Register = { register(time: number): void };

const OPERATORS: readonly (readonly [string, unknown])[] = [
  [
    'keyedProcess',
    keyedProcess(
      () => ({
        onRow: ({ at }: Row, { eventTimers }: { eventTimers: Register }) => eventTimers.register(at + 5),
        onTimer: ({ time }: { time: number }, { key }: { key: unknown }, out: Out) => out(`${key} at ${time}`),
      }),
      { key: 'k' } as never,
    ),
  ],
  [
    'transformWithState',
    transformWithState(
      () => ({
        handleInputRows: (_key: string, [row]: readonly Row[], timers: Register) => timers.register(row!.at + 5),
        handleExpiredTimer: (key: string, time: number, _timers: unknown, out: Out) => out(`${key} at ${time}`),
      }),
      { key: 'k', timeMode: 'eventTime' } as never,
    ),
  ],
];

describe('timers in a query go by the emit watermark, also where lateness is allowed', () => {
  it.each(OPERATORS)('%s: they fire in the batch without rows that follows', async (_name, operator) => {
    for (const allowedLateness of [0, 100]) {
      const source = memorySource<Row>([
        { at: 1, k: 'a' },
        { at: 20, k: 'b' },
      ]);
      const sink = memorySink<string>();
      const query = streamingQuery(
        source,
        (rows$) => rows$.pipe(withWatermark('at', 0, { allowedLateness }), operator as never) as EventStream<string>,
      ).writeStream({ sink, trigger: availableNow(), onAdvice: () => {} });
      await query.start();
      await query.awaitTermination();
      expect(sink.rows(), `allowedLateness ${allowedLateness}`).toEqual(['a at 6']);
    }
  });
});
