import {
  agg,
  aggregate,
  availableNow,
  memorySink,
  memorySource,
  onClose,
  streamingQuery,
  withWatermark,
  type Change,
  type TidemarkError,
} from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly t: number;
  readonly k: string;
}
const select = { n: agg.count<Row>() };

describe('groups without a window', () => {
  it('their rows have the columns of the key and of the select, and no others', () => {
    for (const key of ['k', ['k', 't']] as const) {
      const wanted = key === 'k' ? { k: 'a', n: 1 } : { k: 'a', t: 1, n: 1 };
      const running = operatorHarness<Row, Change<unknown>, 'event', 'change'>(aggregate({ key, select } as never) as never);
      running.event(1, { t: 1, k: 'a' });
      expect(running.takeRows().map(({ row }) => row)).toStrictEqual([wanted]);
    }
    const options = { key: 't', select, emit: onClose() };
    const final = operatorHarness<Row, unknown, 'event', 'event'>(aggregate(options as never) as never, {
      traits: { timeColumn: 't' },
    });
    final.event(1, { t: 1, k: 'a' });
    final.watermark(Infinity);
    expect(final.takeRows()).toStrictEqual([{ t: 1, n: 1 }]);
  });

  async function saidOf(timeColumn: { readonly timeColumn?: string }): Promise<unknown> {
    const source = memorySource<Row>([
      { t: 1, k: 'a' },
      { t: 1, k: 'a' },
      { t: 9, k: 'a' },
    ]);
    const sink = memorySink();
    // The function says when, and not by which column.
    const query = streamingQuery(source, (rows$) =>
      rows$.pipe(
        withWatermark((row) => row.t, 5),
        aggregate({ key: ['k', 't'], select, ...timeColumn }),
      ),
    ).writeStream({ sink, trigger: availableNow(), onAdvice: () => {} });
    await query.start();
    await query.awaitTermination();
    return sink.rows();
  }

  it('with the event time in their key they are final in a query that appends, once the column is named', async () => {
    expect(await saidOf({ timeColumn: 't' })).toEqual([{ k: 'a', t: 1, n: 2 }]);
    const refused: unknown = await saidOf({}).catch((cause: unknown) => cause);
    expect((refused as TidemarkError).code).toBe('TIDEMARK_OUTPUT_MODE');
  });
});
