import type { Collector, ListState, MapState, StatefulProcessor, StateHandle, Timers, ValueState } from 'tidemark';
import type { Row } from './columns';

/** What `twsCommands` gives: a text for each row, or timer, with what its commands have read. */
export interface Told {
  readonly key: unknown;
  readonly n: string;
  readonly t: number;
}

type Processor = StatefulProcessor<unknown, Row, Told, string>;
type Verbs = Readonly<Record<string, (...rest: readonly string[]) => unknown>>;

/** Times of timers count from the last full ten seconds, so that one can be named again. */
const STEP = 10_000;

/**
 * A processor that does what its rows say in column `c`, and stamps what it says with column `t`: commands between semicolons, each a verb, a state and values. Values
 * `v` and `V`, lists `l` and `L`, maps `m` and `M`, of which those in capitals have the time to live; `timer 3001` and
 * `untimer 3001` count from the last ten seconds of the batch's time, or of the watermark. `on …` keeps the rest of the row for
 * the timers of the key.
 */
export function commands(isEventTime: boolean, ttl: number | undefined) {
  return (handle: StateHandle): Processor => {
    const dying = ttl === undefined ? {} : { ttl };
    const script = handle.valueState<string>('on');
    const states: Record<string, Verbs> = {
      v: verbsOfValue(handle.valueState<string>('v')),
      V: verbsOfValue(handle.valueState<string>('V', dying)),
      l: verbsOfList(handle.listState<string>('l')),
      L: verbsOfList(handle.listState<string>('L', dying)),
      m: verbsOfMap(handle.mapState<string, string>('m')),
      M: verbsOfMap(handle.mapState<string, string>('M', dying)),
    };

    const now = (timers: Timers): number => (isEventTime ? timers.getCurrentWatermarkMs() : timers.getCurrentProcessingTimeMs());
    const one = (text: string, timers: Timers): unknown => {
      const [verb, name, ...rest] = text.split(' ') as [string, string, ...string[]];
      if (states[name] !== undefined) return states[name][verb]!(...rest);
      const time = Math.floor(now(timers) / STEP) * STEP + Number(name);
      if (verb === 'timer') return timers.register(time);
      if (verb === 'untimer') return timers.delete(time);
      return verb === 'timers' ? texts(timers.list()) : now(timers);
    };
    const all = (text: string, timers: Timers): string => {
      if (text.startsWith('on ')) return script.update(text.slice(3)) ?? '';
      const said = text.split(';').map((command) => one(command, timers));
      return said.filter((read) => read !== undefined).join(' ');
    };
    /** Spark refuses results that are not ahead of the watermark. */
    const say = (key: unknown, time: number, n: string, timers: Timers, out: Collector<Told>): void => {
      const t = isEventTime ? Math.max(time, now(timers) + 1) : time;
      out({ key, n, t }, t);
    };

    return {
      handleInitialState: (_key, text, timers) => void all(text, timers),
      handleInputRows(key, rows, timers, out) {
        for (const { c, t } of rows as readonly Row[] & readonly { c: string; t: number }[])
          say(key, t, all(c, timers), timers, out);
      },
      handleExpiredTimer(key, time, timers, out) {
        say(key, time, `at ${time} ${all(script.get() ?? 'timers', timers)}`, timers, out);
      },
    };
  };
}

function verbsOfValue(state: ValueState<string>): Verbs {
  return {
    set: (value) => state.update(value!),
    clear: () => state.clear(),
    get: () => (state.exists() ? state.get() : '-'),
  };
}

function verbsOfList(state: ListState<string>): Verbs {
  return {
    add: (value) => state.append(value!),
    append: (...values) => state.append(...values),
    put: (...values) => state.put(values),
    clear: () => state.clear(),
    exists: () => state.exists(),
    get: () => texts(state),
  };
}

/** Spark's maps are in the order of their bytes. */
function verbsOfMap(state: MapState<string, string>): Verbs {
  return {
    put: (name, value) => state.put(name!, value!),
    remove: (name) => state.remove(name!),
    clear: () => state.clear(),
    exists: () => state.exists(),
    has: (name) => state.has(name!),
    of: (name) => state.get(name!) ?? '-',
    keys: () => texts([...state.keys()].sort()),
    values: () => texts([...state.values()].sort()),
    get: () => texts([...state].map(([name, value]) => `${name}=${value}`).sort()),
  };
}

function texts(values: Iterable<string | number>): string {
  return `[${[...values].join(',')}]`;
}
