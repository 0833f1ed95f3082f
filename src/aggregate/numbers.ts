import { checkNumber } from './numeric';

/** The number itself. Called while a row is read, so that a row with anything else leaves no state touched. */
export function checkedNumber(value: number, name: string): number {
  checkNumber(value, name);
  return value;
}

/** A growing list of numbers, eight bytes each, whose order does not matter. */
export interface NumberList {
  data: Float64Array;
  n: number;
  /** So many of the first of `data` are in ascending order, NaN last. */
  sorted: number;
}

export function createList(): NumberList {
  return { data: new Float64Array(0), n: 0, sorted: 0 };
}

/** Adds one number. Cost: O(1) on average. */
export function push(list: NumberList, x: number): void {
  if (list.n === list.data.length) reserve(list, list.n + 1);
  list.data[list.n++] = x;
}

/** Adds all numbers of another list, which stays as it is. */
export function pushAll(list: NumberList, from: NumberList): void {
  reserve(list, list.n + from.n);
  list.data.set(from.data.subarray(0, from.n), list.n);
  list.n += from.n;
}

/** Grows at least twofold, so that n additions copy at most 2 n numbers. */
function reserve(list: NumberList, size: number): void {
  if (size <= list.data.length) return;
  const data = new Float64Array(Math.max(size, list.data.length * 2, 4));
  data.set(list.data.subarray(0, list.n));
  list.data = data;
}

/** The numbers in ascending order, NaN last: a view that is valid until the next addition. Cost: O(n) after few additions. */
export function sortedView(list: NumberList): Float64Array {
  const { data, n, sorted } = list;
  const view = data.subarray(0, n);
  // Without a comparator: numeric, NaN last, -0 before 0, in every engine.
  if ((n - sorted) * 8 > n) view.sort();
  else if (n > sorted) weaveIn(view, sorted);
  list.sorted = n;
  return view;
}

/** Puts the few numbers from `sorted` on among the others: what lies between two of them moves in one piece. */
function weaveIn(view: Float64Array, sorted: number): void {
  const fresh = view.slice(sorted).sort();
  let end = sorted;
  for (let i = fresh.length - 1; i >= 0; i--) {
    const at = firstAbove(view, end, fresh[i]!);
    view.copyWithin(at + i + 1, at, end);
    view[at + i] = fresh[i]!;
    end = at;
  }
}

/** Where the first number above `x` stands, up to `end`, in the order of `sort`. */
function firstAbove(view: Float64Array, end: number, x: number): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isAbove(view[middle]!, x)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function isAbove(a: number, b: number): boolean {
  if (a !== a) return b === b;
  return a > b || (a === 0 && b === 0 && 1 / a > 1 / b);
}

/** The encoded form, sorted: the same whether or not a result was read before. */
export function encodeList(list: NumberList): number[] {
  return Array.from(sortedView(list));
}

export function decodeList(data: unknown): NumberList {
  const values = Float64Array.from(data as number[]);
  return { data: values, n: values.length, sorted: values.length };
}

/** The rank of fraction `p` among `n` values, from 1: `max(1, ceil(p n))`. */
export function rankOf(p: number, n: number): number {
  const h = p * n;
  const whole = Math.round(h);
  // 0.07 * 100 is 7.000000000000001: p is meant as the decimal that was written, so a few units in the last place are noise.
  return Math.max(1, Math.abs(h - whole) <= h * 2 ** -50 ? whole : Math.ceil(h));
}
