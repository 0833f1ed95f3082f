import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyMap, keyFrom, keyValues, normalKey, readerOf, restoreKey, type KeyMap, type KeyOf } from '../../src/key';
import { columnReader } from '../../src/key/columnReader';
import { encodeKey } from '../../src/keyCodec';
import { clashingValue, compareKeys, keyValue } from './keys';

const code = (name: string): unknown => expect.objectContaining({ code: name });
const bytes = (values: readonly unknown[]): string => encodeKey(values).join();
const anyValue = fc.oneof(clashingValue, keyValue);

describe('normalKey', () => {
  it('agrees with the codec: one primitive exactly when one encoding', () => {
    const pair = fc.oneof(fc.tuple(clashingValue, clashingValue), fc.tuple(anyValue, anyValue));
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const same = new Map([[normalKey(a), true]]).has(normalKey(b));
        expect(same).toBe(bytes([a]) === bytes([b]));
      }),
      { numRuns: 5000 },
    );
  });

  it('is undone by restoreKey', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(compareKeys(restoreKey(normalKey(value)), value)).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('leaves primitives as they are', () => {
    const values = ['', 'a', 'a\0', 0, 1.5, NaN, Infinity, 10n, true, false, null];
    expect(values.map(normalKey)).toEqual(values);
    expect(normalKey(undefined)).toBeNull();
  });

  it('takes Dates, arrays and plain objects by value', () => {
    expect(normalKey(new Date(5))).toBe(normalKey(new Date(5)));
    expect(normalKey([1, [new Date(5)]])).toBe(normalKey([1, [new Date(5)]]));
    expect(normalKey({ start: 0, end: 10 })).toBe(normalKey({ end: 10, start: 0 }));
    expect(restoreKey(normalKey({ start: 0, end: 10 }))).toEqual({ start: 0, end: 10 });
  });

  it('cannot be forged by a user: text that looks like a normalised object stays text', () => {
    for (const value of [new Date(0), [], ['\0'], {}, '\0s', '\0', '\0\0s']) {
      const forged = normalKey(value);
      expect(normalKey(forged)).not.toBe(forged);
      expect(restoreKey(normalKey(forged))).toBe(forged);
    }
  });

  it.each([() => 0, Symbol('s'), new Map(), new (class Point {})(), [Symbol('s')], { f: () => 0 }])('refuses %o', (value) => {
    expect(() => normalKey(value)).toThrow(code('TIDEMARK_KEY_TYPE'));
  });

  it('refuses what contains itself', () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => normalKey(loop)).toThrow(code('TIDEMARK_KEY_TYPE'));
  });
});

interface Row {
  readonly id: number;
  readonly region: string;
  readonly at?: Date;
}
const row: Row = { id: 7, region: 'eu', at: new Date(0) };

