import { of, type Observable } from 'rxjs';
import { broadcastJoin, explain, mapAsync, mapRows, mergeStreams, rows, withWatermark, type Element } from 'tidemark';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly t: number;
  readonly k: string;
}

const timed = (): Observable<Element<Row>> => of({ t: 1, k: 'a' }, { t: 2, k: 'b' }).pipe(withWatermark('t', 0));

const STREAMS: readonly (readonly [string, () => Observable<Element<unknown>>])[] = [
  ['mapRows', () => timed().pipe(mapRows((row) => row))],
  ['mapAsync', () => timed().pipe(mapAsync((row) => row))],
  ['mergeStreams', () => mergeStreams([timed()])],
  ['broadcastJoin', () => timed().pipe(broadcastJoin([{ k: 'a', n: 1 }], { on: 'k' }))],
];

describe('explain', () => {
  it.each(STREAMS)('tells how a live %s is doing, and of one that does not run only what it is', (type, make) => {
    const stream = make();
    const last = (): object => explain(stream).operators.at(-1)!;
    expect(last()).toMatchObject({ type });
    expect(last()).not.toHaveProperty('live');
    stream.pipe(rows()).subscribe();
    expect(last()).toMatchObject({ type, live: { counters: { in: 2 } } });
  });
});
