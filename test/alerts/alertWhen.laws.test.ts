import { describe, expect, it } from 'vitest';
import { alertWhen, type AlertOptions } from '../../operators/alertWhen';
import { threshold, trend, type Alert } from '../../src/alerts';
import { isLate, type Signal, type TieRule } from '../../src/element';
import { assertSplitInvariant, operatorHarness, seeded, textOf } from '../../src/testing';

interface Row {
  readonly k: string;
  readonly v: number | null;
}
type Timed = readonly [time: number, row: Row];
type Random = () => number;

const SEEDS = Array.from({ length: Number(process.env['ALERT_SEEDS'] ?? 80) }, (_, i) => i + 1);
const hot = threshold<Row>({ metric: 'v', threshold: 10 });
const cool = threshold<Row>({ metric: 'v', threshold: 5, op: '<' });

const pick = <V>(random: Random, values: readonly V[]): V => values[Math.floor(random() * values.length)]!;

/** Rows in order of time, with ties, in runs that mostly say the same. */
function rowsOf(random: Random, count = 60): Timed[] {
  const last = new Map<string, number>();
  let time = 0;
  return Array.from({ length: count }, () => {
    time += pick(random, [0, 0, 1, 1, 2, 5, 9]);
    const k = pick(random, ['a', 'b', 'c']);
    const v = random() < 0.7 ? (last.get(k) ?? 20) : pick(random, [0, 7, 20, 20, 25]);
    last.set(k, v);
    return [time, { k, v: random() < 0.03 ? null : v }];
  });
}

function optionsOf(random: Random): AlertOptions<Row> {
  const maybe = (): boolean => random() < 0.5;
  return {
    when: hot,
    key: 'k',
    ...(maybe() && { for: pick(random, [1, 5, 12]) }),
    ...(maybe() && { clearWhen: cool }),
    ...(maybe() && { coolDown: pick(random, [3, 10, 30]) }),
    ...(maybe() && { resolved: true }),
  };
}

/** Shuffles within the delay, so that no row is late, and puts watermarks between. */
function disordered(random: Random, rows: readonly Timed[], delay: number, ties: TieRule): Signal<Row>[] {
  const shuffled = rows
    .map((row, i) => ({ row, at: row[0] + random() * delay, i }))
    .sort((a, b) => a.at - b.at || a.i - b.i)
    .map(({ row }) => row);
  return withWatermarks(random, shuffled, ties);
}

/** Watermarks at random, below every row to come. */
function withWatermarks(random: Random, rows: readonly Timed[], ties: TieRule): Signal<Row>[] {
  const signals: Signal<Row>[] = [];
  let w = -10;
  rows.forEach(([time, row], i) => {
    signals.push({ kind: 'event', time, row });
    const bound = Math.min(...rows.slice(i + 1).map(([t]) => t)) - (ties === 'instant' ? 1 : 0);
    if (random() < 0.5 || bound === Infinity) return;
    w = Math.max(w, pick(random, [bound, bound, bound - 1, bound - 4]));
    signals.push({ kind: 'watermark', time: w, ...(random() < 0.3 && { drop: w - 3 }) });
  });
  return [...signals, { kind: 'watermark', time: Infinity }];
}

function alertsOf(options: AlertOptions<Row>, input: readonly Signal<Row>[], ties: TieRule): Alert<Row>[] {
  const harness = operatorHarness(alertWhen<Row>(options), { traits: { ties } });
  for (const signal of input) harness.signal(signal);
  return harness.takeRows();
}

