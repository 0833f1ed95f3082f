import { checkOption } from '../errors';
import { never } from './basic';
import { type Arrival, type Moment, QUIET, type Trigger } from './trigger';

/** A part of a composed trigger in one window. */
interface Part {
  state: unknown;
  done: boolean;
}

const fresh = (trigger: Trigger): Part => ({ state: trigger.create(), done: false });
const isDue = (trigger: Trigger, part: Part, at: Moment): boolean => !part.done && trigger.isDue(part.state, at);
const tell = (trigger: Trigger, part: Part, at: Arrival): void => {
  if (!part.done) trigger.onRow(part.state, at);
};

/** Fires a part if it is due. */
function fire(trigger: Trigger, part: Part, at: Moment): boolean {
  if (isDue(trigger, part, at)) part.done = trigger.fired(part.state, at);
  return part.done;
}

/** Done only where it was done in both. */
function merge(trigger: Trigger, into: Part, from: Part): void {
  if (into.done && !from.done) Object.assign(into, from);
  else if (into.done === from.done) trigger.merge(into.state, from.state);
}

/** What follows from the parts alone; `state` of the whole is the list of their states. */
function overParts(parts: readonly Trigger[]): Omit<Trigger, 'row' | 'isDue' | 'fired' | 'describe'> {
  const least = (state: unknown, timer: (trigger: Trigger, state: unknown) => number): number =>
    parts.reduce((first, trigger, i) => {
      const part = (state as Part[])[i]!;
      return part.done ? first : Math.min(first, timer(trigger, part.state));
    }, Infinity);
  return {
    create: () => parts.map(fresh),
    onRow: (state, at) => parts.forEach((trigger, i) => tell(trigger, (state as Part[])[i]!, at)),
    merge: (into, from) => parts.forEach((trigger, i) => merge(trigger, (into as Part[])[i]!, (from as Part[])[i]!)),
    eventTimer: (state) => least(state, (trigger, part) => trigger.eventTimer(part)),
    clockTimer: (state) => least(state, (trigger, part) => trigger.clockTimer(part)),
    conditions: parts.flatMap((trigger) => trigger.conditions),
    shortestMs: Math.min(...parts.map((trigger) => trigger.shortestMs)),
  };
}

/**
 * For ever: begins anew whenever it is done.
 *
 * @example
 * ```ts
 * const early = trigger.repeatedly(trigger.afterCount(2));
 * const harness = operatorHarness(aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: panes({ early }) }));
 * for (const t of [1, 2, 3, 4, 5]) harness.event(t, { t });
 * harness.takeRows().map(({ row }) => row.n); // => [2, 4]
 * ```
 */
export function repeatedly<T>(trigger: Trigger<T>): Trigger<T> {
  return {
    ...overParts([trigger]),
    isDue: (state, at) => isDue(trigger, (state as [Part])[0], at),
    fired(state, at) {
      const [part] = state as [Part];
      if (fire(trigger, part, at)) Object.assign(part, fresh(trigger));
      return false;
    },
    describe: () => ({ repeatedly: trigger.describe() }),
  };
}

/**
 * When the first of them is due; then it is done.
 *
 * @example
 * ```ts
 * const early = trigger.afterFirst(trigger.afterCount(2), trigger.when(({ v }) => v > 100));
 * const harness = operatorHarness(aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: panes({ early }) }));
 * harness.event(1, { v: 5 });
 * harness.event(2, { v: 6 }); // two rows
 * harness.event(3, { v: 500 }); // early panes begin anew, and now the great one is first
 * harness.takeRows().map(({ row }) => row.n); // => [2, 3]
 * ```
 */
export function afterFirst<T>(...triggers: readonly Trigger<T>[]): Trigger<T> {
  checkOption(triggers.length > 0, 'afterFirst needs a trigger');
  return {
    ...overParts(triggers),
    isDue: (state, at) => triggers.some((trigger, i) => isDue(trigger, (state as Part[])[i]!, at)),
    fired: () => true,
    describe: () => ({ afterFirst: triggers.map((trigger) => trigger.describe()) }),
  };
}

/**
 * When the first is due, until the second is; that is the last time.
 *
 * @example
 * ```ts
 * const early = trigger.orFinally(trigger.repeatedly(trigger.afterCount(2)), trigger.afterCount(3));
 * const harness = operatorHarness(aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: panes({ early }) }));
 * for (const t of [1, 2, 3, 4, 5]) harness.event(t, { t });
 * harness.takeRows().map(({ row }) => row.n); // => [2, 3, 5]
 * ```
 */
export function orFinally<T>(trigger: Trigger<T>, until: Trigger<T>): Trigger<T> {
  return {
    ...overParts([trigger, until]),
    isDue: (state, at) => isDue(trigger, (state as Part[])[0]!, at) || isDue(until, (state as Part[])[1]!, at),
    fired(state, at) {
      const [part, last] = state as [Part, Part];
      if (isDue(until, last, at)) return true;
      return fire(trigger, part, at);
    },
    describe: () => ({ orFinally: [trigger.describe(), until.describe()] }),
  };
}

