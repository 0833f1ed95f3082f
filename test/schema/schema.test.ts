import type { StandardSchemaV1 } from '@standard-schema/spec';
import fc from 'fast-check';
import { optional, schema, type FieldsRow, type RowOfSchema, type Schema, type StandardSchema, type WithNulls } from 'tidemark';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { jsonReader } from '../../src/formats/json';
import { INVALID, rowReader } from '../../src/schema/rowReader';

const video = schema({
  id: 'string',
  views: 'long',
  score: 'double?',
  live: 'boolean',
  at: 'timestamp',
  tags: ['string'],
  channel: optional({ name: 'string', size: 'bigint?' }),
});
const good = { id: 'a', views: 3, score: 1.5, live: true, at: '2026-03-01', tags: ['x'], channel: { name: 'n', size: 7 } };
const read = { id: 'a', views: 3, score: 1.5, live: true, at: 1772323200000, tags: ['x'], channel: { name: 'n', size: 7n } };
const check = (value: unknown, of: StandardSchema = video): unknown => of['~standard'].validate(value);
const messages = (value: unknown, of: StandardSchema = video): string[] =>
  ((check(value, of) as { issues?: { message: string; path: string[] }[] }).issues ?? []).map(
    ({ message, path }) => `${path.join('.')}: ${message}`,
  );