/** The alerts of one key, found by looking over all of its rows, in order of event time. */
function oracle(options: AlertOptions<Row>, rows: readonly Timed[]): string[] {
  const { clearWhen, resolved = false, coolDown = 0 } = options;
  const forMs = (options.for as number | undefined) ?? 0;
  const coolMs = coolDown as number;
  const said: string[] = [];
  const holds = ([, row]: Timed): boolean => hot(row);
  let free = -Infinity;
  if (forMs === 0 && clearWhen === undefined && !resolved) {
    for (const row of rows.filter(holds)) {
      if (row[0] < free) continue;
      said.push(`firing ${row[0]} ${row[0]} ${textOf(row[1])}`);
      if (coolMs > 0) free = row[0] + coolMs;
    }
    return said;
  }
  const clears = (row: Timed): boolean => (clearWhen === undefined ? !holds(row) : cool(row[1]));
  let i = 0;
  while (i < rows.length) {
    if (!holds(rows[i]!)) {
      i++;
      continue;
    }
    const since = rows[i]![0];
    const due = Math.max(since + forMs, free);
    const exact = rows.findIndex((row, j) => j >= i && row[0] === due && holds(row));
    const stop = rows.findIndex((row, j) => j >= i && !holds(row) && row[0] <= due);
    if (stop >= 0 && (exact < 0 || stop < exact)) {
      i = stop + 1;
      continue;
    }
    const last = exact >= 0 ? exact : rows.filter((row) => row[0] <= due).length - 1;
    said.push(`firing ${due} ${since} ${textOf(rows[last]![1])}`);
    if (coolMs > 0) free = due + coolMs;
    const end = rows.findIndex((row, j) => j > last && clears(row));
    if (end < 0) break;
    if (resolved) said.push(`resolved ${rows[end]![0]} ${since} ${textOf(rows[end]![1])}`);
    i = end + 1;
  }
  return said;
}

function byKey(alerts: readonly Alert<Row>[], k: string): string[] {
  return alerts.filter((a) => a.key[0] === k).map((a) => `${a.status} ${a.time} ${a.startedAt} ${textOf(a.row)}`);
}

describe('alertWhen against a batch oracle', () => {
  it.each(['instant', 'ordered'] as const)('ordered: whatever the disorder and the watermarks (%s)', (ties) => {
    for (const seed of SEEDS) {
      const random = seeded(seed);
      const [rows, options] = [rowsOf(random), optionsOf(random)];
      const input = disordered(random, rows, 8, ties);
      const alerts = alertsOf({ ...options, ordered: true }, input, ties);
      const arrived = input.flatMap((s): Timed[] => (s.kind === 'event' ? [[s.time, s.row]] : []));
      const sorted = arrived.sort((a, b) => a[0] - b[0]);
      for (const k of ['a', 'b', 'c']) {
        expect(byKey(alerts, k), `seed ${seed}`).toEqual(
          oracle(
            options,
            sorted.filter(([, row]) => row.k === k),
          ),
        );
      }
      const times = alerts.map((a) => a.time);
      expect(times, `seed ${seed}: in order of time`).toEqual([...times].sort((a, b) => a - b));
    }
  });

  it.each(['instant', 'ordered'] as const)('as they arrive, in order: the watermark decides when, not what (%s)', (ties) => {
    for (const seed of SEEDS) {
      const random = seeded(seed);
      const [rows, options] = [rowsOf(random), optionsOf(random)];
      const alerts = alertsOf(options, withWatermarks(random, rows, ties), ties);
      for (const k of ['a', 'b', 'c']) {
        expect(byKey(alerts, k), `seed ${seed}`).toEqual(
          oracle(
            options,
            rows.filter(([, row]) => row.k === k),
          ),
        );
      }
    }
  });

  it('groups have the members that single alerts would be', () => {
    for (const seed of SEEDS) {
      const random = seeded(seed);
      const [rows, options] = [rowsOf(random), optionsOf(random)];
      const input = disordered(random, rows, 8, 'instant');
      const single = alertsOf(options, input, 'instant');
      const groups = alertsOf({ ...options, groupBy: 'v' }, input, 'instant');
      const members = groups.flatMap((group) => group.members!);
      const sorted = (alerts: readonly Alert<Row>[]): string[] => alerts.map(textOf).sort();
      expect(sorted(members)).toEqual(sorted(single));
      const ids = groups.map((g) => textOf([g.time, g.status, g.key]));
      expect(new Set(ids).size).toBe(ids.length);
      for (const group of groups)
        expect(group.members!.every((m) => m.time === group.time && m.status === group.status)).toBe(true);
    }
  });
});

