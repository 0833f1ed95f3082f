import { of } from 'rxjs';
import {
  explain,
  flatten,
  outcomes,
  parseJson,
  partitionByCategory,
  partitionByTime,
  rejected,
  rows,
  schema,
  toTimestamp,
  upper,
  where,
  withColumn,
  withWatermark,
  type EventStream,
} from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

/** Equal in both directions. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const typed = <T>(_stream: EventStream<T>) => ({ as: <U>(_yes: Same<T, U>): void => {} });

function given<T extends { t: number }>(...input: T[]): EventStream<T> {
  return of(...input).pipe(withWatermark((row) => row.t, 0)) as EventStream<T>;
}
function heard<T>(stream: EventStream<T>): T[] {
  const got: T[] = [];
  stream.pipe(rows()).subscribe((row) => got.push(row));
  return got;
}
const order = schema({ user: 'string', n: 'long', inner: { at: 'timestamp?' } });

describe('parseJson', () => {
  const texts = [
    '{"user":"a","n":1,"inner":{"at":"1970-01-01T00:00:01Z"}}',
    '{"user":5,"n":"x","inner":{}}',
    '[1]',
    'nonsense',
    '',
    null,
  ];

  it('[L22] permissive: nulls as Spark gives them, all counted', () => {
    const harness = operatorHarness(parseJson<{ v: string | null }, unknown, 'v', 'event'>('v', order));
    for (const v of texts) harness.event(1, { v });
    expect(harness.takeRows()).toEqual([
      { v: { user: 'a', n: 1, inner: { at: 1000 } } },
      { v: { user: '5', n: null, inner: { at: null } } },
      { v: null },
      { v: null },
      { v: null },
      { v: null },
    ]);
    expect(harness.tally).toMatchObject({ in: 6, forwarded: 6 });
    const stream = given({ t: 1, v: '{"n":"x"}' }, { t: 2, v: '{' }).pipe(parseJson('v', order));
    heard(stream);
    expect(JSON.stringify(explain(stream))).toMatch(/"nulledTexts":1.*"nulledFields":1/);
  });

  it('takes text in JSON for text: it is no number', () => {
    const numbers = given({ t: 1, v: '{"n":"1"}' }, { t: 2, v: '{"n":1}' }).pipe(parseJson('v', schema({ n: 'long' })));
    expect(heard(numbers).map(({ v }) => v?.n)).toEqual([null, 1]);
  });

  it('[L22] [P1.1] strict: to the rejections, with what is wrong', () => {
    const reasons: unknown[] = [];
    given(...texts.map((v, t) => ({ t, v })))
      .pipe(parseJson('v', order, { mode: 'strict', as: 'data' }), rejected())
      .subscribe(({ reason, row, detail }) => reasons.push([reason, row, detail?.message]));
    expect(reasons).toEqual([
      ['invalid', { t: 1, v: texts[1] }, 'v: user: is no text; n: is no whole number within 2^53'],
      ['invalid', { t: 2, v: '[1]' }, 'v: is no object'],
      ['invalid', { t: 3, v: 'nonsense' }, expect.stringMatching(/^v: .*JSON/)],
      ['invalid', { t: 4, v: '' }, expect.stringMatching(/^v: .*JSON/)],
    ]);
  });

  it('[L91] takes bytes and schemas of others; keeps to depth; leaves what came in as it was', () => {
    const row = { t: 1, v: new TextEncoder().encode('{"n":1}') };
    const stream = given(row).pipe(parseJson('v', z.object({ n: z.number() }), { as: 'data', mode: 'strict' }));
    typed(stream).as<{ t: number; v: Uint8Array<ArrayBuffer>; data: { n: number } | null }>(true);
    expect(heard(stream)).toEqual([{ ...row, data: { n: 1 } }]);
    expect(Object.keys(row)).toEqual(['t', 'v']);
    const deep = given({ t: 1, v: `{"a":${'['.repeat(70)}${']'.repeat(70)}}` });
    expect(heard(deep.pipe(parseJson('v', schema({ a: 'any' }))))).toEqual([{ t: 1, v: null }]);
    expect(() => parseJson('v' as never, {} as never)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
  });

  it('has the types of the schema, with nulls where they can come', () => {
    const permissive = given({ t: 1, v: '' }).pipe(parseJson('v', order));
    typed(permissive).as<{
      t: number;
      v: { user: string | null; n: number | null; inner: { at: number | null } | null } | null;
    }>(true);
    const strict = given({ t: 1, v: '' }).pipe(parseJson('v', order, { mode: 'strict' }));
    typed(strict).as<{ t: number; v: { user: string; n: number; inner: { at: number | null } } | null }>(true);
    // @ts-expect-error no such column
    given({ t: 1, v: '' }).pipe(parseJson('w', order));
  });
});

describe('flatten', () => {
  it('[L23] lifts the columns inside a column', () => {
    const stream = given({ t: 1, data: { x: 1, y: { z: 2 } }, k: 'a' }).pipe(flatten('data'));
    typed(stream).as<{ t: number; k: string; x: number; y: { z: number } }>(true);
    expect(heard(stream)).toEqual([{ t: 1, k: 'a', x: 1, y: { z: 2 } }]);
    const nullable = given({ t: 1, data: null as { x: number } | null }).pipe(flatten('data'));
    typed(nullable).as<{ t: number; x?: number | null }>(true);
    expect(heard(nullable)).toEqual([{ t: 1 }]);
    expect(heard(given({ t: 1, data: { data: 5 } }).pipe(flatten('data')))).toEqual([{ t: 1, data: 5 }]);
  });

  it('[L23] refuses a name that is there twice, and what is no object', () => {
    const failure = (row: { t: number; data: never }): unknown => {
      let code: unknown;
      given(row)
        .pipe(flatten('data'), outcomes())
        .subscribe({ error: (cause: { code: unknown }) => (code = cause.code) });
      return code;
    };
    expect(failure({ t: 1, data: { t: 2 } as never })).toBe('TIDEMARK_NAME_CLASH');
    expect(failure({ t: 1, data: [1] as never })).toBe('TIDEMARK_OPTION');
    expect(failure({ t: 1, data: 'x' as never })).toBe('TIDEMARK_OPTION');
  });

  it('takes names of Object.prototype for ordinary names', () => {
    const [row] = heard(
      given({ t: 1, data: JSON.parse('{"__proto__":{"polluted":1},"toString":2}') as object }).pipe(flatten('data')),
    );
    expect(Object.entries(row as object)).toEqual([
      ['t', 1],
      ['__proto__', { polluted: 1 }],
      ['toString', 2],
    ]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('toTimestamp', () => {
  const times = (format: string | undefined, ...at: unknown[]): unknown[] =>
    heard(given(...at.map((one, t) => ({ t, at: one }))).pipe(toTimestamp('at', format === undefined ? {} : { format }))).map(
      (row) => row.at,
    );

  it('[L25] turns text into times; bad text is null and counted', () => {
    expect(
      times(undefined, '2026-03-01', '2026-03-01 12:00:00.5+02:00', 'soon', '2026-02-30', null, '', 5.9, new Date(7)),
    ).toEqual([1772323200000, 1772359200500, null, null, null, null, 5, 7]);
    const stream = given({ t: 1, at: 'x' }, { t: 2, at: null }).pipe(toTimestamp('at', { as: 'time' }));
    typed(stream).as<{ t: number; at: string | null; time: number | null }>(true);
    expect(heard(stream)).toEqual([
      { t: 1, at: 'x', time: null },
      { t: 2, at: null, time: null },
    ]);
    expect(explain(stream).operators.at(-1)?.live?.['unreadable']).toBe(1);
    const readable = given({ t: 1, at: '2026-03-01' }, { t: 2, at: null }).pipe(toTimestamp('at'));
    heard(readable);
    expect(explain(readable).operators.at(-1)?.live?.['unreadable']).toBe(0);
  });

  it('[L25] reads patterns of letters', () => {
    expect(times('dd.MM.yyyy HH:mm', '01.03.2026 12:00', '1.3.2026 12:00', '30.02.2026 12:00', '01.03.2026 12:00 ', 5)).toEqual([
      1772366400000,
      null,
      null,
      null,
      null,
    ]);
    expect(times("yyyy-MM-dd'T'HH:mm:ss.SSSX", '2026-03-01T12:00:00.250+01:00', '2026-03-01T12:00:00.25Z')).toEqual([
      1772362800250,
      null,
    ]);
    expect(times('(yyyy)', '(2026)', '2026')).toEqual([Date.UTC(2026), null]);
    for (const format of ['hh:mm', 'MM', 'yyyy yyyy', 'yyyy-QQ']) {
      expect(() => toTimestamp('at' as never, format)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
    }
  });
});

describe('where', () => {
  const amounts = [5, 0, -1, null, undefined, NaN, '7', 2n].map((amount, t) => ({ t, amount: amount as number | null }));
  const kept = (stream: EventStream<{ t: number }>): number[] => heard(stream).map(({ t }) => t);

  it('[L24] leaves out null, whichever way the question is put', () => {
    expect(kept(given(...amounts).pipe(where('amount', '>', 0)))).toEqual([0, 7]);
    expect(kept(given(...amounts).pipe(where('amount', '<=', 0)))).toEqual([1, 2]);
    expect(kept(given(...amounts).pipe(where('amount', '!=', 5)))).toEqual([1, 2, 7]);
    expect(kept(given(...amounts).pipe(where('amount', '=', 5)))).toEqual([0]);
    expect(kept(given(...amounts).pipe(where((row) => (row.amount === null ? null : row.amount > 0))))).toEqual([0, 6, 7]);
    const harness = operatorHarness(where<{ amount: number | null }, 'amount', 'event'>('amount', '>=', 0));
    for (const row of amounts) harness.event(1, row);
    expect(harness.tally).toMatchObject({ in: 8, forwarded: 3, filtered: 5, rejected: {} });
    expect(harness.report).toMatchObject({ unknown: 4 }); // null, missing, NaN and text are no numbers; -1 is one
  });

  it('takes options behind either form', () => {
    const row = given({ t: 1, amount: 5 });
    const idOf = (stream: EventStream<unknown>): unknown => explain(stream).operators.at(-1)?.id;
    expect(idOf(row.pipe(where('amount', '>', 0, { id: 'some' })))).toBe('some');
    expect(idOf(row.pipe(where(({ amount }) => amount > 0, { id: 'others' })))).toBe('others');
    expect(idOf(row.pipe(where(({ amount }) => amount > 0)))).toBe('where-2');
  });

  it('compares text by code unit, times and booleans; refuses nonsense', () => {
    const rowsOf = given({ t: 1, s: 'b', d: new Date(5), b: true });
    expect(kept(rowsOf.pipe(where('s', '>', 'B'), where('d', '>=', new Date(5)), where('b', '=', true)))).toEqual([1]);
    // @ts-expect-error a column of text is compared with text
    expect(kept(rowsOf.pipe(where('s', '>', 1)))).toEqual([]);
    const option = expect.objectContaining({ code: 'TIDEMARK_OPTION' });
    expect(() => where('s' as never, '~' as never, 1 as never)).toThrow(option);
    expect(() => where('s' as never, '=', NaN as never)).toThrow(option);
  });
});

describe('columns', () => {
  it('[L25] withColumn adds or replaces', () => {
    const row = { t: 1, a: 'x' };
    const stream = given(row).pipe(
      withColumn('b', (r) => r.a.length),
      withColumn('a', (r) => r.b + 1),
    );
    typed(stream).as<{ t: number; b: number; a: number }>(true);
    expect(heard(stream)).toEqual([{ t: 1, b: 1, a: 2 }]);
    expect(row).toEqual({ t: 1, a: 'x' });
  });

  it('[L26] upper: by Unicode, on every machine the same', () => {
    expect(['straße', 'ﬁ', 'i', 'ı', 'ŉ', 'ά', '日本', ''].map((text) => upper(text))).toEqual([
      'STRASSE',
      'FI',
      'I',
      'I',
      'ʼN',
      'Ά',
      '日本',
      '',
    ]);
    expect([upper(null), upper(undefined)]).toEqual([null, null]);
  });

  it('[D77] partitionByTime: UTC by default, zones with their changes of the clock', () => {
    const at = [
      Date.UTC(2026, 2, 29, 0, 59),
      '2026-03-29T01:00:00Z',
      new Date(Date.UTC(2026, 9, 25, 0, 30)),
      Date.UTC(2026, 9, 25, 1, 30),
      Date.UTC(2025, 11, 31, 23),
      null,
      'x',
    ];
    const stream = given(...at.map((one, t) => ({ t, at: one as number })));
    const utc = heard(stream.pipe(partitionByTime('at'))).map(({ year, month, day, hour }) => [year, month, day, hour]);
    expect(utc).toEqual([
      [2026, 3, 29, 0],
      [2026, 3, 29, 1],
      [2026, 10, 25, 0],
      [2026, 10, 25, 1],
      [2025, 12, 31, 23],
      [null, null, null, null],
      [null, null, null, null],
    ]);
    const berlin = heard(stream.pipe(partitionByTime('at', ['year', 'day', 'hour'], { zone: 'Europe/Berlin' })));
    expect(berlin.slice(0, 5).map(({ year, day, hour }) => [year, day, hour])).toEqual([
      [2026, 29, 1],
      [2026, 29, 3],
      [2026, 25, 2],
      [2026, 25, 2],
      [2026, 1, 0],
    ]);
    const kathmandu = heard(given({ t: 0, at: -1 }).pipe(partitionByTime('at', ['hour'], { zone: 'Asia/Kathmandu' })));
    expect(kathmandu[0]).toEqual({ t: 0, at: -1, hour: 5 });
    const option = expect.objectContaining({ code: 'TIDEMARK_OPTION' });
    expect(() => partitionByTime('at' as never, ['week' as 'day'])).toThrow(option);
    expect(() => partitionByTime('at' as never, ['day'], { zone: 'Mars/Base' })).toThrow(option);
  });

  it('[D78] partitionByCategory: null, missing and empty are unknown', () => {
    const stream = given(...['jazz', null, undefined, '', 0, '../x'].map((genre, t) => ({ t, genre }))).pipe(
      partitionByCategory('genre'),
    );
    expect(heard(stream).map((row) => row.category_partition)).toEqual(['jazz', 'unknown', 'unknown', 'unknown', '0', '../x']);
    const named = given({ t: 1, genre: 'x' }).pipe(partitionByCategory('genre', { as: 'folder' }));
    typed(named).as<{ t: number; genre: string; folder: string }>(true);
    expect(heard(named)).toEqual([{ t: 1, genre: 'x', folder: 'x' }]);
  });
});