/** Only types that are equal can be assigned. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_yes: Same<A, B>): void => {};

describe('schema', () => {
  it('[L21] gives run-time checks and TypeScript types in one', () => {
    expect(check(good)).toEqual({ value: read });
    same<
      RowOfSchema<typeof video>,
      {
        id: string;
        views: number;
        score: number | null;
        live: boolean;
        at: number;
        tags: string[];
        channel: { name: string; size: bigint | null } | null;
      }
    >(true);
    expect(check({ optional: ['a'] }, schema({ optional: ['string'] }))).toEqual({ value: { optional: ['a'] } });
    same<FieldsRow<{ readonly a: readonly [{ readonly b: 'any' }] }>, { a: { b: unknown }[] }>(true);
    same<WithNulls<{ a: number; b: { c: string }[] }>, { a: number | null; b: ({ c: string | null } | null)[] | null }>(true);
  });

  it('[L21] is a Standard Schema', () => {
    const standard: StandardSchemaV1<unknown, RowOfSchema<typeof video>> = video;
    expect(standard['~standard']).toMatchObject({ version: 1, vendor: 'tidemark' });
  });

  it('says what is wrong, and where; leaves nothing of it for the next row', () => {
    expect(messages({ ...good, views: 0.5, at: 'yesterday', tags: ['a', 5], channel: { size: 1.5 } })).toEqual([
      'views: is no whole number within 2^53',
      'at: is no time',
      'tags.1: is no text',
      'channel.name: is missing',
      'channel.size: is no whole number',
    ]);
    expect(messages({ id: 1 })).toHaveLength(5);
    for (const value of [null, undefined, 5, 'x', [good]]) expect(messages(value)).toHaveLength(1);
    expect(check(good)).toEqual({ value: read });
    expect(messages({ l: Array.from({ length: 50 }, () => 0) }, schema({ l: ['string'] }))).toHaveLength(10);
  });

  it.each([
    ['string', ['', 'x'], [5, true, {}, []]],
    ['number', [0, -0, 1.5, NaN, Infinity, 'NaN', '-Infinity', 5n], ['5', true, {}]],
    ['long', [0, 2 ** 53 - 1, -5, 7n], [0.5, 2 ** 53, NaN, Infinity, '5', 2n ** 60n]],
    ['bigint', [5, 2n ** 70n, '-12', '+3'], [0.5, 2 ** 60, '1.5', '', '9'.repeat(1001)]],
    ['boolean', [true, false], ['true', 1, 0, 'x']],
    ['timestamp', [0, '2026-03-01T10:00:00Z', new Date(5), -1.5], ['x', NaN, {}, true, new Date(NaN), 9e15, '2026-02-30']],
    ['any', [{}, [], 'x', 5], []],
  ] as const)('type %s', (type, yes, no) => {
    const of = schema({ a: type as 'any' });
    for (const a of yes) expect(messages({ a }, of)).toEqual([]);
    for (const a of no) expect(messages({ a }, of)).toHaveLength(1);
    for (const a of [null, undefined]) expect(messages({ a }, of)).toEqual(['a: is missing']);
    for (const a of [null, undefined]) expect(check({ a }, schema({ a: `${type as 'any'}?` }))).toEqual({ value: { a: null } });
  });

  it('reads times in the unit it is told, and names of numbers as what they are', () => {
    expect(check({ at: 1.5 }, schema({ at: 'timestamp' }, { timeUnit: 'seconds' }))).toEqual({ value: { at: 1500 } });
    expect(check({ a: 'NaN', b: '-Infinity' }, schema({ a: 'number', b: 'double' }))).toEqual({
      value: { a: NaN, b: -Infinity },
    });
  });

  it('reads cells of CSV as numbers, booleans, times and JSON', () => {
    const cells = {
      id: '5',
      views: '+3',
      score: '.5e1',
      live: 'TRUE',
      at: '1772323200000',
      tags: '["x"]',
      channel: '{"name":"n","size":"7"}',
    };
    const reader = rowReader(video, 'strict', true);
    expect(reader.read(cells)).toEqual({ ...read, id: '5', score: 5 });
    expect(reader.read({ ...cells, at: '2026-03-01 00:00:00', score: null, channel: null })).toEqual({
      ...read,
      id: '5',
      score: null,
      channel: null,
    });
    for (const [name, cell] of [
      ['views', '3.5'],
      ['views', ''],
      ['score', '1_0'],
      ['score', '0x10'],
      ['live', 'yes'],
      ['at', '1.5.2026'],
      ['tags', '['],
    ]) {
      expect([name, reader.read({ ...cells, [name as string]: cell })]).toEqual([name, INVALID]);
    }
  });

  it('[L22] permissive: what does not fit is null and counted; missing is null; text as its JSON, as Spark', () => {
    const reader = rowReader(video, 'permissive', false);
    expect(
      reader.read({ id: 5, views: 'x', live: 1, at: 'y', tags: [1, null], channel: { name: {}, size: 'z' }, more: 1 }),
    ).toEqual({
      id: '5',
      views: null,
      score: null,
      live: null,
      at: null,
      tags: ['1', null],
      channel: { name: '{}', size: null },
    });
    expect(reader.nulledFields).toBe(4);
    expect(reader.read(good)).toEqual(read);
    expect(reader.read('x')).toBe(INVALID);
    expect([reader.nulledFields, reader.message]).toEqual([4, 'is no object']);
  });

  it('[L10, L22] cells as Spark reads them: blanks around fractions and times, an empty cell in quotes is no value', () => {
    const shape = schema({
      n: 'number?',
      at: 'timestamp?',
      views: 'long?',
      tags: optional(['string']),
      s: 'string',
      x: optional('string'),
    });
    const reader = rowReader(shape, 'strict', true);
    expect(reader.read({ n: ' 1.5 ', at: ' 2026-03-01 ', views: '7', tags: '[]', s: '', x: '' })).toEqual({
      n: 1.5,
      at: Date.UTC(2026, 2, 1),
      views: 7,
      tags: [],
      s: '',
      x: '',
    });
    expect(reader.read({ n: '', at: '', views: '', tags: '', s: ' ', x: null })).toEqual({
      n: null,
      at: null,
      views: null,
      tags: null,
      s: ' ',
      x: null,
    });
    // Digits alone are no year and no day: they count the unit.
    expect(reader.read({ at: '2026', s: '' })).toMatchObject({ at: 2026 });
    for (const cell of [' ', '1 5', '- 1']) expect(reader.read({ n: cell, s: '' })).toBe(INVALID);
  });

  it('[L22] permissive: a number that is not what was written is no text, but null and counted', () => {
    const reader = rowReader(schema({ id: 'string?' }), 'permissive', false);
    const idOf = (json: string, options = {}): unknown => reader.read(jsonReader(options)(`{"id":${json}}`));
    for (const json of ['9007199254740993', '-12345678901234567890', '1e400', '{"a":[12345678901234567890]}'])
      expect([json, idOf(json)]).toEqual([json, { id: null }]);
    expect(reader.nulledFields).toBe(4);
    for (const json of ['9007199254740991', '0.1', '{"a":[1.5]}']) expect(idOf(json)).toEqual({ id: json });
    for (const bigIntegers of ['string', 'bigint'])
      expect(idOf('12345678901234567890', { bigIntegers })).toEqual({ id: '12345678901234567890' });
    expect(reader.nulledFields).toBe(4);
  });

  it('takes names of Object.prototype for ordinary names', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];
    const of = schema(Object.fromEntries(names.map((name) => [name, 'any?']))) as Schema<Record<string, unknown>>;
    const empty = (check({}, of) as { value: object }).value;
    expect(Object.entries(empty)).toEqual(names.map((name) => [name, null]));
    const { value } = check(JSON.parse('{"__proto__":{"polluted":1},"constructor":2}'), of) as { value: object };
    expect(Object.entries(value).slice(0, 2)).toEqual([
      ['__proto__', { polluted: 1 }],
      ['constructor', 2],
    ]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true }),
        fc.anything({ withBigInt: true, withNullPrototype: true }),
        (value, field) => {
          for (const mode of ['strict', 'permissive'] as const) {
            for (const isText of [true, false]) {
              rowReader(video, mode, isText).read(value);
              rowReader(video, mode, isText).read({
                ...good,
                [mode === 'strict' ? 'tags' : 'at']: field,
                id: field,
                channel: field,
              });
            }
          }
        },
      ),
    );
  });

  it('refuses types it does not know', () => {
    const refused = expect.objectContaining({ code: 'TIDEMARK_OPTION' });
    expect(() => schema({})).toThrow(refused);
    expect(() => schema({ a: 'strin' as 'string' })).toThrow(refused);
    expect(() => schema({ a: 5 as unknown as 'string' })).toThrow(refused);
    expect(() => schema({ a: ['string', 'string'] as unknown as ['string'] })).toThrow(refused);
    expect(() => rowReader({} as StandardSchema, 'strict', false)).toThrow(refused);
    // @ts-expect-error a type that does not exist
    expect(() => schema({ a: 'strin' })).toThrow(refused);
  });
});

describe('schemas of others', () => {
  it('[L21] those of zod and valibot will do, with their types', () => {
    const zod = z.object({ id: z.string(), n: z.coerce.number() });
    const valibot = v.object({ id: v.string(), n: v.pipe(v.unknown(), v.transform(Number), v.number()) });
    same<RowOfSchema<typeof zod>, { id: string; n: number }>(true);
    same<RowOfSchema<typeof valibot>, { id: string; n: number }>(true);
    for (const reader of [rowReader<unknown>(zod, 'strict', true), rowReader<unknown>(valibot, 'permissive', false)]) {
      expect(reader.read({ id: 'a', n: '5' })).toEqual({ id: 'a', n: 5 });
      expect(reader.read({ id: 5, n: 5 })).toBe(INVALID);
      expect(reader.message).toMatch(/^id: .*string/i);
    }
  });

  it('refuses one that checks asynchronously', () => {
    const later = z.string().refine(() => Promise.resolve(true));
    expect(() => rowReader(later, 'strict', false).read('x')).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
  });
});

describe('rows that are nobody else’s', () => {
  const plain = schema({ id: 'string', n: 'number?', at: 'timestamp', in: optional({ ok: 'boolean' }) });
  const good = { id: 'a', n: 1, at: 5, in: { ok: true } };

  it('are given back themselves where they are as they should be, else copied', () => {
    const reader = rowReader(plain, 'strict', false);
    const row = structuredClone(good);
    expect(reader.read(row)).toBe(row);
    for (const other of [
      { ...good, more: 1 },
      { n: 1, id: 'a', at: 5, in: null },
      { ...good, at: '1970-01-01T00:00:00.005Z' },
      { id: 'a', at: 5, in: { ok: true } },
      { ...good, n: undefined },
      { ...good, in: { ok: true, more: 1 } },
    ]) {
      const read = reader.read(other);
      expect(read).not.toBe(other);
      expect(Object.keys(read)).toEqual(['id', 'n', 'at', 'in']);
      expect(read).toEqual((check(other, plain) as { value: unknown }).value);
    }
    const bad = { id: 1, n: 'x', at: 5, in: { ok: 2 } };
    expect(reader.read(bad)).toBe(INVALID);
    expect(reader.message.split(';')).toHaveLength(3);
    expect(check(good, plain)).not.toHaveProperty(
      'value',
      expect.toSatisfy((value: unknown) => value === good),
    );
  });

  it('are copied, and right, after any number that had to be', () => {
    const reader = rowReader(plain, 'strict', false);
    for (let i = 0; i < 300; i++) expect(reader.read({ ...good, at: new Date(i).toISOString() })).toEqual({ ...good, at: i });
    expect(reader.read(structuredClone(good))).toEqual(good);
  });
});
