import { divert, foreach, foreachBatch, memorySink, withReceipts, type Receipt, type RowBatch } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { batchOf, contextOf, idOf } from './sinks';

describe('foreach', () => {
  const logged = (failing?: string): { log: string[]; sink: ReturnType<typeof foreach<string>> } => {
    const log: string[] = [];
    const sink = foreach<string>({
      open: async (partition, epoch) => void log.push(`open ${partition} ${epoch}`),
      process: async (row) => {
        await Promise.resolve();
        if (row === failing) throw new Error(`cannot take ${row}`);
        log.push(row);
      },
      close: (error) => void log.push(`close ${error instanceof Error ? error.message : String(error)}`),
    });
    return { log, sink };
  };

  it('[L19] opens with partition and epoch, processes rows in order, closes', async () => {
    const { log, sink } = logged();
    await sink.commit(batchOf('append', ['a', 'b']), idOf(5));
    expect(log).toEqual(['open 0 5', 'a', 'b', 'close undefined']);
  });

  it('[L19] open may skip; close is called all the same', async () => {
    const log: string[] = [];
    const sink = foreach<string>({
      open: () => false,
      process: (row) => void log.push(row),
      close: () => void log.push('close'),
    });
    await sink.commit(batchOf('append', ['a']), idOf(0));
    expect(log).toEqual(['close']);
  });

  it('[L19] close gets the error, and the batch fails with it', async () => {
    const { log, sink } = logged('b');
    await expect(sink.commit(batchOf('append', ['a', 'b', 'c']), idOf(0))).rejects.toThrow('cannot take b');
    expect(log).toEqual(['open 0 0', 'a', 'close cannot take b']);
  });

  it('the failure of a row counts, not that of close', async () => {
    const fail = (what: string) => () => {
      throw new Error(what);
    };
    const sink = foreach({ process: fail('row'), close: fail('close') });
    await expect(sink.commit(batchOf('append', [1]), idOf(0))).rejects.toThrow('row');
    await expect(sink.commit(batchOf('append', []), idOf(0))).rejects.toThrow('close');
  });

  it('an open that throws fails the batch without a close', async () => {
    const log: string[] = [];
    const sink = foreach({
      open: () => Promise.reject(new Error('shut')),
      process: () => undefined,
      close: () => void log.push('close'),
    });
    await expect(sink.commit(batchOf('append', [1]), idOf(0))).rejects.toThrow('shut');
    expect(log).toEqual([]);
  });

  it('takes just a function; its promise of delivery is what the user says', async () => {
    const seen: number[] = [];
    await foreach<number>((row) => void seen.push(row)).commit(batchOf('append', [1, 2]), idOf(0));
    expect(seen).toEqual([1, 2]);
    expect(foreach(() => undefined).delivery).toBe('at-least-once');
    expect(foreach(() => undefined, { idempotent: true }).delivery).toBe('idempotent');
  });
});