describe('readerOf', () => {
  it('reads every form of a key', () => {
    const read = (reader: { columns: readonly string[]; read(row: Row): KeyOf }): unknown => [reader.columns, keyValues(reader.read(row), reader.columns.length)]; // prettier-ignore
    expect(read(readerOf<Row>('id'))).toEqual([['id'], [7]]);
    expect(read(readerOf<Row>(['region', 'id']))).toEqual([
      ['region', 'id'],
      ['eu', 7],
    ]);
    expect(read(readerOf<Row>((r) => r.id * 2))).toEqual([['key'], [14]]);
    expect(read(readerOf<Row>({ where: 'region', hour: (r) => r.at }))).toEqual([
      ['where', 'hour'],
      ['eu', new Date(0)],
    ]);
    expect(read(readerOf<Row>({ only: 'id' }))).toEqual([['only'], [7]]);
    for (const none of [undefined, [], {}]) expect(read(readerOf<Row>(none))).toEqual([[], []]);
  });

  it('gives the primitive itself for one column, null for none, one array for several', () => {
    expect(readerOf<Row>('id').read(row)).toBe(7);
    expect(readerOf<Row>(undefined).read(row)).toBeNull();
    expect(readerOf<Row>('at').read({ id: 1, region: 'x' })).toBeNull();
    const reader = readerOf<Row>(['id', 'region']);
    expect(reader.read(row)).toBe(reader.read({ id: 8, region: 'us' }));
  });

  it('refuses what is no key, and a name used twice', () => {
    for (const spec of [null, 5, true, [5], ['id', null], [() => 0], { id: 5 }, { id: null }]) {
      expect(() => readerOf(spec as unknown as 'id')).toThrow(code('TIDEMARK_OPTION'));
    }
    expect(() => readerOf<Row>(['id', 'id'])).toThrow(code('TIDEMARK_NAME_CLASH'));
  });

  it('checks columns at compile time', () => {
    // @ts-expect-error no such column
    expect(readerOf<Row>('regoin').read(row)).toBeNull();
    // @ts-expect-error no such column
    expect(readerOf<Row>({ where: 'regoin' }).read(row)).toBeNull();
  });

  it('refuses a value without identity per row', () => {
    expect(() => readerOf<{ f: unknown }>('f').read({ f: Symbol('s') })).toThrow(code('TIDEMARK_KEY_TYPE'));
  });

  it('reads the same key that keyFrom gives for its values', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { minLength: 1, maxLength: 3 }), (values) => {
        const reader = readerOf<readonly unknown[]>(
          Object.fromEntries(values.map((_, i) => [`c${i}`, (r: readonly unknown[]) => r[i]])),
        );
        const key = reader.read(values);
        expect(key).toEqual(keyFrom(values));
        expect(compareKeys(keyValues(key, values.length), values)).toBe(0);
      }),
    );
  });

  it('reads any number of columns, each its own', () => {
    const names = Array.from({ length: 20 }, (_, i) => `c${i}`);
    const values = Object.fromEntries(names.map((name, i) => [name, i]));
    expect(names.map((name) => columnReader<Record<string, number>>(name)(values))).toEqual(names.map((_, i) => i));
  });
});

type Step =
  | { readonly op: 'set'; readonly key: unknown[]; readonly value: number }
  | { readonly op: 'delete' | 'get'; readonly key: unknown[] }
  | { readonly op: 'clear' };

/** Few values, so that keys share columns and are hit again; some whose identity is not `===`. */
const columnValue = fc.constantFrom<unknown>(0, -0, 1, '1', NaN, null, undefined, 'a', '\0', new Date(0), new Date(0), 1n);
const steps = (columns: number): fc.Arbitrary<Step[]> => {
  const key = fc.array(columnValue, { minLength: columns, maxLength: columns });
  return fc.array(
    fc.oneof(
      { weight: 40, arbitrary: fc.record({ op: fc.constant('set' as const), key, value: fc.nat(1000) }) },
      { weight: 30, arbitrary: fc.record({ op: fc.constant('delete' as const), key }) },
      { weight: 15, arbitrary: fc.record({ op: fc.constant('get' as const), key }) },
      { weight: 1, arbitrary: fc.constant({ op: 'clear' as const }) },
    ),
    { maxLength: 60, size: 'max' },
  );
};

/** What the levels of a map of several columns hold: every Map but the root has two entries or more below it. */
function checkLevels(map: KeyMap<unknown>): void {
  const count = (node: unknown): number => {
    if (!(node instanceof Map)) return 1;
    let sum = 0;
    for (const below of node.values()) sum += count(below);
    if (node !== root) expect(sum).toBeGreaterThan(1);
    return sum;
  };
  const { root } = map as unknown as { root: Map<unknown, unknown> };
  expect(count(root)).toBe(map.size);
}

