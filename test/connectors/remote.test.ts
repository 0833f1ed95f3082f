import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { httpPollingSource, ndjson, type Offset, type Slice } from 'tidemark';
import { socketSource } from 'tidemark/node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { contextOf, drain, MemoryJournal, opened, readSlice } from './drain';

const coded = (code: string): unknown => expect.objectContaining({ code });

describe('httpPollingSource', () => {
  /** An interface with the numbers 1 to `end`, three a page. */
  const api = (end: () => number) => {
    const asked: (number | null)[] = [];
    const page = (offset: number | null) => {
      asked.push(offset);
      const from = offset ?? 0;
      const rows = Array.from({ length: Math.min(3, end() - from) }, (_, i) => from + i + 1);
      return Promise.resolve({ rows, next: from + rows.length, more: from + rows.length < end() });
    };
    return { asked, page };
  };

  it('[D13] gets checkpointing and replay for a function from offset to rows', async () => {
    let now = 0;
    let end = 7;
    const { asked, page } = api(() => end);
    const journal = new MemoryJournal();
    const source = httpPollingSource({ page, every: '10 seconds' });
    const reader = await opened(source, { now: () => now, journal });
    const batches = await drain(reader, null, false);
    expect(batches.map(({ rows }) => rows)).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
    expect(batches[2]?.slice).toEqual({ from: { page: 2, cursor: 6 }, to: { page: 3, cursor: 7 } });
    expect(asked).toEqual([null, 3, 6]);
    end = 0; // whatever the interface says now: what was planned is in the journal
    const again = await opened(source, { now: () => now, journal });
    expect((await readSlice(again, batches[1]?.slice as Slice)).rows).toEqual([4, 5, 6]);
    expect((await drain(again, batches[0]?.slice.to, false)).map(({ rows }) => rows)).toEqual([[4, 5, 6], [7]]);
    end = 8;
    const at = batches[2]?.slice.to as Offset;
    now = 9_999;
    expect(await reader.next(at)).toBeUndefined();
    now = 10_000;
    await reader.committed?.(at);
    expect(journal.entries).toEqual([]);
    expect((await drain(reader, at)).map(({ rows }) => rows)).toEqual([[8]]);
    expect((await drain(await opened(source, { now: () => now, journal }), { page: 4, cursor: 8 })).length).toBe(0);
  });

  it('[D13] asks again for a page that was planned, where that is allowed, and compares', async () => {
    let end = 2;
    const { page } = api(() => end);
    const source = httpPollingSource({ page, repeatable: true });
    expect(source.replay).toBe('replayable');
    const slice = (await (await opened(source)).next(null)) as Slice;
    expect((await readSlice(await opened(source), slice)).rows).toEqual([1, 2]);
    end = 3;
    await expect(readSlice(await opened(source), slice)).rejects.toEqual(coded('TIDEMARK_SOURCE_CHANGED'));
  });

  it('stands still once frozen, names failures, and stops asking when it is closed', async () => {
    const { page } = api(() => 4);
    const reader = await opened(httpPollingSource({ page }));
    await reader.freeze?.();
    expect((await drain(reader)).map(({ rows }) => rows)).toEqual([[1, 2, 3], [4]]);
    let signal: AbortSignal | undefined;
    const failing = await opened(
      httpPollingSource({
        page: (_offset: number | null, given) => {
          signal = given;
          return Promise.reject(new Error('503'));
        },
      }),
    );
    await expect(failing.next(null)).rejects.toEqual(coded('TIDEMARK_SOURCE'));
    await failing.close();
    expect(signal?.aborted).toBe(true);
    const wrong = await opened(httpPollingSource({ page: () => Promise.resolve({ rows: 5 } as never) }));
    await expect(wrong.next(null)).rejects.toEqual(coded('TIDEMARK_SOURCE'));
  });
});

describe('socketSource', () => {
  let server: Server | undefined;
  const sockets: Socket[] = [];
  const listen = async (greet: (socket: Socket, number: number) => void): Promise<number> => {
    const listening = (server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      greet(socket, sockets.length);
    }));
    await new Promise<void>((resolve) => void listening.listen(0, '127.0.0.1', resolve));
    return (listening.address() as AddressInfo).port;
  };
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server?.close();
  });
  /** Reads until so many rows are there. */
  const rowsOf = async (reader: Awaited<ReturnType<typeof opened>>, count: number): Promise<unknown[]> => {
    const got: unknown[] = [];
    let at: Offset = null;
    await vi.waitFor(async () => {
      for (const { rows, bad, slice } of await drain(reader, at)) {
        got.push(...rows, ...bad);
        at = slice.to;
      }
      expect(got.length).toBeGreaterThanOrEqual(count);
    }, 10_000);
    return got;
  };

  it('[L4] [L13] reads lines from a port; what it has heard is journaled', async () => {
    const port = await listen((socket) => socket.end('hello world\r\n\nhello\n'));
    const journal = new MemoryJournal();
    const source = socketSource({ host: '127.0.0.1', port, reconnect: false });
    expect(source.replay).toBe('journaled');
    const context = contextOf({ journal });
    const reader = await source.open(context);
    expect(await rowsOf(reader, 3)).toEqual([{ value: 'hello world' }, { value: '' }, { value: 'hello' }]);
    await vi.waitFor(() => expect(reader.ended?.(3)).toBe(true));
    await reader.close();
  });

  it('[L13] connects again, later each time, and gives up in the end; a broken line is rejected', async () => {
    const port = await listen((socket, number) => {
      if (number === 1) socket.end('{"n":1}\n{"n":');
      else if (number === 2) socket.end('{"n":2}\n');
      else socket.destroy();
    });
    const waits: number[] = [];
    const after = (ms: number, work: () => void): (() => void) => {
      waits.push(ms);
      setImmediate(work);
      return () => {};
    };
    const reader = await opened(
      socketSource({ host: '127.0.0.1', port, framing: ndjson(), after, reconnect: { attempts: 3, delay: '2 seconds' } }),
    );
    const got: unknown[] = [];
    let at: Offset = null;
    let failure: unknown;
    await vi.waitFor(async () => {
      const slice = await reader.next(at).catch((cause: unknown) => void (failure = cause));
      if (slice) {
        const { rows, bad } = await readSlice(reader, slice);
        got.push(...rows, ...bad);
        at = slice.to;
      }
      expect(failure).toEqual(coded('TIDEMARK_SOURCE'));
    }, 10_000);
    expect(got).toHaveLength(3);
    expect(got).toEqual(
      expect.arrayContaining([{ n: 1 }, { n: 2 }, expect.objectContaining({ reason: 'invalid', row: '{"n":' })]),
    );
    expect(waits.slice(-3)).toEqual([2000, 4000, 8000]);
    await reader.close();
  });

  it('does not read on while the query is behind', async () => {
    let written = 0;
    const line = `${'x'.repeat(999)}\n`;
    const port = await listen((socket) => {
      const write = (): void => {
        while (written < 50_000 && socket.write(line)) written++;
        if (written < 50_000) socket.once('drain', write);
      };
      write();
    });
    const context = contextOf();
    const reader = await socketSource({ host: '127.0.0.1', port, maxRows: 100 }).open(context);
    await vi.waitFor(() => expect(context.woken).toBeGreaterThanOrEqual(100));
    const before = await new Promise<number>((resolve) => setTimeout(() => resolve(context.woken), 200));
    expect(before).toBeLessThan(1000);
    expect(written).toBeLessThan(50_000);
    expect((await rowsOf(reader, 5000)).length).toBeGreaterThanOrEqual(5000);
    await reader.close();
  });
});