/**
 * One after the other: the next begins when the one before is done, and sees only the rows from then on.
 *
 * @example
 * ```ts
 * const early = trigger.inOrder(trigger.afterCount(1), trigger.afterCount(3));
 * const harness = operatorHarness(aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: panes({ early }) }));
 * for (const t of [1, 2, 3, 4, 5]) harness.event(t, { t });
 * harness.takeRows().map(({ row }) => row.n); // => [1, 4, 5]
 * ```
 */
export function inOrder<T>(...triggers: readonly Trigger<T>[]): Trigger<T> {
  checkOption(triggers.length > 0, 'inOrder needs a trigger');
  const all = overParts(triggers);
  const current = (state: unknown): number => (state as Part[]).findIndex((part) => !part.done);
  const timer = (state: unknown, of: (trigger: Trigger, state: unknown) => number): number => {
    const i = current(state);
    return i < 0 ? Infinity : of(triggers[i]!, (state as Part[])[i]!.state);
  };
  return {
    ...all,
    onRow(state, at) {
      const i = current(state);
      if (i >= 0) tell(triggers[i]!, (state as Part[])[i]!, at);
    },
    isDue(state, at) {
      const i = current(state);
      return i >= 0 && isDue(triggers[i]!, (state as Part[])[i]!, at);
    },
    fired(state, at) {
      const i = current(state);
      return fire(triggers[i]!, (state as Part[])[i]!, at) && i === triggers.length - 1;
    },
    eventTimer: (state) => timer(state, (trigger, part) => trigger.eventTimer(part)),
    clockTimer: (state) => timer(state, (trigger, part) => trigger.clockTimer(part)),
    describe: () => ({ inOrder: triggers.map((trigger) => trigger.describe()) }),
  };
}

/** What speaks before and after the on-time pane. */
export interface AroundWatermark<T> {
  /** Again and again before the watermark passes the end. */
  readonly early?: Trigger<T>;
  /** Again and again after it. */
  readonly late?: Trigger<T>;
}

interface Phases {
  past: boolean;
  early: Part;
  late: Part;
}

/**
 * When the watermark passes the window's end (`end <= W`). With `early` and `late` also before and after it, as often as
 * they are due; without `late` it is then done.
 *
 * @example
 * ```ts
 * const afterEnd = trigger.afterWatermark({ early: trigger.afterCount(2) });
 * const harness = operatorHarness(aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: panes({ trigger: afterEnd }) }));
 * for (const t of [1, 2, 3]) harness.event(t, { t });
 * harness.watermark(10);
 * harness.takeRows().map(({ row }) => row.n); // => [2, 3]
 * ```
 */
export function afterWatermark<T = unknown>(around: AroundWatermark<T> = {}): Trigger<T> {
  const { early = never(), late } = around;
  const after = late ?? never();
  const phase = (state: Phases): [Trigger, Part] => (state.past ? [after, state.late] : [early, state.early]);
  const timer = (state: unknown, of: (trigger: Trigger, state: unknown) => number): number => {
    const [trigger, part] = phase(state as Phases);
    return of(trigger, part.state);
  };
  return {
    ...QUIET,
    create: (): Phases => ({ past: false, early: fresh(early), late: fresh(after) }),
    onRow(state, at) {
      const phases = state as Phases;
      if (at.end > at.emit) phases.past = false; // a session that grew
      const [trigger, part] = phase(phases);
      tell(trigger, part, at);
    },
    isDue(state, at) {
      const phases = state as Phases;
      const [trigger, part] = phase(phases);
      return (!phases.past && at.end <= at.emit) || isDue(trigger, part, at);
    },
    fired(state, at) {
      const phases = state as Phases;
      const [trigger, part] = phase(phases);
      if (!phases.past && at.end <= at.emit) {
        Object.assign(phases, { past: true, early: fresh(early), late: fresh(after) });
        return late === undefined;
      }
      if (fire(trigger, part, at)) Object.assign(part, fresh(trigger));
      return false;
    },
    merge(into, from) {
      const [a, b] = [into as Phases, from as Phases];
      a.past &&= b.past;
      merge(early, a.early, b.early);
      merge(after, a.late, b.late);
    },
    eventTimer: (state) => timer(state, (trigger, part) => trigger.eventTimer(part)),
    clockTimer: (state) => timer(state, (trigger, part) => trigger.clockTimer(part)),
    conditions: [...early.conditions, ...after.conditions],
    shortestMs: Math.min(early.shortestMs, after.shortestMs),
    describe: () => ({ afterWatermark: { early: around.early?.describe(), late: late?.describe() } }),
  };
}
