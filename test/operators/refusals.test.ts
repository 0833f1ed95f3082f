import { of } from 'rxjs';
import {
  broadcastJoin,
  dropDuplicates,
  dropDuplicatesWithinWatermark,
  intervalJoin,
  limitRows,
  withWatermark,
  type Element,
} from 'tidemark';
import { describe, expect, it } from 'vitest';
import type { Observable } from 'rxjs';

interface Row {
  readonly t: number;
  readonly k: string;
}

const timed = (): Observable<Element<Row>> => of<Row>({ t: 1, k: 'a' }).pipe(withWatermark('t', 0));

const REFUSED: readonly (readonly [string, () => unknown])[] = [
  ['dropDuplicates without columns', () => dropDuplicates<Row>([] as never)],
  ['dropDuplicatesWithinWatermark without columns', () => dropDuplicatesWithinWatermark<Row>([])],
  ['broadcastJoin without a key', () => broadcastJoin([{ k: 'a' }], { on: [] as never })],
  [
    'broadcastJoin that reloads what no function loads',
    () => broadcastJoin([{ k: 'a' }], { on: 'k' as never, reload: '1 minute' }),
  ],
  ['intervalJoin without a key', () => intervalJoin(timed(), { on: [] as never, within: { after: 5 } })],
  ['limitRows to a part of a row', () => limitRows(1.5)],
  ['limitRows to fewer than none', () => limitRows(-1)],
];

describe('options that cannot be meant are refused where they are written', () => {
  it.each(REFUSED)('%s', (_name, build) => {
    expect(build).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }) as Error);
  });

  it('what is on the edge is not', () => {
    expect(() => limitRows(0)).not.toThrow();
    expect(() => dropDuplicatesWithinWatermark<Row>(['k'])).not.toThrow();
    expect(() => broadcastJoin(() => [{ k: 'a' }], { on: 'k' as never, reload: '1 minute' })).not.toThrow();
  });
});
