import { memorySink, table, type BatchSink, type Change, type MemorySink } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { batchOf, contextOf, idOf } from './sinks';

interface Count {
  readonly id: string;
  readonly n: number;
}

const say = (sink: BatchSink<Count>, batchId: number, mode: 'append' | 'update' | 'complete', ...rows: Count[]): unknown =>
  sink.commit(batchOf(mode, rows), idOf(batchId));
const row = (id: string, n = 0): Count => ({ id, n });
const shown = (sink: MemorySink<Count>): string =>
  sink
    .rows()
    .map(({ id, n }) => `${id}${n}`)
    .join(' ');

describe('memorySink', () => {
  it('[L18] adds in append mode', () => {
    const sink = memorySink<Count>();
    say(sink, 0, 'append', row('a', 1), row('b', 1));
    say(sink, 1, 'append', row('a', 2));
    expect(shown(sink)).toBe('a1 b1 a2');
  });

  it('[L18] replaces in complete mode', () => {
    const sink = memorySink<Count>();
    say(sink, 0, 'complete', row('a', 1), row('b', 1));
    say(sink, 1, 'complete', row('b', 2));
    expect(shown(sink)).toBe('b2');
  });

  it('keeps the newest row of a key in update mode', () => {
    const sink = memorySink<Count>({ key: 'id' });
    say(sink, 0, 'update', row('a', 1), row('b', 1));
    say(sink, 1, 'update', row('a', 2), row('c', 1));
    expect(shown(sink)).toBe('a2 b1 c1');
  });

  it('keeps composite keys apart, though a reader lends its array', () => {
    const sink = memorySink<Count>({ key: ['id', 'n'] });
    say(sink, 0, 'update', row('a', 1), row('a', 2));
    expect(shown(sink)).toBe('a1 a2');
    sink.open({ ...contextOf(), committed: -1 });
    expect(shown(sink)).toBe('');
  });

  it('goes by the key of a ChangeStream, windows too, and removes what is deleted', () => {
    const sink = memorySink<Count>();
    const pane = { timing: 'onTime', index: 0, isLast: true } as const;
    const change = (op: 'upsert' | 'delete', key: unknown[], of: Count): Change<Count> => ({ op, key, row: of, pane });
    const changes = [change('upsert', [0, 'a'], row('a', 1)), change('upsert', [10, 'a'], row('a', 2))];
    sink.commit({ mode: 'update', rows: changes.map(({ row: one }) => one), changes }, idOf(0));
    expect(shown(sink)).toBe('a1 a2');
    sink.commit({ mode: 'update', rows: [], changes: [change('delete', [0, 'a'], row('a', 1))] }, idOf(1));
    expect(shown(sink)).toBe('a2');
  });

  it('ignores a batch it has, whatever the attempt', () => {
    const sink = memorySink<Count>();
    say(sink, 3, 'append', row('a', 1));
    sink.commit(batchOf('append', [row('b', 1)]), idOf(3, { attemptId: 'other' }));
    say(sink, 2, 'append', row('c', 1));
    expect(shown(sink)).toBe('a1');
  });

  it.each(['append', 'update', 'complete'] as const)('takes back at a restart what is not committed: %s', (mode) => {
    const sink = memorySink<Count>({ key: 'id' });
    say(sink, 0, mode, row('a', 1), row('b', 1));
    const before = shown(sink);
    say(sink, 1, mode, row('a', 2), row('c', 2));
    sink.open(contextOf({ committed: 0 }));
    expect(shown(sink)).toBe(before);
    expect(sink.batches.map(({ batchId }) => batchId)).toEqual([0]);
    say(sink, 1, mode, row('b', 3));
    expect(shown(sink)).toContain('b3');
  });

  it('keeps everything at a restart that lost nothing', () => {
    const sink = memorySink<Count>();
    sink.open(contextOf());
    say(sink, 0, 'append', row('a', 1));
    sink.open(contextOf({ committed: 0 }));
    expect(shown(sink)).toBe('a1');
  });

  it('begins anew for another query', () => {
    const sink = memorySink<Count>();
    sink.open(contextOf({ queryId: 'one' }));
    say(sink, 0, 'append', row('a', 1));
    sink.open(contextOf({ queryId: 'two' }));
    say(sink, 0, 'append', row('b', 1));
    expect(shown(sink)).toBe('b1');
  });

  it('[L18] shows its rows as they stand and after each batch', () => {
    const sink = memorySink<Count>();
    const seen: string[] = [];
    const subscription = sink.rows$.subscribe((rows) => seen.push(rows.map(({ id }) => id).join('')));
    say(sink, 0, 'append', row('a'));
    say(sink, 0, 'append', row('x'));
    say(sink, 1, 'append', row('b'));
    subscription.unsubscribe();
    say(sink, 2, 'append', row('c'));
    expect(seen).toEqual(['', 'a', 'ab']);
  });

  it('gives snapshots that later batches do not change', () => {
    const sink = memorySink<Count>();
    say(sink, 0, 'append', row('a'));
    const before = sink.rows();
    expect(sink.rows()).toBe(before);
    say(sink, 1, 'append', row('b'));
    expect(before).toHaveLength(1);
  });

  it('clears rows, not its knowledge of batches', () => {
    const sink = memorySink<Count>();
    say(sink, 0, 'append', row('a'));
    sink.clear();
    say(sink, 0, 'append', row('a'));
    expect(sink.rows()).toEqual([]);
  });

  it('keeps so many batches', () => {
    const sink = memorySink<Count>({ retainBatches: 2 });
    for (let batch = 0; batch < 5; batch++) say(sink, batch, 'complete', row('a', batch));
    expect(sink.batches.map(({ batchId }) => batchId)).toEqual([3, 4]);
    expect(() => memorySink({ retainBatches: 0 })).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
  });

  it('[L18] is found by its name; SQL is refused', () => {
    const sink = memorySink<Count>('my_table');
    expect(table('my_table')).toBe(sink);
    expect(() => table('no_table')).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
    expect(() => sink.sql('select * from my_table')).toThrow(expect.objectContaining({ code: 'TIDEMARK_UNSUPPORTED' }));
  });
});