/** All options, for laws that hold whatever they are. */
function anyOptions(random: Random): AlertOptions<Row> {
  const maybe = (): boolean => random() < 0.4;
  const jump = trend<Row>({ metric: 'v', threshold: 0.3 });
  const remembers = maybe();
  return {
    ...optionsOf(random),
    ...(remembers && { when: jump, forgetAfter: 20 }),
    ...(maybe() && { groupBy: 'v' as const }),
    ...(maybe() && { ordered: true }),
    ...(maybe() && { key: ['k', 'v'] as const }),
    ...(maybe() && { severity: (row: Row) => `s${row.v}`, message: 'm' }),
  };
}

describe('laws of alertWhen', () => {
  it.each(['instant', 'ordered'] as const)('no on-time row becomes an alert that is late for the next operator (%s)', (ties) => {
    for (const seed of SEEDS) {
      const random = seeded(seed);
      const options = anyOptions(random);
      const harness = operatorHarness(alertWhen<Row>(options), { traits: { ties } });
      for (const signal of disordered(random, rowsOf(random), 8, ties)) harness.signal(signal);
      let drop = -Infinity;
      for (const signal of harness.take()) {
        if (signal.kind === 'watermark') drop = signal.drop ?? signal.time;
        else if (signal.kind === 'event') expect(isLate(signal.time, drop, ties), `seed ${seed}`).toBe(false);
        else expect(signal).toBe('no rejection');
      }
    }
  });

  it('in = forwarded + absorbed + held + filtered + rejected, after every signal, late rows or not', () => {
    for (const seed of SEEDS) {
      const random = seeded(seed);
      const harness = operatorHarness(alertWhen<Row>(anyOptions(random)));
      let said = 0;
      for (const signal of disordered(random, rowsOf(random), 8, 'instant')) {
        harness.signal(random() < 0.1 && signal.kind === 'event' ? { ...signal, time: signal.time - 15 } : signal);
        const { tally } = harness;
        const rejected = Object.values(tally.rejected).reduce((sum, n) => sum + n, 0);
        expect(tally.forwarded + tally.absorbed + tally.held + tally.filtered + rejected, `seed ${seed}`).toBe(tally.in);
        said += harness.takeRows().reduce((sum, alert) => sum + (alert.members?.length ?? 1), 0);
        expect(said, 'an absorbed row is the row of an alert').toBe(tally.absorbed);
      }
      expect(harness.tally.held).toBe(0);
    }
  });

  it('may be stopped and restored anywhere', () => {
    for (const seed of SEEDS) {
      const random = seeded(seed);
      const options = anyOptions(random);
      const input = disordered(random, rowsOf(random, 40), 8, 'instant').map((signal) =>
        random() < 0.1 && signal.kind === 'event' ? { ...signal, time: signal.time - 15 } : signal,
      );
      assertSplitInvariant(() => alertWhen<Row>(options), input, { splits: 3, seed });
    }
  });

  it('keeps nothing of quiet keys when the watermark has passed all', () => {
    for (const seed of SEEDS) {
      const random = seeded(seed);
      const harness = operatorHarness(alertWhen<Row>(anyOptions(random)));
      const rows = rowsOf(random);
      for (const signal of withWatermarks(random, rows, 'instant').slice(0, -1)) harness.signal(signal);
      const end = rows[rows.length - 1]![0] + 1;
      harness.watermark(end + 50);
      const firing =
        harness.snapshot()[0]!.tables['keys']?.entries.filter(([, s]) => (s as { firing: unknown }).firing !== null) ?? [];
      expect(harness.state['keys'] ?? 0, `seed ${seed}`).toBe(firing.length);
    }
  });
});