describe('foreachBatch', () => {
  it('[L20] gets the batch and its id, and is awaited', async () => {
    const seen: unknown[] = [];
    const sink = foreachBatch<string>(async (rows, { batchId, queryId, attemptId, epoch, replayed }) => {
      await Promise.resolve();
      seen.push([...rows], batchId, queryId, attemptId, epoch, replayed);
    });
    await sink.commit(batchOf('append', ['a', 'b']), idOf(7));
    expect(seen).toEqual([['a', 'b'], 7, 'query', 'attempt-7', 1, false]);
  });

  it('[L20, L54] what it throws fails the batch; the same batch comes again', async () => {
    const seen: number[] = [];
    let fails = true;
    const sink = foreachBatch<number>((batch, { batchId }) => {
      seen.push(batchId, ...batch);
      if (fails) throw new Error('down');
    });
    await expect(sink.commit(batchOf('append', [1]), idOf(3))).rejects.toThrow('down');
    fails = false;
    await sink.commit(batchOf('append', [1]), idOf(3, { replayed: true }));
    expect(seen).toEqual([3, 1, 3, 1]);
  });

  it('[L49, E4.2a] is called for an empty batch, and isEmpty() tells', async () => {
    const calls: boolean[] = [];
    const sink = foreachBatch<number>((batch) => {
      calls.push(batch.isEmpty());
      if (batch.isEmpty()) return;
      throw new Error('not reached');
    });
    await sink.commit(batchOf('append', []), idOf(0));
    expect(calls).toEqual([true]);
  });

  it('a batch of deletions is not empty', async () => {
    let batch: RowBatch<number> | undefined;
    const pane = { timing: 'late', index: 1, isLast: true } as const;
    await foreachBatch<number>((given) => {
      batch = given;
    }).commit({ mode: 'update', rows: [], changes: [{ op: 'delete', key: ['a'], row: 1, pane }] }, idOf(0));
    expect([batch?.isEmpty(), batch?.count(), batch?.changes?.length]).toEqual([false, 0, 1]);
  });

  it('[L53] counts without reading the source again, and can be walked twice', async () => {
    let reads = 0;
    const rows = new Proxy([1, 2, 3], {
      get: (target, name, receiver) => {
        if (name === '0') reads++;
        return Reflect.get(target, name, receiver) as unknown;
      },
    });
    const counts: number[] = [];
    const sink = foreachBatch<number>((batch) => {
      counts.push(batch.count(), batch.count());
      expect(reads).toBe(0);
      expect([...batch]).toEqual([...batch]);
    });
    await sink.commit(batchOf('append', rows), idOf(0));
    expect(counts).toEqual([3, 3]);
  });

  it('[L55] promises what the user says: upserts, or a lookup', () => {
    const write = (): void => undefined;
    expect(foreachBatch(write)).toMatchObject({ delivery: 'at-least-once' });
    expect(foreachBatch(write).lookup).toBeUndefined();
    expect(foreachBatch(write, { idempotent: true }).delivery).toBe('idempotent');
    const lookup = async (batchId: number): Promise<Receipt> => ({ attemptId: `a${batchId}`, rows: 0 });
    const asked = foreachBatch(write, { lookup });
    expect(asked.delivery).toBe('transactional');
    void asked.open?.(contextOf());
    return expect(asked.lookup?.(3)).resolves.toEqual({ attemptId: 'a3', rows: 0 });
  });

  it('[L55, L86] a double run leaves one effect with withReceipts', async () => {
    const store = new Map<string, Receipt>();
    const put = (key: string, receipt: Receipt): unknown => store.set(key, receipt);
    const runs: number[] = [];
    const sink = foreachBatch<number>(
      (batch) => void runs.push(batch.count()),
      withReceipts({ get: (key) => store.get(key), put }),
    );
    await sink.open?.(contextOf());
    await sink.commit(batchOf('append', [1, 2]), idOf(0));
    const again = await sink.commit(batchOf('append', [1, 2]), idOf(0, { attemptId: 'second', replayed: true }));
    expect(runs).toEqual([2]);
    expect(again).toEqual({ attemptId: 'attempt-0', rows: 2 });
    expect([...store.keys()]).toEqual(['query/sink/0']);
    await expect(sink.lookup?.(0)).resolves.toEqual({ attemptId: 'attempt-0', rows: 2 });
    await expect(sink.lookup?.(1)).resolves.toBeUndefined();
    expect(sink.delivery).toBe('at-least-once');
  });

  it('[L55] a failed batch leaves no receipt', async () => {
    const store = new Map<string, Receipt>();
    const sink = foreachBatch(
      () => {
        throw new Error('down');
      },
      withReceipts({ get: (key) => store.get(key), put: (key, receipt) => store.set(key, receipt) }),
    );
    await sink.open?.(contextOf());
    await expect(sink.commit(batchOf('append', [1]), idOf(0))).rejects.toThrow('down');
    expect(store.size).toBe(0);
  });

  it('[L55] transactional receipts are written by the function, in its own transaction, once', async () => {
    const puts: unknown[] = [];
    const receipts = withReceipts(
      { get: () => undefined, put: (key, _receipt, into) => puts.push([key, into]) },
      { transactional: true },
    );
    const sink = foreachBatch<number>(async (_batch, { record }) => {
      await record('transaction');
    }, receipts);
    await sink.open?.(contextOf());
    await sink.commit(batchOf('append', [1]), idOf(0));
    expect(puts).toEqual([['query/sink/0', 'transaction']]);
    expect(sink.delivery).toBe('transactional');
    const forgetful = foreachBatch(() => undefined, receipts);
    await forgetful.open?.(contextOf());
    await expect(forgetful.commit(batchOf('append', [1]), idOf(1))).rejects.toMatchObject({ code: 'TIDEMARK_OPTION' });
  });

  it('refuses lookup and receipts together', () => {
    const lookup = async (): Promise<undefined> => undefined;
    const both = { lookup, ...withReceipts({ get: () => undefined, put: () => undefined }) };
    expect(() => foreachBatch(() => undefined, both)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
  });
});

describe('divert', () => {
  it('gives one sink to one output', () => {
    const spare = memorySink<never>();
    const to = divert(spare);
    expect(to.to('a')).toBe(to.to('a'));
    expect(() => to.to('b')).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }));
  });

  it('makes a sink for each output', () => {
    const to = divert((output) => memorySink<never>({ name: `spare-${output}` }));
    expect(to.to('a')).toBe(to.to('a'));
    expect(to.to('a')).not.toBe(to.to('b'));
  });
});
