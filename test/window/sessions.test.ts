import { describe, expect, it } from 'vitest';
import { SessionLog } from '../../src/window/sessionLog';
import { inOrder, lastBefore, sessionAt, takeOut, windowOf, type Owner, type Session } from '../../src/window/sessions';
import { NOTHING, plain, type PlainChanges } from '../state/changes';

/** A key with sessions of 5 that start there. */
function ownerOf(...starts: readonly number[]): { owner: Owner; sessions: Session[] } {
  const owner: Owner = { key: 'a', first: undefined, closedEnd: -Infinity };
  const sessions = starts.map((start, arrival): Session => ({ ...blank, owner, start, end: start + 5, arrival }));
  sessions.forEach((session, i) => (session.next = sessions[i + 1]));
  owner.first = sessions[0];
  return { owner, sessions };
}

const blank = { acc: undefined, rows: 1, spoken: false, overlapsClosed: false, gone: false, turn: -1, next: undefined };
const startsOf = (owner: Owner): number[] => {
  const starts: number[] = [];
  for (let one = owner.first; one !== undefined; one = one.next) starts.push(one.start);
  return starts;
};

describe('the sessions of a key', () => {
  it('are found by their start', () => {
    const { owner, sessions } = ownerOf(0, 10, 20);
    expect([0, 10, 20].map((start) => sessionAt(owner, start))).toEqual(sessions);
    expect(sessionAt(owner, 5)).toBeUndefined();
    expect(sessionAt(undefined, 0)).toBeUndefined();
  });

  it('have one that starts before a time, and not at it', () => {
    const { owner, sessions } = ownerOf(0, 10, 20);
    expect(lastBefore(owner, 0)).toBeUndefined();
    expect(lastBefore(owner, 1)).toBe(sessions[0]);
    expect(lastBefore(owner, 20)).toBe(sessions[1]);
    expect(lastBefore(owner, 21)).toBe(sessions[2]);
  });

  it.each([
    [0, [10, 20]],
    [1, [0, 20]],
    [2, [0, 10]],
  ])('one is taken out: %i', (i, left) => {
    const { owner, sessions } = ownerOf(0, 10, 20);
    takeOut(sessions[i]!);
    expect(startsOf(owner)).toEqual(left);
  });

  it('speak by end, and where that is equal by arrival', () => {
    const { sessions } = ownerOf(0, 0, 0, 0, 0);
    const ends = [20, 10, 20, 10, 20];
    const arrivals = [5, 4, 3, 7, 1];
    sessions.forEach((session, i) => Object.assign(session, { end: ends[i], arrival: arrivals[i] }));
    expect(inOrder(sessions).map(({ end, arrival }) => [end, arrival])).toEqual([
      [10, 4],
      [10, 7],
      [20, 1],
      [20, 3],
      [20, 5],
    ]);
  });

  it('are a window, which says when it overlaps what is final', () => {
    const [session] = ownerOf(3).sessions as [Session];
    expect(windowOf(session)).toEqual({ start: 3, end: 8 });
    session.overlapsClosed = true;
    expect(windowOf(session)).toEqual({ start: 3, end: 8, overlapsClosed: true });
  });
});

describe('the log of sessions', () => {
  const take = (log: SessionLog): PlainChanges =>
    plain(
      log.take(
        () => [[['all'], 0]],
        (session) => [log.nameOf(session), session.end],
      ),
    );
  const batchOf = (log: SessionLog): number[] => log.takeBatch().map(({ start }) => start);
  const size = (log: SessionLog): number => log['touches'].length;

  it('is off until somebody reads it, and gives everything the first time', () => {
    const log = new SessionLog(1);
    expect(log.isOn).toBe(false);
    const [one] = ownerOf(0).sessions as [Session];
    log.touch(one);
    log.changed(one);
    log.drop(one);
    expect([log['turned'], log['removed']]).toEqual([[], []]);
    expect(take(log)).toEqual({ ...NOTHING, put: [[['all'], 0]] });
    expect(log.isOn).toBe(true);
    expect(take(log)).toEqual(NOTHING);
  });

  it('says a session once a batch, in the order of the first rows, without those that are gone', () => {
    const log = new SessionLog(1);
    const [one, two, three] = ownerOf(0, 10, 20).sessions as [Session, Session, Session];
    for (const session of [two, one, three, two]) log.touch(session);
    three.gone = true;
    expect(batchOf(log)).toEqual([10, 0]);
    expect(size(log)).toBe(0);
    log.touch(one);
    expect(batchOf(log)).toEqual([0]);
    expect(batchOf(log)).toEqual([]);
  });

  it('for a barrier: each session once, over all batches since, under its names', () => {
    const log = new SessionLog(1);
    log.begin();
    const [one, two, three] = ownerOf(0, 10, 20).sessions as [Session, Session, Session];
    log.touch(one);
    log.touch(three);
    expect(batchOf(log)).toEqual([0, 20]);
    log.touch(one);
    expect(batchOf(log)).toEqual([0]);
    log.changed(one);
    log.changed(two);
    log.drop(one);
    one.start = -3;
    log.drop(three);
    three.gone = true;
    expect(take(log)).toEqual({
      ...NOTHING,
      removed: [
        [0, 'a'],
        [20, 'a'],
      ],
      put: [
        [[-3, 'a'], 5],
        [[10, 'a'], 15],
      ],
    });
    expect(size(log)).toBe(0);
    expect(take(log)).toEqual(NOTHING);
    log.touch(one);
    expect(batchOf(log)).toEqual([-3]);
    expect(take(log).put).toEqual([[[-3, 'a'], 5]]);
  });

  it('what a barrier has written is written again when a row comes, in the same batch', () => {
    const log = new SessionLog(1);
    const [one, two] = ownerOf(0, 10).sessions as [Session, Session];
    log.touch(one);
    take(log);
    log.touch(two);
    log.touch(one);
    expect(batchOf(log)).toEqual([10, 0]);
    expect(take(log).put).toHaveLength(2);
  });

  it('a batch that was read before anything was recorded leaves nothing behind', () => {
    const log = new SessionLog(1);
    const [one, two] = ownerOf(0, 10).sessions as [Session, Session];
    log.touch(one);
    batchOf(log);
    log.begin();
    log.touch(two);
    expect(batchOf(log)).toEqual([10]);
    log.touch(two);
    log.begin();
    log.touch(one);
    expect(batchOf(log)).toEqual([0]);
  });
});