describe.each([0, 1, 2, 3, 4])('createKeyMap(%i)', (columns) => {
  it('does what a Map by codec text does, in the same order', () => {
    fc.assert(
      fc.property(steps(columns), (sequence) => {
        const map = createKeyMap<number>(columns);
        const model = new Map<string, { key: unknown[]; value: number }>();
        for (const step of sequence) {
          if (step.op === 'clear') {
            map.clear();
            model.clear();
            continue;
          }
          const key = keyFrom(step.key);
          const text = bytes(step.key);
          if (step.op === 'set') {
            map.set(key, step.value);
            model.set(text, { key: model.get(text)?.key ?? step.key, value: step.value });
          } else if (step.op === 'delete') expect(map.delete(key)).toBe(model.delete(text));
          expect(map.get(key)).toBe(model.get(text)?.value);
          expect(map.size).toBe(model.size);
        }
        const entries = [...map.entries()].map(([key, value]) => [bytes(keyValues(key, columns)), value]);
        expect(entries).toEqual([...model].map(([text, { value }]) => [text, value]));
        const visited: unknown[] = [];
        map.forEach((value, key) => visited.push([bytes(keyValues(key, columns)), value]));
        expect(visited).toEqual(entries);
        if (columns > 1) checkLevels(map);
      }),
      { numRuns: 500 },
    );
  });

  it('can be changed while it is walked, as a native Map', () => {
    const small = fc.nat(7);
    const action = fc.record({ at: small, op: fc.constantFrom('delete', 'set', 'clear', 'none'), key: small });
    const keyOf = (n: number): unknown[] => (columns < 2 ? [n] : Array.from({ length: columns }, (_, i) => (n >> i) & 1));
    const walk = (
      map: KeyMap<number>,
      key: (n: number) => KeyOf,
      actions: readonly { at: number; op: string; key: number }[],
    ): number[] => {
      for (let n = 0; n < 6; n++) map.set(key(n), n);
      const seen: number[] = [];
      map.forEach((value) => {
        seen.push(value);
        for (const { at, op, key: n } of actions) {
          if (at !== seen.length || seen.length > 30) continue;
          if (op === 'delete') map.delete(key(n));
          else if (op === 'set') map.set(key(n), n);
          else if (op === 'clear') map.clear();
        }
      });
      return seen;
    };
    // One column less than three bits makes keys coincide; the model then works on the same coarser numbers.
    const coarse = (n: number): number => (columns === 2 ? n & 3 : n);
    fc.assert(
      fc.property(fc.array(action, { maxLength: 8 }), (actions) => {
        const model = walk(new Map() as unknown as KeyMap<number>, coarse, actions);
        expect(walk(createKeyMap<number>(columns), (n) => keyFrom(keyOf(coarse(n))), actions)).toEqual(model);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a map of several columns', () => {
  const levels = (map: KeyMap<unknown>): number => {
    const count = (node: unknown): number => (node instanceof Map ? 1 + [...node.values()].reduce((sum: number, below) => sum + count(below), 0) : 0); // prettier-ignore
    return count((map as unknown as { root: unknown }).root);
  };

  it('keeps its own copy of a key that the reader reuses', () => {
    const map = createKeyMap<number>(2);
    const reader = readerOf<Row>(['id', 'region']);
    map.set(reader.read({ id: 1, region: 'a' }), 1);
    map.set(reader.read({ id: 2, region: 'b' }), 2);
    expect([...map.entries()]).toEqual([
      [[1, 'a'], 1],
      [[2, 'b'], 2],
    ]);
  });

  it('needs one Map for a first column of many values, and gives levels back', () => {
    const map = createKeyMap<number>(3);
    for (let i = 0; i < 1000; i++) map.set([i, 'x', 'y'], i);
    expect(levels(map)).toBe(1);
    map.set([5, 'x', 'z'], -5); // parts from [5, 'x', 'y'] in the third column
    expect(levels(map)).toBe(3);
    map.delete([5, 'x', 'y']);
    expect(levels(map)).toBe(1);
    expect(map.get([5, 'x', 'z'])).toBe(-5);
    expect(map.get([5, 'x', 'y'])).toBeUndefined();
  });

  it('does not keep what was deleted or cleared', () => {
    const map = createKeyMap<number>(2);
    for (let i = 0; i < 100; i++) map.set([i % 10, i], i);
    for (let i = 0; i < 100; i++) map.delete([i % 10, i]);
    expect([map.size, levels(map), [...map.entries()]]).toEqual([0, 1, []]);
    map.set([1, 1], 1);
    map.clear();
    expect([map.size, levels(map), map.get([1, 1])]).toEqual([0, 1, undefined]);
    map.set([2, 2], 2);
    expect([...map.entries()]).toEqual([[[2, 2], 2]]);
  });

  it('stores -0 as 0, as a native Map does', () => {
    const map = createKeyMap<number>(2);
    map.set([-0, -0], 1);
    expect(map.get([0, 0])).toBe(1);
    expect([...map.entries()][0]![0]).toEqual([0, 0]);
  });
});
