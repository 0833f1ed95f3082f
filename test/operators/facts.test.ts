import { of } from 'rxjs';
import * as t from 'tidemark';
import { simulatedFiles } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import { CHANGES, knownOf, open, OPERATORS, row, SOURCES, TIMED, type Facts, type Kind, type Operator, type Row } from './facts';

const codeOf = (act: () => unknown): string | undefined => {
  try {
    act();
  } catch (cause) {
    return (cause as t.TidemarkError).code;
  }
  return undefined;
};

const ALL = Object.entries(OPERATORS);
const INPUT: Readonly<Record<Kind, Partial<t.Traits>>> = { event: TIMED, change: CHANGES, untimed: knownOf(open('untimed')) };

describe('what every operator says of itself before a row flows', () => {
  it('the streams they are looked at on', () => {
    expect(TIMED).toEqual({
      kind: 'event',
      ties: 'instant',
      watermark: true,
      timeColumn: 't',
      windowColumns: ['w'],
      delayMs: 5,
      allowedLatenessMs: 3,
      onError: 'reject',
    });
    expect(CHANGES).toMatchObject({ kind: 'change', ties: 'ordered', windowColumns: ['window'], finality: 'window' });
  });

  it.each(ALL)('%s: its description', (_name, { make, accepts, description }) => {
    const stream = (make() as Operator)(open(accepts[0]!));
    const said = t.explain(stream).operators.at(-1)!.description;
    if (description !== undefined) expect(said).toEqual(description);
    expect(JSON.parse(JSON.stringify(said))).toBeTypeOf('object');
  });

  it.each(ALL)('%s: what is known of its stream', (_name, { make, accepts, known }) => {
    const stream = (make() as Operator)(open(accepts[0]!));
    expect(knownOf(stream)).toEqual({ ...INPUT[accepts[0]!], ...known });
  });

  it.each(ALL)('%s: refuses the other kinds of streams', (_name, { make, accepts }) => {
    for (const kind of ['event', 'untimed', 'change'] as const)
      expect([kind, codeOf(() => (make() as Operator)(open(kind))) === undefined]).toEqual([kind, accepts.includes(kind)]);
  });
});

describe('mergeStreams knows what its inputs agree on', () => {
  const plain = t.withWatermark<Row, 't'>('t', 5, { onError: 'reject' });
  const rows$ = of(row);
  const merged = (...others: readonly unknown[]): Partial<t.Traits> =>
    knownOf(t.mergeStreams([rows$.pipe(plain), ...others] as never) as never);
  const agreed = {
    kind: 'event',
    ties: 'instant',
    watermark: true,
    timeColumn: 't',
    windowColumns: [],
    delayMs: 5,
    allowedLatenessMs: 0,
    onError: 'reject',
  };

  it.each([
    ['all', () => rows$.pipe(plain), {}],
    ['another column', () => rows$.pipe(t.withWatermark('u', 5, { onError: 'reject' })), { timeColumn: undefined }],
    ['another delay', () => rows$.pipe(t.withWatermark('t', 6, { onError: 'reject' })), { delayMs: undefined }],
    [
      'ties',
      () => rows$.pipe(t.withWatermark('t', t.monotonous(), { onError: 'reject' })),
      { ties: 'ordered', delayMs: undefined },
    ],
    ['an error that ends it', () => rows$.pipe(t.withWatermark('t', 5)), { onError: 'error' }],
    ['no watermark', () => rows$.pipe(t.withTimestamps('t', { onError: 'reject' })), { delayMs: undefined }],
    ['windows of one', () => rows$.pipe(plain, t.assignWindows(t.tumbling(10), 'w')), {}],
  ])('%s', (_name, other, differs) => {
    expect(merged(other())).toEqual({ ...agreed, ...differs });
  });

  it('the smaller lateness, and windows that all have', () => {
    const late = (ms: number): unknown =>
      rows$.pipe(t.withWatermark('t', 5, { onError: 'reject', allowedLateness: ms }), t.assignWindows(t.tumbling(10), 'w'));
    expect(knownOf(t.mergeStreams([late(7), late(3)] as never) as never)).toEqual({
      ...agreed,
      allowedLatenessMs: 3,
      windowColumns: ['w'],
    });
  });

  it('of nothing, nothing is known, and it can be built', () => {
    expect(knownOf(t.mergeStreams([]) as never)).toMatchObject({ kind: 'event', windowColumns: [] });
  });
});

describe('with a durable checkpoint', () => {
  /** Neither do its watermarks need a name, nor can it be sorted but in complete mode. */
  const queried = ALL.filter(([name]) => !/^(withWatermark|sortRows|reassign)/.test(name));

  async function startOf({ make, accepts, known }: Facts): Promise<unknown> {
    const kind = accepts[0]!;
    const isChange = (known?.kind ?? kind) === 'change';
    const query = t
      .streamingQuery(t.memorySource([row]), (rows$) => (make() as Operator)(SOURCES[kind](rows$)) as never)
      .writeStream({
        sink: t.memorySink(),
        outputMode: isChange ? 'update' : 'append',
        checkpoint: simulatedFiles().checkpoint(),
        onAdvice: () => {},
      } as never);
    try {
      await query.start();
    } catch (cause) {
      return cause;
    }
    await query.stop();
    return undefined;
  }

  it.each(queried)('%s: asks for an id if it has state, and only then', async (name, facts) => {
    const cause = await startOf(facts);
    if (facts.isStateful !== true) return expect(cause).toBeUndefined();
    const [type] = /^\w+/.exec(name)!;
    expect(cause).toMatchObject({ code: 'TIDEMARK_ID_REQUIRED', details: { proposal: expect.stringContaining(type) as string } });
  });
});
