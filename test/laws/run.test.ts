import { defer, finalize, Observable, of, Subject, Subscription, takeWhile, tap } from 'rxjs';
import {
  agg,
  aggregate,
  filterRows,
  fromSignals,
  mapRows,
  mergeStreams,
  onUpdate,
  reassignWatermark,
  TidemarkError,
  tumbling,
  withWatermark,
} from 'tidemark';
import type { Element, Signal } from 'tidemark';
import { ManualRun, operatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import type { Sink } from '../../src/element';
import { connect, Graph } from '../../src/rx';

interface Row {
  readonly t: number;
  readonly k?: string;
}

/** A sink that writes down what it hears. */
function listener(log: string[] = []): { readonly log: string[]; readonly sink: Sink<unknown> } {
  const text = (value: unknown): string =>
    typeof value === 'object' && value !== null && 't' in value ? String(value.t) : JSON.stringify(value);
  return {
    log,
    sink: {
      event: (time, row) => void log.push(`row ${time} ${text(row)}`),
      watermark: (emit, drop) => void log.push(emit === drop ? `W ${emit}` : `W ${emit} ${drop}`),
      reject: ({ reason }) => void log.push(`rejected ${reason}`),
      idle: (idle) => void log.push(`idle ${String(idle)}`),
      barrier: (id) => void log.push(`barrier ${id}`),
      end: () => void log.push('end'),
      error: (cause) => void log.push(`error ${cause instanceof TidemarkError ? cause.code : String(cause)}`),
    },
  };
}

/** Connects streams in one run, as outputs of a query are. */
function run(...streams: Observable<unknown>[]): { readonly logs: string[][]; readonly graph: Graph; stop(): void } {
  const lifetime = new Subscription();
  // W moves with every row here: the sources are Observables, not slices of a batch.
  const graph = Graph.open(lifetime, { run: Object.assign(new ManualRun(), { continuous: true }) });
  const logs = streams.map((stream) => {
    const { log, sink } = listener();
    connect(stream, sink, graph);
    return log;
  });
  graph.start();
  return { logs, graph, stop: () => lifetime.unsubscribe() };
}

/** A source that counts its subscriptions. */
function counted(rows: readonly Row[]): { readonly source: Observable<Row>; subscriptions: () => number } {
  let subscriptions = 0;
  const source = defer(() => {
    subscriptions++;
    return of(...rows);
  });
  return { source, subscriptions: () => subscriptions };
}

const ROWS: readonly Row[] = [
  { t: 1, k: 'a' },
  { t: 5, k: 'b' },
  { t: 12, k: 'a' },
];
const counts = aggregate<Row, { n: ReturnType<typeof agg.count> }, undefined, ReturnType<typeof tumbling>>({
  window: tumbling(10),
  select: { n: agg.count() },
});
const countsOf = (stream: Observable<Element<Row>>): Observable<unknown> => stream.pipe(counts as never);

describe('inside a run every stream is connected once', () => {
  it('two outputs of one stream: the source is read once, both see everything', () => {
    const { source, subscriptions } = counted(ROWS);
    const stream = source.pipe(withWatermark('t', 0));
    const { logs } = run(stream, countsOf(stream));
    expect(subscriptions()).toBe(1);
    expect(logs[0]).toEqual(['row 1 1', 'W 1', 'row 5 5', 'W 5', 'row 12 12', 'W 12', 'W Infinity', 'end']);
    expect(logs[1]?.filter((line) => line.startsWith('row'))).toEqual([
      'row 9 {"window":{"start":0,"end":10},"n":2}',
      'row 19 {"window":{"start":10,"end":20},"n":1}',
    ]);
  });

  it('outside of one, each consumer has the stream to himself', () => {
    const { source, subscriptions } = counted(ROWS);
    const stream = source.pipe(withWatermark('t', 0));
    const lifetime = new Subscription();
    const graph = Graph.open(lifetime);
    const [a, b] = [listener(), listener()];
    connect(stream, a.sink, graph);
    connect(stream, b.sink, graph);
    graph.start();
    expect(subscriptions()).toBe(2);
    expect(a.log).toEqual(b.log);
    expect(a.log).toHaveLength(8);
  });

  it('a diamond: both branches carry the watermark, the merge joins them', () => {
    const { source, subscriptions } = counted(ROWS);
    const stream = source.pipe(withWatermark('t', 0));
    const left = stream.pipe(filterRows((r) => r.k === 'a'));
    const right = stream.pipe(mapRows((r) => ({ ...r, t: r.t * 100 })));
    const { logs } = run(mergeStreams([left, right]));
    expect(subscriptions()).toBe(1);
    expect(logs[0]).toEqual(
      ['row 1 1', 'row 1 100', 'W 1', 'row 5 500', 'W 5', 'row 12 12', 'row 12 1200', 'W 12', 'W Infinity', 'end'].flatMap(
        (l) => [l],
      ),
    );
  });

  it('a self-union doubles the rows, not the source', () => {
    const { source, subscriptions } = counted(ROWS);
    const stream = source.pipe(withWatermark('t', 0));
    const { logs } = run(countsOf(mergeStreams([stream, stream])));
    expect(subscriptions()).toBe(1);
    expect(logs[0]?.filter((line) => line.startsWith('row')).map((line) => line.slice(-6))).toEqual(['"n":4}', '"n":2}']);
  });

  it('a self-union of a stateful operator has one state', () => {
    const { source } = counted(ROWS);
    const windows = source.pipe(withWatermark('t', 0)).pipe(counts as never);
    const { graph } = run(mergeStreams([windows as never, windows as never]));
    expect(graph.shared.stages.map(({ id }) => id).sort()).toEqual(['aggregate-2', 'mergeStreams-3', 'withWatermark-1']);
  });

  it('a foreign operator between two branches: no branch misses rows of a synchronous source', () => {
    const { source, subscriptions } = counted(ROWS);
    const stream = source.pipe(withWatermark('t', 0));
    const seen: number[] = [];
    const { logs } = run(stream, countsOf(stream.pipe(tap(() => seen.push(1)))));
    expect(subscriptions()).toBe(1);
    expect(logs[0]).toHaveLength(8);
    expect(seen).toHaveLength(7);
    expect(logs[1]?.filter((line) => line.startsWith('row'))).toHaveLength(2);
    expect(logs[1]?.at(-1)).toBe('end');
  });

  it('two branches through foreign operators read the source once', () => {
    const { source, subscriptions } = counted(ROWS);
    const stream = source.pipe(withWatermark('t', 0));
    const { logs } = run(countsOf(stream.pipe(tap())), countsOf(stream.pipe(tap())));
    expect(subscriptions()).toBe(1);
    expect(logs[0]).toEqual(logs[1]);
    expect(logs[0]?.filter((line) => line.startsWith('row'))).toHaveLength(2);
  });

  it('two consumers of one foreign edge: it is subscribed once', () => {
    let edges = 0;
    const source = new Subject<Row>();
    const edge = source.pipe(withWatermark('t', 0), tap({ subscribe: () => void edges++ }));
    const { logs } = run(countsOf(edge as never), edge as never);
    ROWS.forEach((row) => source.next(row));
    source.complete();
    expect(edges).toBe(1);
    expect(logs[1]).toHaveLength(8);
    expect(logs[0]?.filter((line) => line.startsWith('row'))).toHaveLength(2);
  });

  it('a branch that a foreign operator ends does not end the others', () => {
    const source = new Subject<Row>();
    const stream = source.pipe(withWatermark('t', 0));
    let open = 0;
    const { logs } = run(
      stream.pipe(
        takeWhile(() => open++ < 3),
        finalize(() => undefined),
      ) as never,
      stream.pipe(tap()) as never,
    );
    ROWS.forEach((row) => source.next(row));
    source.complete();
    expect(logs[0]).toEqual(['row 1 1', 'W 1', 'row 5 5', 'end']);
    expect(logs[1]).toEqual(['row 1 1', 'W 1', 'row 5 5', 'W 5', 'row 12 12', 'W 12', 'W Infinity', 'end']);
  });

  it('a branch that fails does not stop the others in the middle of a row', () => {
    const source = new Subject<Row>();
    const stream = source.pipe(withWatermark('t', 0));
    const failing = stream.pipe(
      mapRows((r) => {
        if (r.t === 5) throw new Error('boom');
        return r;
      }),
    );
    const { logs } = run(failing, stream);
    ROWS.forEach((row) => source.next(row));
    expect(logs[0]).toEqual(['row 1 1', 'W 1', 'error TIDEMARK_USER_FUNCTION']);
    expect(logs[1]).toEqual(['row 1 1', 'W 1', 'row 5 5', 'W 5', 'row 12 12', 'W 12']);
  });

  it('a rejection is one fact, whatever the number of branches', () => {
    const { source } = counted([{ t: NaN }, { t: 3 }]);
    const stream = source.pipe(withWatermark('t', 0));
    const { logs } = run(stream, stream.pipe(mapRows((r) => r)), stream.pipe(tap()) as never);
    expect(logs.flat().filter((line) => line.startsWith('rejected'))).toEqual(['rejected invalid']);
    expect(logs.map((log) => log.filter((line) => line.startsWith('row')).length)).toEqual([1, 1, 1]);
  });

  it('barriers, idle marks and watermarks reach every branch in order, and are aligned behind a merge', () => {
    const input: readonly Signal<Row>[] = [
      { kind: 'event', time: 1, row: { t: 1 } },
      { kind: 'watermark', time: 1, drop: 0 },
      { kind: 'idle', idle: true },
      { kind: 'barrier', batchId: 7 },
    ];
    const stream = of(...input).pipe(fromSignals());
    const branch = stream.pipe(mapRows((r) => r));
    const { logs } = run(branch, mergeStreams([branch, stream]), stream.pipe(tap()) as never);
    expect(logs[0]).toEqual(['row 1 1', 'W 1 0', 'idle true', 'barrier 7', 'end']);
    expect(logs[1]).toEqual(['row 1 1', 'row 1 1', 'W 1 0', 'idle true', 'barrier 7', 'end']);
    expect(logs[2]).toEqual(['row 1 1', 'W 1 0', 'idle true', 'barrier 7', 'end']);
  });

  it('the context reaches through lifted foreign operators, and its loss is refused', () => {
    const { source } = counted(ROWS);
    const stream = source.pipe(withWatermark('t', 0));
    expect(() => run(countsOf(defer(() => stream)))).toThrow(expect.objectContaining({ code: 'TIDEMARK_CONTEXT_LOST' }) as Error);
    expect(() => run(countsOf(new Observable<Element<Row>>((s) => stream.subscribe(s))))).toThrow(
      expect.objectContaining({ code: 'TIDEMARK_CONTEXT_LOST' }) as Error,
    );
  });

  it('two operators of one id are refused; the same operator twice is not', () => {
    const { source } = counted(ROWS);
    const stream = source.pipe(withWatermark('t', 0));
    const one = stream.pipe(mapRows((r) => r, { id: 'x' }));
    const two = stream.pipe(mapRows((r) => r, { id: 'x' }));
    expect(() => run(one, two)).toThrow(expect.objectContaining({ code: 'TIDEMARK_DUPLICATE_ID' }) as Error);
    expect(() => run(one, one, mergeStreams([one, one]))).not.toThrow();
  });

  it('the end of the lifetime ends every source', () => {
    const [a, b] = [new Subject<Row>(), new Subject<Row>()];
    const merged = mergeStreams([a.pipe(withWatermark('t', 0)), b.pipe(withWatermark('t', 0), tap())]);
    const { stop, logs } = run(merged, countsOf(merged));
    a.next({ t: 1 });
    expect([a.observed, b.observed]).toEqual([true, true]);
    stop();
    expect([a.observed, b.observed]).toEqual([false, false]);
    a.next({ t: 2 });
    expect(logs[0]).toEqual(['row 1 1']);
  });
});

describe('the harness in a run', () => {
  it('memoises streams and says unchanged watermarks again', () => {
    const harness = operatorHarness<Row, Row, 'event', 'event'>(
      (source) => {
        const branch = source.pipe(mapRows((r) => r));
        return mergeStreams([branch, branch]);
      },
      { run: true },
    );
    harness.event(1, { t: 1 });
    harness.watermark(1);
    harness.watermark(1);
    harness.barrier(3);
    expect(harness.take().map((s) => s.kind)).toEqual(['event', 'event', 'watermark', 'watermark', 'barrier']);
    expect(harness.tallies.map((tally) => tally.in)).toEqual([1, 2]);
  });
});

describe('reassignWatermark and changes in a run', () => {
  it('a branch with other times has its own watermark', () => {
    const { source } = counted(ROWS);
    const stream = source.pipe(withWatermark('t', 0));
    const { logs } = run(stream.pipe(reassignWatermark((r) => r.t * 10, 5)), stream);
    expect(logs[0]).toEqual(['row 10 1', 'W 5', 'row 50 5', 'W 45', 'row 120 12', 'W 115', 'W Infinity', 'end']);
  });

  it('a change stream fans out too', () => {
    const { source } = counted(ROWS);
    const changes = source.pipe(withWatermark('t', 0), aggregate({ select: { n: agg.count() }, emit: onUpdate() }));
    const { logs } = run(changes, changes);
    expect(logs[0]).toEqual(logs[1]);
    expect(logs[0]?.filter((line) => line.startsWith('row'))).toHaveLength(3);
  });
});
