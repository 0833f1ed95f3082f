import { map, of, share, tap, type Observable } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

type Library = typeof import('tidemark');

/** Two copies of the module, as an application has that gets the ESM and the CJS build. */
describe('two copies of the library understand each other', () => {
  let one: Library;
  let two: Library;

  beforeAll(async () => {
    one = await import('tidemark');
    vi.resetModules();
    two = await import('tidemark');
  });

  afterAll(() => vi.resetModules());

  const rows = [{ t: 1 }, { t: 12 }, { t: 3 }, { t: 25 }];
  const count = ({ aggregate, tumbling, agg }: Library) =>
    aggregate<{ t: number }, { n: ReturnType<typeof agg.count> }, undefined, ReturnType<typeof tumbling>>({
      window: tumbling(10),
      select: { n: agg.count() as never },
    });
  const heard = (stream: Observable<unknown>): unknown[] => {
    const log: unknown[] = [];
    stream.subscribe({
      next: (value) => log.push(value),
      error: (cause: { code: string }) => log.push(cause.code),
      complete: () => log.push('complete'),
    });
    return log;
  };
  const shown = (library: Library, stream: unknown): unknown[] =>
    heard(
      (stream as ReturnType<ReturnType<typeof count>>).pipe(
        library.outcomes(),
        map((o) => (o.kind === 'row' ? (o.row as { n: number }).n : o.reason)),
      ),
    );

  it('are two copies', () => {
    expect(one.withWatermark).not.toBe(two.withWatermark);
    expect(one.TidemarkError).not.toBe(two.TidemarkError);
  });

  it('fused: operators of one on a stream of the other', () => {
    const stream = of(...rows).pipe(
      one.withWatermark('t', 0),
      two.mapRows((r) => r),
      count(one) as never,
      two.filterRows(() => true) as never,
    );
    expect(shown(two, stream)).toEqual([1, 'late', 1, 1, 'complete']);
    expect(shown(one, stream)).toEqual([1, 'late', 1, 1, 'complete']);
  });

  it('materialised: elements of one taken apart by the other', () => {
    const stream = of(...rows).pipe(
      one.withWatermark('t', 0),
      tap(),
      two.mapRows((r) => r),
      share(),
      count(one) as never,
    );
    expect(shown(two, stream)).toEqual([1, 'late', 1, 1, 'complete']);
  });

  it('the rules of kinds hold between them', () => {
    const code = (build: () => unknown): string => {
      try {
        build();
        return 'nothing';
      } catch (cause) {
        return (cause as { code: string }).code;
      }
    };
    const timed = of(...rows).pipe(one.withWatermark('t', 0));
    expect(code(() => timed.pipe(two.withWatermark('t' as never, 0)))).toBe('TIDEMARK_WATERMARK_REDEFINED');
    expect(code(() => (timed.pipe(tap()) as typeof timed).pipe(two.withWatermark('t' as never, 0)))).toBe(
      'TIDEMARK_WATERMARK_REDEFINED',
    );
    expect(code(() => one.events(of(...rows)).pipe(count(two) as never))).toBe('TIDEMARK_UNTIMED');
  });

  it('an error of one keeps its code in the other', () => {
    const failing = of(...rows).pipe(
      one.withWatermark('t', 0),
      one.mapRows((r) => {
        if (r.t === 12) throw new one.TidemarkError('TIDEMARK_OVERFLOW', 'full');
        return r;
      }),
      two.mapRows((r) => r),
    );
    expect(
      heard(
        failing.pipe(
          two.rows(),
          map((r) => r.t),
        ),
      ),
    ).toEqual([1, 'TIDEMARK_OVERFLOW']);
    const inOther = of(...rows).pipe(
      one.withWatermark('t', 0),
      two.mapRows((r) => {
        if (r.t === 12) throw new one.TidemarkError('TIDEMARK_OVERFLOW', 'full');
        return r;
      }),
    );
    expect(
      heard(
        inOther.pipe(
          one.rows(),
          map((r) => r.t),
        ),
      ),
    ).toEqual([1, 'TIDEMARK_OVERFLOW']);
  });
});
