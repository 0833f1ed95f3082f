import { expect, it } from 'vitest';
import { createKeyMap } from '../../src/key';
import { RestingKeys } from '../../src/window/restingKeys';
import type { Owner, Session } from '../../src/window/sessions';

const owner = (key: string, closedEnd: number): Owner => ({ key, first: undefined, closedEnd });

function taken(resting: RestingKeys, upTo: number): unknown[] {
  const keys: unknown[] = [];
  for (let one = resting.take(upTo); one !== undefined; one = resting.take(upTo)) keys.push(one.key);
  return keys;
}

it('gives keys in the order of their ends, whatever the order they came in', () => {
  const resting = new RestingKeys();
  for (const [key, end] of [
    ['b', 20],
    ['a', 10],
    ['d', 40],
    ['c', 30],
    ['a2', 10],
  ] as const)
    resting.add(owner(key, end));
  expect(taken(resting, 9)).toEqual([]);
  expect(taken(resting, 30)).toEqual(['a', 'a2', 'b', 'c']);
  expect(taken(resting, 40)).toEqual(['d']);
  expect(taken(resting, Infinity)).toEqual([]);
});

it('leaves out what has a session again, or has had one since', () => {
  const resting = new RestingKeys();
  const [open, later] = [owner('open', 10), owner('later', 10)];
  resting.add(open);
  resting.add(later);
  open.first = {} as Session;
  later.closedEnd = 25;
  resting.add(later);
  expect(taken(resting, 10)).toEqual([]);
  expect(taken(resting, 24)).toEqual([]);
  expect(taken(resting, 25)).toEqual(['later']);
});

it('stays in order over many keys, some taken and some added', () => {
  const resting = new RestingKeys();
  const expected: string[] = [];
  const got: unknown[] = [];
  for (let i = 0; i < 1000; i++) {
    resting.add(owner(`k${i}`, i));
    expected.push(`k${i}`);
    if (i % 3 === 0) got.push(...taken(resting, i - 100));
  }
  got.push(...taken(resting, 1000));
  expect(got).toEqual(expected);
});

it('begins anew with the keys that have no session', () => {
  const resting = new RestingKeys();
  resting.add(owner('taken', 4));
  resting.add(owner('gone', 5));
  expect(taken(resting, 4)).toEqual(['taken']);
  const keys = createKeyMap<Owner>(1);
  for (const [key, end] of [
    ['b', 20],
    ['open', 10],
    ['a', 10],
    ['c', 30],
  ] as const)
    keys.set(key, owner(key, end));
  keys.get('open')!.first = {} as Session;
  resting.load(keys);
  resting.add(owner('d', 25));
  expect(taken(resting, 20)).toEqual(['a', 'b']);
  expect(taken(resting, 30)).toEqual(['d', 'c']);
});
