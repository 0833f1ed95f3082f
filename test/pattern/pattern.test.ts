import type { OperatorFunction } from 'rxjs';
import { matchPattern, pattern, type AfterMatch, type Element, type Pattern, type Signal } from 'tidemark';
import { assertSplitInvariant, operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { forSeeds, type Random } from '../laws/random';
import { bruteForce, type Event, type Found } from './brute';

interface Row extends Event {
  readonly id: number;
  readonly k?: string;
}
type Any = Pattern<Row, string>;
interface Match {
  readonly k?: string;
  readonly match: Readonly<Record<string, readonly Row[]>>;
  readonly timedOut?: boolean;
}
type Operator = OperatorFunction<Element<Row>, Element<Match>>;

const is =
  (...kinds: string[]) =>
  (row: Row): boolean =>
    kinds.includes(row.kind);

function operatorOf(given: Any, options: object = {}): Operator {
  return matchPattern(given, options as never) as unknown as Operator;
}
const harnessOf = (given: Any, options?: object): OperatorHarness<Row, Match> => operatorHarness(operatorOf(given, options));

/** `a1 b2`: kinds with places from 0. */
function rowsOf(text: string): Row[] {
  return text.split(' ').map((kind, id) => ({ kind, time: id, id }));
}

/** The matches as text, `x:0 y:1,2`. */
const wordsOf = ({ match }: Match): string =>
  Object.entries(match)
    .map(([name, rows]) => `${name}:${rows.map(({ id }) => id).join(',')}`)
    .join(' ');

function matchesOf(given: Any, text: string, options?: object): string[] {
  const harness = harnessOf(given, options);
  for (const row of rowsOf(text)) harness.event(row.time, row);
  harness.watermark(Infinity);
  return harness.takeRows().map(wordsOf);
}

const a = pattern<Row, 'a'>('a', is('a'));

describe('matchPattern', () => {
  it('next, followedBy, followedByAny: how close', () => {
    expect(matchesOf(a.next('b', is('b')), 'a c b a b')).toEqual(['a:3 b:4']);
    expect(matchesOf(a.followedBy('b', is('b')), 'a c b b')).toEqual(['a:0 b:2']);
    expect(matchesOf(a.followedByAny('b', is('b')), 'a c b b')).toEqual(['a:0 b:2', 'a:0 b:3']);
  });

  it('looks at rows in event-time order, ties as they came, and only behind the watermark', () => {
    const harness = harnessOf(a.next('b', is('b')), { key: 'k' });
    const row = (id: number, time: number, kind: string, k = 'x'): void => harness.event(time, { id, time, kind, k });
    row(0, 5, 'b');
    row(1, 3, 'a');
    row(2, 3, 'b', 'y');
    row(3, 4, 'c', 'y');
    harness.watermark(5);
    expect(harness.takeRows()).toEqual([]);
    expect(harness.tally).toMatchObject({ in: 4, absorbed: 3, held: 1 });
    row(4, 5, 'a');
    expect(harness.takeRejected()).toMatchObject([{ reason: 'late', detail: { behindMs: 0, missingDelayMs: 1 } }]);
    harness.watermark(6);
    const [first] = harness.take();
    expect(first).toMatchObject({ kind: 'event', time: 5, row: { k: 'x', match: { a: [{ id: 1 }], b: [{ id: 0 }] } } });
  });

  it('times, optional, until, greedy', () => {
    expect(matchesOf(a.times(2).followedBy('b', is('b')), 'a a a b')).toEqual(['a:0,1 b:3', 'a:1,2 b:3']);
    expect(matchesOf(a.times(1, 2).next('b', is('b')), 'a a b')).toEqual(['a:0,1 b:2', 'a:1 b:2']);
    expect(matchesOf(a.oneOrMore().until(is('u')), 'a a u a', { afterMatch: 'noSkip' })).toEqual(['a:0', 'a:0,1', 'a:1', 'a:3']);
    const start = pattern<Row, 's'>('s', is('s'));
    const some = start.followedBy('x', is('a', 'b')).oneOrMore();
    expect(matchesOf(some.next('y', is('b')), 's a b b')).toEqual(['s:0 x:1 y:2', 's:0 x:1,2 y:3']);
    expect(matchesOf(some.greedy().followedBy('y', is('c')), 's a b c')).toEqual(['s:0 x:1,2 y:3']);
    expect(matchesOf(some.followedBy('y', is('c')), 's a b c')).toEqual(['s:0 x:1,2 y:3', 's:0 x:1 y:3']);
  });

  it('what is greedy and optional is left out only where nothing fits, and is over with until', () => {
    const some = pattern<Row, 's'>('s', is('s')).followedBy('x', is('a', 'u')).oneOrMore().greedy();
    expect(matchesOf(some.optional().followedBy('y', is('c')), 's a b a c')).toEqual(['s:0 x:1,3 y:4']);
    expect(matchesOf(some.optional().followedBy('y', is('c')), 's b c')).toEqual(['s:0 y:2']);
    expect(matchesOf(some.until(is('u')).followedBy('y', is('c')), 's a u a c')).toEqual(['s:0 x:1 y:4']);
    expect(matchesOf(some.optional().until(is('u')).followedBy('y', is('c')), 's u a c')).toEqual(['s:0 y:3']);
  });

  it('a condition may look at what was taken before', () => {
    const rising = pattern<Row, 'x'>('x').next('y', (row, matched) => row.id > matched('x')[0]!.id + 1);
    const harness = harnessOf(rising);
    [5, 6, 8].forEach((id, time) => harness.event(time, { id, time, kind: 'a' }));
    harness.watermark(9);
    expect(harness.takeRows().map(wordsOf)).toEqual(['x:6 y:8']);
  });

  it('after a match: what began too early goes', () => {
    const given = pattern<Row, 'x'>('x', is('a')).oneOrMore().followedBy('y', is('b'));
    const after = (afterMatch: AfterMatch): string[] => matchesOf(given, 'a a a b b', { afterMatch });
    expect(after('noSkip')).toEqual(['x:0,1,2 y:3', 'x:0,1 y:3', 'x:0 y:3', 'x:1,2 y:3', 'x:1 y:3', 'x:2 y:3']);
    expect(after('skipToNext')).toEqual(['x:0,1,2 y:3', 'x:1,2 y:3', 'x:2 y:3']);
    expect(after('skipPastLastEvent')).toEqual(['x:0,1,2 y:3']);
    expect(after({ skipToLast: 'y' })).toEqual(['x:0,1,2 y:3']);
    expect(after({ skipToFirst: 'x' })).toHaveLength(6);
  });

  it('what a row must stay away from, at the end: said when the time is over', () => {
    const given = a.notFollowedBy('no', is('b')).within(10);
    const harness = harnessOf(given);
    harness.event(1, { kind: 'a', time: 1, id: 0 });
    harness.event(5, { kind: 'a', time: 5, id: 1 });
    harness.event(12, { kind: 'b', time: 12, id: 2 });
    harness.watermark(11);
    expect(harness.takeRows()).toEqual([]); // due as a timer is: time < W
    harness.watermark(12);
    expect(harness.take()).toMatchObject([
      { kind: 'event', time: 11, row: { match: { a: [{ id: 0 }] } } },
      { kind: 'watermark' },
    ]);
    harness.watermark(20);
    expect(harness.takeRows()).toEqual([]);
  });

  it('a key that has no partial match any more leaves no timer behind', () => {
    const harness = harnessOf(a.next('b', is('b')), { within: '30 days', key: 'k' });
    for (let i = 0; i < 3000; i += 3) {
      harness.event(i, { kind: 'a', time: i, id: i, k: 'x' });
      harness.event(i + 1, { kind: 'b', time: i + 1, id: i + 1, k: 'x' });
      harness.watermark(i + 2);
    }
    expect(harness.takeRows()).toHaveLength(1000);
    const { processor } = harness['stages'][0] as unknown as { processor: { deadlines: { count: number } } };
    expect(processor.deadlines.count).toBeLessThan(200);
  });

  it('what is over at one time is said in the order in which it began, restored or not', () => {
    const run = (isRestored: boolean): string[] => {
      const options = { key: 'k', timeouts: true, afterMatch: 'noSkip' };
      let harness = harnessOf(a.followedBy('b', is('b')).within(10), options);
      const row = (id: number, time: number, k: string): void => harness.event(time, { id, time, kind: 'a', k });
      row(0, 0, 'x');
      row(1, 5, 'x');
      row(2, 5, 'y');
      harness.watermark(12);
      const before = harness.takeRows();
      if (isRestored) {
        const saved = harness.snapshot();
        harness = harnessOf(a.followedBy('b', is('b')).within(10), options);
        harness.restore(saved);
      }
      harness.watermark(16);
      return [...before, ...harness.takeRows()].map(({ k, match }) => `${k} ${match['a']![0]!.id}`);
    };
    expect(run(false)).toEqual(['x 0', 'x 1', 'y 2']);
    expect(run(true)).toEqual(run(false));
  });

  it('partial matches whose time is over are a stream of their own', () => {
    const harness = harnessOf(a.followedBy('b', is('b')).oneOrMore().followedBy('c', is('c')), { within: 5, timeouts: true });
    ['a', 'b', 'x', 'c'].forEach((kind, i) => harness.event(2 * i, { kind, time: 2 * i, id: i }));
    harness.watermark(6);
    const said = harness.take().flatMap((one) => (one.kind === 'event' ? [[one.time, one.row.timedOut, wordsOf(one.row)]] : []));
    expect(said).toEqual([[5, true, 'a:0 b:1']]);
    harness.watermark(100);
    expect(harness.takeRows()).toEqual([]);
    expect(harness.report).toMatchObject({ keys: 0, partialMatches: 0 });
  });

  it('a key with too many partial matches rejects the row, and counts it', () => {
    const harness = harnessOf(pattern<Row, 'x'>('x').followedByAny('y', is('y')), { maxPartialMatches: 2 });
    rowsOf('a a a y').forEach((row) => harness.event(row.time, row));
    harness.watermark(10);
    const rejected = harness.take().filter(({ kind }) => kind === 'rejected');
    expect(rejected).toMatchObject([
      { reason: 'failed', time: 2, detail: { cause: { code: 'TIDEMARK_OVERFLOW' } } },
      { reason: 'failed', time: 3 },
    ]);
    expect(harness.report).toMatchObject({ partialMatches: 2, maxPartialMatches: 2, overflowed: 2 });
    expect(harness.tally).toMatchObject({ in: 4, absorbed: 2, held: 0, rejected: { failed: 2 } });
  });

  it('a condition that throws follows onError, and leaves no trace', () => {
    const fails = pattern<Row, 'x'>('x', (row) => {
      if (row.kind === '!') throw new Error('no');
      return true;
    }).next('y');
    const careful = harnessOf(fails, { onError: 'reject' });
    rowsOf('a ! b').forEach((row) => careful.event(row.time, row));
    careful.watermark(10);
    const said = careful.take();
    expect(said.filter(({ kind }) => kind === 'rejected')).toMatchObject([{ reason: 'failed', time: 1, row: { kind: '!' } }]);
    expect(said.flatMap((one) => (one.kind === 'event' ? [wordsOf(one.row)] : []))).toEqual(['x:0 y:2']);
    const plain = harnessOf(fails);
    rowsOf('a ! b').forEach((row) => plain.event(row.time, row));
    plain.watermark(10);
    expect(plain.error).toMatchObject({ code: 'TIDEMARK_USER_FUNCTION', details: { time: 1, row: { kind: '!' } } });
  });

  it('refuses what makes no sense', () => {
    const option = expect.objectContaining({ code: 'TIDEMARK_OPTION' }) as Error;
    for (const make of [
      () => a.followedBy('a'),
      () => a.times(0),
      () => a.times(3, 2),
      () => a.notNext('n', is('b')).optional(),
      () => a.within(0),
      () => pattern(''),
      () => pattern('x', 3 as never),
      () => matchPattern(a.notFollowedBy('n', is('b'))),
      () => matchPattern(a, { maxPartialMatches: 0 }),
      () => matchPattern(a, { timeouts: true }),
      () => matchPattern(a, { afterMatch: 'skip' as never }),
      () => matchPattern(a, { afterMatch: { skipToFirst: 'z' as never } }),
    ])
      expect(make).toThrow(option);
    const clash = expect.objectContaining({ code: 'TIDEMARK_NAME_CLASH' }) as Error;
    expect(() => matchPattern(a, { key: { match: 'kind' } } as never)).toThrow(clash);
  });
});

function randomPattern(random: Random): Any {
  const where = (): ((row: Row) => boolean) | undefined => random.pick([undefined, is('a'), is('b'), is('a', 'c')]);
  const sometimes = (one: Any): Any => {
    let all = one;
    if (random.chance(0.3)) all = all.oneOrMore();
    else if (random.chance(0.2)) all = all.times(random.int(1, 2), random.int(2, 3));
    if (random.chance(0.3)) all = random.pick([() => all.consecutive(), () => all.allowCombinations()])();
    return random.chance(0.2) ? all.optional() : all;
  };
  let all = sometimes(pattern<Row, string>('s0', where()));
  const length = random.int(1, 2);
  for (let i = 1; i <= length; i++) {
    if (random.chance(0.25))
      all =
        random.pick(['notNext', 'notFollowedBy'] as const) === 'notNext'
          ? all.notNext(`n${i}`, is('c'))
          : all.notFollowedBy(`n${i}`, is('c'));
    all = sometimes(all[random.pick(['next', 'followedBy', 'followedByAny'] as const)](`s${i}`, where()));
  }
  if (random.chance(0.5)) all = all.within(random.int(2, 6), random.pick(['first', 'previous']));
  if (all.limit !== undefined && random.chance(0.3)) all = all.notFollowedBy('end', is('c'));
  else if (random.chance(0.2)) all = all.notNext('end', is('c'));
  return all;
}

function randomRows(random: Random, count: number): Row[] {
  let time = 0;
  return Array.from({ length: count }, (_, id) => ({
    id,
    time: (time += random.int(0, 2)),
    kind: random.pick(['a', 'b', 'c']),
    k: 'k',
  }));
}

const namesOf = (found: Found, given: Any): string =>
  given.stages
    .flatMap(({ name }, i) => {
      const places = found.filter(({ stage }) => stage === i).map(({ at }) => at);
      return places.length === 0 ? [] : [`${name}:${places.join(',')}`];
    })
    .join(' ');

describe('matchPattern against brute force', () => {
  it('finds every match, and nothing else', () => {
    let total = 0;
    forSeeds(600, (random) => {
      const given = randomPattern(random);
      const rows = randomRows(random, random.int(1, 6));
      const harness = harnessOf(given);
      rows.forEach((row) => harness.event(row.time, row));
      harness.watermark(Infinity);
      const wanted = bruteForce(rows, given.stages, given.limit).map((found) => namesOf(found, given));
      expect(harness.takeRows().map(wordsOf).sort(), JSON.stringify([given.describe(), rows])).toEqual(wanted.sort());
      total += wanted.length;
    });
    expect(total).toBeGreaterThan(600);
  });

  it.each(['skipToNext', 'skipPastLastEvent'] as const)('%s leaves the matches that do not begin too early', (afterMatch) => {
    forSeeds(200, (random) => {
      const given = randomPattern(random);
      if (given.stages.at(-1)!.absent !== undefined) return; // said by time, not by a row
      const rows = randomRows(random, random.int(1, 6));
      const harness = harnessOf(given, { afterMatch });
      rows.forEach((row) => harness.event(row.time, row));
      harness.watermark(Infinity);
      const spans = bruteForce(rows, given.stages, given.limit).map((found) => [found[0]!.at, found.at(-1)!.at] as const);
      spans.sort((one, two) => one[1] - two[1] || one[0] - two[0]);
      let from = -1;
      const wanted = spans.filter(([first, last]) => {
        if (first < from) return false;
        from = afterMatch === 'skipToNext' ? first + 1 : last + 1;
        return true;
      });
      const got = harness.takeRows().map(({ match }) =>
        Object.values(match)
          .flat()
          .map(({ id }) => id),
      );
      expect(got.map((ids) => [Math.min(...ids), Math.max(...ids)])).toEqual(wanted);
    });
  });

  it('whatever the order of arrival, the chunks of the watermark and the restarts', () => {
    forSeeds(40, (random, seed) => {
      const given = randomPattern(random);
      const rows = randomRows(random, 12);
      const signals: Signal<Row>[] = [];
      let mark = -Infinity;
      for (const row of rows) {
        if (row.time > mark && random.chance(0.3)) signals.push({ kind: 'watermark', time: (mark = row.time - 1) });
        // Later rows may come first, as long as times differ and no watermark stands between.
        const previous = signals.at(-1);
        const swaps = previous?.kind === 'event' && previous.time < row.time && random.chance(0.5);
        const event = { kind: 'event', time: row.time, row } as const;
        if (swaps) signals.splice(-1, 0, event);
        else signals.push(event);
      }
      signals.push({ kind: 'watermark', time: Infinity });
      const options = { key: 'k', ...(given.limit === undefined ? {} : { timeouts: true }) };
      assertSplitInvariant(() => operatorOf(given, options), signals, { seed, splits: 3 });
      const straight = harnessOf(given, options);
      rows.forEach((row) => straight.event(row.time, row));
      straight.watermark(Infinity);
      const chunked = harnessOf(given, options);
      signals.forEach((signal) => chunked.signal(signal));
      const said = (harness: OperatorHarness<Row, Match>): string[] =>
        harness.takeRows().map((row) => `${String(row.timedOut)} ${wordsOf(row)}`);
      expect(said(chunked).sort()).toEqual(said(straight).sort());
    });
  });
});
