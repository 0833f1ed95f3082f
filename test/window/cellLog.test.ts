import { describe, expect, it } from 'vitest';
import { createKeyMap, type KeyMap } from '../../src/key';
import { CellLog, type CellHolder } from '../../src/window/cellLog';
import { NOTHING, plain, type PlainChanges } from '../state/changes';

function holder(...keys: readonly (string | readonly string[])[]): CellHolder {
  const columns = Array.isArray(keys[0]) ? 2 : 1;
  const cells: KeyMap<unknown> = createKeyMap(columns);
  keys.forEach((key) => cells.set(key, 1));
  return { cells, logged: undefined, gone: false };
}

describe('the log of cells', () => {
  const take = (log: CellLog<CellHolder>): PlainChanges =>
    plain(
      log.take(
        () => [[['all'], 0]],
        () => ['w'],
        (acc) => acc,
      ),
    );
  const keysOf = (log: CellLog<CellHolder>): unknown[] => {
    const batch = log.takeBatch();
    const keys: unknown[] = [];
    batch.forEach((_, key) => keys.push(key));
    expect(batch.size).toBe(keys.length);
    return keys;
  };
  const size = (log: CellLog<CellHolder>): number => log['holders'].length + log['batchKeys'].length;

  it('is off until somebody reads it', () => {
    const log = new CellLog<CellHolder>(1);
    expect(log.isOn).toBe(false);
    expect(take(log)).toEqual({ ...NOTHING, put: [[['all'], 0]] });
    expect(log.isOn).toBe(true);
  });

  it('says a cell once a batch, in the order of its first row, and keeps nothing of a batch nobody records', () => {
    const log = new CellLog<CellHolder>(1);
    const one = holder('a', 'b');
    for (const key of ['b', 'a', 'b']) log.touch(one, key);
    expect(keysOf(log)).toEqual(['b', 'a']);
    expect(size(log)).toBe(0);
    log.touch(one, 'a');
    expect(keysOf(log)).toEqual(['a']);
    expect(keysOf(log)).toEqual([]);
    log.drop(one);
    expect(log['dropped']).toEqual([]);
  });

  it('for a barrier: each cell once, over all batches since; nothing of what is gone; nothing twice', () => {
    const log = new CellLog<CellHolder>(1);
    log.begin();
    const [one, two] = [holder('a', 'b'), holder('a')];
    log.touch(one, 'a');
    log.touch(two, 'a');
    expect(keysOf(log)).toEqual(['a', 'a']);
    log.touch(one, 'a');
    log.touch(one, 'b');
    expect(keysOf(log)).toEqual(['a', 'b']);
    log.drop(two);
    expect(take(log)).toEqual({
      ...NOTHING,
      cleared: [['w']],
      put: [
        [['w', 'a'], 1],
        [['w', 'b'], 1],
      ],
    });
    expect(size(log)).toBe(0);
    expect(take(log)).toEqual(NOTHING);
    log.touch(one, 'a');
    expect(keysOf(log)).toEqual(['a']);
    expect(take(log).put).toEqual([[['w', 'a'], 1]]);
  });

  it('what was known before the first barrier is said again when it changes', () => {
    const log = new CellLog<CellHolder>(1);
    const one = holder('a');
    log.touch(one, 'a');
    take(log);
    log.touch(one, 'a');
    expect(take(log).put).toEqual([[['w', 'a'], 1]]);
  });

  it('also where that was in the batch before', () => {
    const log = new CellLog<CellHolder>(1);
    const one = holder('a');
    log.touch(one, 'a');
    log.takeBatch();
    take(log);
    log.touch(one, 'a');
    expect(keysOf(log)).toEqual(['a']);
    expect(take(log).put).toEqual([[['w', 'a'], 1]]);
  });

  it('a key of several columns may be a scratch array', () => {
    const log = new CellLog<CellHolder>(2);
    const one = holder(['a', 'x'], ['a', 'y']);
    const scratch = ['a', 'x'];
    log.touch(one, scratch);
    scratch[1] = 'y';
    log.touch(one, scratch);
    expect(keysOf(log)).toEqual([
      ['a', 'x'],
      ['a', 'y'],
    ]);
  });

  it('a key may be null', () => {
    const log = new CellLog<CellHolder>(1);
    log.touch({ ...holder(), cells: createKeyMap(1) }, null);
    expect(keysOf(log)).toEqual([null]);
  });
});
