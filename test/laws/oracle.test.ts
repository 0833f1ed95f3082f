import type { Change, Signal } from 'tidemark';
import { operatorHarness, textOf } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';
import type { OperatorHarness } from '../../src/testing';
import { expectSame, operatorOf, randomCase, type Case, type Out, type Result } from './cases';
import { keyText, oracle, type Answer, type Figures, type Policy, type Row } from './oracle';
import { forSeeds } from './random';

/** What the operator said, with the number of the signal that caused it. */
interface Told {
  readonly at: number;
  readonly signal: Signal<Out>;
}

type Between = (harness: OperatorHarness<Row, Out>, at: number) => unknown;

function play(one: Case, emit: Policy, between: Between = () => undefined): Told[] {
  const harness = operatorHarness(operatorOf(one, emit));
  const told: Told[] = [];
  one.signals.forEach((signal, at) => {
    harness.signal(signal);
    for (const said of harness.take()) told.push({ at, signal: said });
    between(harness, at);
  });
  harness.close();
  return told;
}

function answerOf(one: Case, emit: Policy): Answer {
  return oracle(one.signals, { window: one.window, key: one.key, emit, perWindow: one.select === 'ordered' });
}

function expectOutput(one: Case, told: readonly Told[], answer: Answer): void {
  const events = told.flatMap(({ at, signal }) => (signal.kind === 'event' ? [{ at, time: signal.time, row: signal.row }] : []));
  events.forEach(({ at, time, row }, i) => {
    const want = answer.said[i];
    if (want === undefined) return expect.fail(`more than expected: at signal ${at} ${textOf(row)}`);
    expectSame(row, want, one.key, one.select);
    if (at !== want.at) expect.fail(`[${want.start}, ${want.end}) was said at signal ${at}, not ${want.at}`);
    const stamp = want.end === Infinity ? 8_640_000_000_000_000 : want.end - 1;
    if (time !== stamp) expect.fail(`[${want.start}, ${want.end}) is stamped ${time}, not ${stamp}`);
  });
  const [missing] = answer.said.slice(events.length);
  if (missing !== undefined)
    expect.fail(`missing: at signal ${missing.at} ${missing.op} [${missing.start}, ${missing.end}) ${missing.key}`);
}

function expectRejections(told: readonly Told[], answer: Answer): void {
  const got = told.flatMap(({ at, signal }) => (signal.kind === 'rejected' ? [{ at, signal }] : []));
  expect(got.map(({ at, signal }) => [at, signal.reason, signal.time])).toEqual(
    answer.refused.map((r) => [r.at, r.reason, r.time]),
  );
  got.forEach(({ signal }, i) => {
    const { windows, drop, reason } = answer.refused[i]!;
    expect(signal.watermark).toBe(drop);
    if (reason === 'noWindow') return expect(signal.detail).toBeUndefined();
    const behindMs = drop - Math.max(...windows.map((window) => window.end));
    expect(signal.detail).toEqual({ windows, behindMs, missingDelayMs: behindMs + 1 });
  });
}

/** The operator's own counters; open windows only now and then, because counting them costs. */
function figuresOf(harness: OperatorHarness<Row, Out>, at: number): Partial<Figures> {
  const { held, absorbed, rejected, partlyLate } = harness.tally;
  const refused = (rejected.late ?? 0) + (rejected.noWindow ?? 0);
  const figures = { held, absorbed, rejected: refused, partly: partlyLate };
  return at % 8 > 0 ? figures : { ...figures, windows: harness.report['openWindows'] as number };
}

function expectFigures(got: readonly Partial<Figures>[], answer: Answer): void {
  got.forEach((figures, at) => {
    const wanted = answer.figures[at] as Figures;
    for (const [name, figure] of Object.entries(figures)) {
      if (figure !== wanted[name as keyof Figures]) expect({ at, ...figures }).toEqual({ at, ...wanted });
    }
  });
}

/** The last word on each change key. */
function accumulated(told: readonly Told[]): Map<string, Result> {
  const table = new Map<string, Result>();
  for (const { signal } of told) {
    if (signal.kind !== 'event') continue;
    const change = signal.row as Change<Result>;
    const name = `${String(change.key[0])} ${keyText(change.key.slice(1))}`;
    if (change.op === 'delete') table.delete(name);
    else table.set(name, change.row);
  }
  return table;
}

describe('against the oracle', () => {
  it('onClose says every row of every window once, in order, and rejects the rest', () => {
    forSeeds(400, (random) => {
      const one = randomCase(random, { lateness: true });
      const answer = answerOf(one, 'onClose');
      const figures: Partial<Figures>[] = [];
      const told = play(one, 'onClose', (harness, at) => figures.push(figuresOf(harness, at)));
      expectOutput(one, told, answer);
      expectRejections(told, answer);
      expectFigures(figures, answer);
    });
  });

  it.each(['onTime', 'onUpdate'] as const)('%s says and corrects every window at its moment, pane by pane', (emit) => {
    forSeeds(400, (random) => {
      const one = randomCase(random, { lateness: true });
      const answer = answerOf(one, emit);
      const told = play(one, emit);
      expectOutput(one, told, answer);
      expectRejections(told, answer);
    });
  });

  it.each(['onTime', 'onUpdate'] as const)('%s holds and forgets what the rules say', (emit) => {
    forSeeds(150, (random) => {
      const one = randomCase(random, { lateness: true });
      const figures: Partial<Figures>[] = [];
      play(one, emit, (harness, at) => figures.push(figuresOf(harness, at)));
      expectFigures(figures, answerOf(one, emit));
    });
  });

  it.each(['onTime', 'onUpdate'] as const)('%s: the last word on every change key is the final result', (emit) => {
    forSeeds(200, (random) => {
      const base = randomCase(random, { lateness: true });
      const one: Case = { ...base, signals: [...base.signals, { kind: 'watermark', time: Infinity }] };
      const table = accumulated(play(one, emit));
      const wanted = new Map(answerOf(one, 'onClose').said.map((said) => [idOf(one, said.start, said.end, said.key), said]));
      for (const [name, said] of wanted) {
        const row = table.get(name);
        if (row === undefined) return expect.fail(`nothing is left of ${name}`);
        expectSame(row, said, one.key, one.select);
      }
      expect([...table.keys()].sort()).toEqual([...wanted.keys()].sort());
    });
  });

  it('pane indices count from 0 for each key and window, and nothing follows a last pane', () => {
    forSeeds(150, (random) => {
      const one = randomCase(random, { lateness: true });
      for (const emit of ['onTime', 'onUpdate'] as const) {
        const next = new Map<string, number>();
        const over = new Set<string>();
        for (const { signal } of play(one, emit)) {
          if (signal.kind !== 'event') continue;
          const { op, key, pane, row } = signal.row as Change<Result>;
          const name = `${String(key[0])} ${row.window.overlapsClosed === true ? '!' : ''} ${keyText(key.slice(1))}`;
          expect(over.has(name), `${name} speaks after its last pane`).toBe(false);
          if (op === 'delete') next.delete(name);
          else {
            expect(pane.index).toBe(next.get(name) ?? 0);
            next.set(name, pane.index + 1);
            if (pane.isLast) over.add(name);
          }
        }
      }
    });
  });
});

/** The change key: the start, or, where windows share it, the end or both. */
function idOf(one: Case, start: number, end: number, key: string): string {
  const { kind } = one.window;
  return `${kind === 'cumulative' ? end : kind === 'custom' ? `${start}/${end}` : start} ${key}`;
}
