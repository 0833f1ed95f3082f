import { memorySink } from 'tidemark';
import { toTable } from 'tidemark/ui';
import { describe, expect, it } from 'vitest';
import { batchOf, idOf } from '../connectors/sinks';

interface Row {
  readonly id: string;
  readonly n: number;
  readonly window: { readonly start: number; readonly end: number };
  readonly at: Date;
}
const row = (id: string, n: number): Row => ({ id, n, window: { start: 0, end: 10 }, at: new Date(7) });

describe('toTable', () => {
  it('shares the structure of what did not change, in complete mode too', () => {
    const sink = memorySink<Row>();
    const tables: ReadonlyMap<string, Row>[] = [];
    toTable(sink, { key: ['window', 'id'] as never }).subscribe((table) => tables.push(table));
    sink.commit(batchOf('complete', [row('a', 1), row('b', 1)]), idOf(0));
    sink.commit(batchOf('complete', [row('a', 1), row('b', 2), row('c', 1)]), idOf(1));
    const [empty, first, second] = tables.map((table) => [...table.values()]);
    expect(empty).toEqual([]);
    expect(second).toEqual([row('a', 1), row('b', 2), row('c', 1)]);
    expect(second?.[0]).toBe(first?.[0]);
    expect(second?.[1]).not.toBe(first?.[1]);
    expect(second?.[1]?.window).toBe(first?.[1]?.window);
  });

  it('says nothing when nothing changed, and drops what is gone', () => {
    const sink = memorySink<Row>({ key: 'id' });
    const sizes: number[] = [];
    toTable(sink, { key: 'id' }).subscribe((table) => sizes.push(table.size));
    sink.commit(batchOf('complete', [row('a', 1), row('b', 1)]), idOf(0));
    sink.commit(batchOf('complete', [row('a', 1), row('b', 1)]), idOf(1));
    sink.commit(batchOf('complete', [row('b', 1)]), idOf(2));
    expect(sizes).toEqual([0, 2, 1]);
  });

  it('takes columns away that a row no longer has', () => {
    const sink = memorySink<{ id: string; note?: string }>();
    const seen: unknown[] = [];
    toTable(sink, { key: 'id' }).subscribe((table) => seen.push(table.get('a')));
    sink.commit(batchOf('complete', [{ id: 'a', note: 'x' }]), idOf(0));
    sink.commit(batchOf('complete', [{ id: 'a' }]), idOf(1));
    expect(seen).toEqual([undefined, { id: 'a', note: 'x' }, { id: 'a' }]);
  });
});
