import { metrics, type Meter, type MeterProvider, type MetricOptions } from '@opentelemetry/api';
import { Subject } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  agg,
  aggregate,
  availableNow,
  memorySink,
  memorySource,
  meterProgress,
  ndjson,
  observableSource,
  progressMetrics,
  schema,
  streamingQuery,
  tumbling,
  withWatermark,
  type QueryProgress,
  type SourceContext,
} from 'tidemark';
import { fileSource } from 'tidemark/node';
import { simulatedFiles } from 'tidemark/testing';

interface View {
  readonly at: number;
  readonly k: string;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Runs a query over four batches with a late row in the last one. */
async function measured(onProgress: (progress: QueryProgress) => void): Promise<void> {
  const rows = [
    { at: 1, k: 'a' },
    { at: 30, k: 'b' },
    { at: 31, k: 'b' },
    { at: 2, k: 'c' },
  ];
  const query = streamingQuery(memorySource<View>(rows, { maxRowsPerTrigger: 1 }), (rows$) =>
    rows$.pipe(withWatermark('at', 5), aggregate({ id: 'n', key: 'k', window: tumbling(10), select: { n: agg.count() } })),
  ).writeStream({ sink: memorySink(), name: 'views', trigger: availableNow(), onAdvice: () => {} });
  query.progress$.subscribe(onProgress);
  await query.start();
  await query.awaitTermination();
}

describe('OpenTelemetry', () => {
  afterEach(() => metrics.disable());

  it('a query writes to a meter of the real API: the instruments of the provider that is registered', async () => {
    const instruments: [string, string, string | undefined][] = [];
    const written: [string, number, unknown][] = [];
    const instrument = (kind: string) => (name: string, options?: MetricOptions) => {
      instruments.push([kind, name, options?.unit]);
      const write = (value: number, attributes?: unknown): void => void written.push([name, value, attributes]);
      return { add: write, record: write };
    };
    const refuse = (): never => {
      throw new Error('not used');
    };
    const meter: Meter = {
      createCounter: instrument('counter'),
      createHistogram: instrument('histogram'),
      createGauge: instrument('gauge'),
      createUpDownCounter: refuse,
      createObservableGauge: refuse,
      createObservableCounter: refuse,
      createObservableUpDownCounter: refuse,
      addBatchObservableCallback: refuse,
      removeBatchObservableCallback: refuse,
    };
    const provider: MeterProvider = {
      getMeter: (name, version) => {
        expect([name, version]).toEqual(['app', '1.0.0']);
        return meter;
      },
    };
    expect(metrics.setGlobalMeterProvider(provider)).toBe(true);
    await measured(meterProgress(metrics.getMeter('app', '1.0.0')));
    expect(instruments).toEqual([
      ['counter', 'tidemark.rows.input', '{row}'],
      ['counter', 'tidemark.rows.rejected', '{row}'],
      ['histogram', 'tidemark.batch.duration', 'ms'],
      ['gauge', 'tidemark.state.rows', '{row}'],
      ['gauge', 'tidemark.source.backlog', undefined],
      ['gauge', 'tidemark.watermark', 'ms'],
    ]);
    const of = (name: string) => written.filter(([one]) => one === `tidemark.${name}`).map(([, value]) => value);
    expect(of('rows.input').reduce((sum, n) => sum + n, 0)).toBe(4);
    expect(of('rows.rejected')).toEqual([1]);
    expect(of('source.backlog').slice(0, 4)).toEqual([3, 2, 1, 0]);
    expect(of('watermark').at(-1)).toBe(26);
    expect(written.find(([name]) => name === 'tidemark.state.rows')?.[2]).toEqual({ query: 'views', operator: 'n' });
    expect(written.find(([name]) => name === 'tidemark.rows.rejected')?.[2]).toEqual({ query: 'views', reason: 'late' });
  });

  it('without a provider the meter of the API does nothing, and the query runs', async () => {
    let batches = 0;
    const write = meterProgress(metrics.getMeter('app'));
    await measured((progress) => {
      write(progress);
      batches++;
    });
    expect(batches).toBeGreaterThanOrEqual(3);
  });
});

describe('[D84] backlog', () => {
  const sizes = async (source: unknown): Promise<(number | null)[]> => {
    const query = streamingQuery(source as ReturnType<typeof memorySource<View>>, (rows$) => rows$).writeStream({
      sink: memorySink<View>(),
      trigger: availableNow(),
      onAdvice: () => {},
    });
    const said: (number | null)[] = [];
    query.progress$.subscribe((progress) => void said.push(progressMetrics(progress).backlog_size));
    await query.start();
    await query.awaitTermination();
    return said;
  };

  it('rows that wait in a memory source, or in the queue of an Observable', async () => {
    const rows = Array.from({ length: 5 }, (_, at) => ({ at, k: 'a' }));
    expect(await sizes(memorySource<View>(rows, { maxRowsPerTrigger: 2 }))).toEqual([3, 1, 0]);
    const heard = new Subject<View>();
    const query = streamingQuery(observableSource(heard, { maxRowsPerTrigger: 2 }), (rows$) => rows$).writeStream({
      sink: memorySink<View>(),
      onAdvice: () => {},
    });
    await query.start();
    for (const row of rows) heard.next(row);
    await query.processAllAvailable();
    expect(query.recentProgress.map(({ sources }) => sources['source']?.backlog)).toEqual([3, 1, 0]);
    await query.stop();
  });

  it('files that are not read yet', async () => {
    const { fs } = simulatedFiles();
    await fs.mkdir('in');
    for (const name of ['a', 'b', 'c']) {
      const file = await fs.create(`in/${name}.ndjson`);
      await file.write(bytes('{"at":1,"k":"x"}\n'));
      await file.close();
    }
    const views = schema({ at: 'number', k: 'string' });
    const source = fileSource({ path: 'in', format: ndjson(), schema: views, maxFilesPerTrigger: 2, fileSystem: fs });
    expect(await sizes(source)).toEqual([1, 0]);
  });

  it('null where no source can tell', async () => {
    const source = {
      type: 'mute',
      description: {},
      replay: 'replayable',
      open: async (context: SourceContext) => {
        const reader = await memorySource<View>([{ at: 1, k: 'a' }]).open(context);
        return { next: reader.next.bind(reader), read: reader.read.bind(reader), close: () => {} };
      },
    };
    expect(await sizes(source)).toEqual([null]);
  });
});
