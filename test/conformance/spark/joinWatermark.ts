import { intervalJoin } from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { sameValue } from '../compare';
import { integer, object } from '../shape';

const rowShape = object({ minMs: integer, maxMs: integer, inputWatermarkMs: integer, expect: integer });

interface Row {
  readonly k: unknown;
}

/** The watermark that a range join passes on, for the one that comes in on both sides. */
export function checkJoinWatermark(given: unknown, at: string): void {
  const { minMs, maxMs, inputWatermarkMs, expect } = rowShape(given, at);
  // The table bounds left - right, the library right - left.
  const within = { min: 0 - maxMs, max: 0 - minMs };
  const harness = operatorHarness<Row, unknown, 'event'>(
    ([left, right]) => left!.pipe(intervalJoin(right!, { on: 'k', within, select: (l: Row, r: Row) => [l, r] })),
    { inputs: 2 },
  );
  for (const input of [0, 1]) harness.watermark(inputWatermarkMs, inputWatermarkMs, input);
  const said = harness.take().flatMap((signal) => (signal.kind === 'watermark' ? [signal.time] : []));
  sameValue(at, [expect], said);
}
