import type { Signal } from 'tidemark';
import type { InputSignal } from 'tidemark/testing';
import type { Any } from './operators';
import type { Random } from './random';

/** Random rows and watermarks for the operators of the table; watermarks regress now and then. */
export function timedSignals(random: Random, events: number, lateness = 0): Signal<Any>[] {
  const signals: Signal<Any>[] = [];
  const disorder = random.int(1, 40);
  let now = random.int(-100, 100);
  let emit = -Infinity;
  const say = (time: number): void => {
    emit = Math.max(emit, time);
    signals.push(lateness === 0 ? { kind: 'watermark', time } : { kind: 'watermark', time, drop: time - lateness });
  };
  for (let id = 0; id < events; id++) {
    now += random.int(0, 6);
    const t = now - (random.chance(0.6) ? 0 : random.int(0, disorder));
    signals.push({ kind: 'event', time: t, row: rowOf(random, random.chance(0.1) ? random.int(0, id) : id, t) });
    if (random.chance(0.4)) say(random.pick([now - disorder, t, now - random.int(0, disorder * 2), Math.round(now / 5) * 5]));
    if (random.chance(0.03)) signals.push({ kind: 'idle', idle: random.chance(0.5) });
    if (random.chance(0.03)) signals.push({ kind: 'barrier', batchId: id });
    if (random.chance(0.03)) {
      const row = rowOf(random, id, t);
      signals.push({ kind: 'rejected', reason: 'late', time: t, row, operator: 'upstream', watermark: emit });
    }
  }
  if (random.chance(0.7)) signals.push({ kind: 'watermark', time: Infinity });
  return signals;
}

/** Those of two inputs, shuffled into each other; now and then one of them says its last watermark long before the other. */
export function twoSided(random: Random, events: number, lateness = 0): InputSignal<Any>[] {
  const sides = [0, 1].map((input) => timedSignals(random, events, lateness).map((signal) => ({ ...signal, input })));
  const signals: InputSignal<Any>[] = [];
  const share = random.pick([0.2, 0.5, 0.5, 0.8]);
  while (sides.some((side) => side.length > 0)) {
    const side = sides[random.chance(share) ? 0 : 1]!;
    signals.push(...side.splice(0, 1));
  }
  return signals;
}

/** As a query says it: its watermark is never below 0. */
export function inQuery(signal: InputSignal<Any>): InputSignal<Any> {
  if (signal.kind !== 'watermark') return signal;
  const { time, drop = time } = signal;
  return { ...signal, time: Math.max(0, time), drop: Math.max(0, drop) };
}

/** Rows without event time, for operators that give it to them; some have none to give. */
export function untimedSignals(random: Random, events: number): Signal<Any>[] {
  const disorder = random.int(1, 40);
  let now = random.int(-100, 100);
  return Array.from({ length: events }, (_, id) => {
    now += random.int(0, 6);
    const t = random.chance(0.05) ? NaN : now - (random.chance(0.6) ? 0 : random.int(0, disorder));
    return { kind: 'event', time: NaN, row: rowOf(random, id, t) };
  });
}

function rowOf(random: Random, id: number, t: number): Any {
  const v = random.chance(0.1) ? null : random() * 100;
  return { t, id, k: random.pick(['a', 'b', null, 3]), v, gap: random.int(1, 12) };
}
