import { expect, it } from 'vitest';
import type { Owner, Session } from '../../src/window/sessions';
import { Vanished } from '../../src/window/vanished';

const owner: Owner = { key: 'a', first: undefined, closedEnd: -Infinity };
const session = (start: number, end: number): Session => ({ owner, start, end }) as Session;

it('tells of the last row only, as the windows were', () => {
  const vanished = new Vanished();
  const told = (): unknown[] => {
    const windows: unknown[] = [];
    vanished.each((key, window) => windows.push([key, window]));
    return windows;
  };
  expect(told()).toEqual([]);
  const moved = session(5, 10);
  vanished.begin();
  vanished.add(moved);
  vanished.add(session(20, 30));
  moved.start = 1;
  expect(told()).toEqual([
    ['a', { start: 5, end: 10 }],
    ['a', { start: 20, end: 30 }],
  ]);
  vanished.begin();
  expect(told()).toEqual([]);
  vanished.add(session(40, 50));
  expect(told()).toEqual([['a', { start: 40, end: 50 }]]);
});
