import type { OperatorFunction } from 'rxjs';
import {
  flatMapGroupsWithState,
  keyedProcess,
  transformWithState,
  type Collector,
  type Element,
  type GroupState,
  type StateHandle,
} from 'tidemark';
import { factsOf } from './facts';
import { bucketEnd, ofBucket, plus, running, timeOf, type Sums } from './functions';
import type { Keyed, Row } from './plan';

type Step = OperatorFunction<Element<Row>, Element<Row>>;
type Say = Collector<Row>;

/** Keyed state in the user's hands: running sums of a key, or sums of a key and bucket of time that a timer gives. */
export function keyed(node: Keyed, id: string): Step {
  const facts = factsOf(node.of);
  return MAKERS[node.by][node.does](node, (row) => timeOf(facts, row), id) as Step;
}

type Maker = (
  node: Keyed,
  time: (row: Row) => number,
  id: string,
) => OperatorFunction<Element<Row>, Element<Row, 'event' | 'untimed'>>;

const MAKERS: Readonly<Record<Keyed['by'], Readonly<Record<Keyed['does'], Maker>>>> = {
  groups: {
    running: ({ key }, _time, id) =>
      flatMapGroupsWithState({
        id,
        key,
        update: (_key, rows: readonly Row[], state: GroupState<Sums>) =>
          rows.map((row) => {
            state.update(plus(state.getOption(), row));
            return running(row, state.get());
          }),
      }),
    buckets: ({ key, size }, time, id) =>
      flatMapGroupsWithState({
        id,
        key: bucketKey(key, size, time),
        timeout: 'eventTime',
        update: ({ value, end }, rows: readonly Row[], state: GroupState<Sums>) => {
          if (state.hasTimedOut) {
            const sums = state.get();
            state.remove();
            return [ofBucket(key, value, end as number, sums)];
          }
          state.update(rows.reduce(plus, state.getOption() ?? null) as Sums);
          // Results of a window come when W has passed them, and a timeout is never behind W, but at the end.
          const w = state.getCurrentWatermarkMs();
          state.setTimeoutTimestamp(w === Infinity ? end : Math.max(end, w));
          return [];
        },
      }),
  },
  transform: {
    running: ({ key }, time, id) =>
      transformWithState(
        (handle: StateHandle) => {
          const sums = handle.valueState<Sums>('sums');
          return {
            handleInputRows(_key, rows: readonly Row[], _timers, out: Say) {
              for (const row of rows) {
                sums.update(plus(sums.get(), row));
                out(running(row, sums.get()!), time(row));
              }
            },
          };
        },
        { id, key },
      ),
    buckets: ({ key, size }, time, id) =>
      transformWithState(
        (handle: StateHandle) => {
          const seen = handle.listState<Row>('rows');
          return {
            handleInputRows({ end }, rows: readonly Row[], timers) {
              for (const row of rows) seen.append(row);
              timers.register(end as number);
            },
            handleExpiredTimer({ value, end }, _time, _timers, out: Say) {
              out(ofBucket(key, value, end as number, [...seen.get()].reduce(plus, null as Sums | null) as Sums));
              seen.clear();
            },
          };
        },
        { id, key: bucketKey(key, size, time), timeMode: 'eventTime' },
      ),
  },
  process: {
    running: ({ key }, _time, id) =>
      keyedProcess(
        (handle: StateHandle) => {
          const sums = handle.valueState<Sums>('sums');
          return {
            onRow(row: Row, _context, out: Say) {
              sums.update(plus(sums.get(), row));
              out(running(row, sums.get()!));
            },
          };
        },
        { id, key },
      ),
    // One key, many buckets: a map of them, and a timer for each.
    buckets: ({ key, size }, _time, id) =>
      keyedProcess(
        (handle: StateHandle) => {
          const open = handle.mapState<number, Sums>('open');
          return {
            onRow(row: Row, { time, eventTimers }) {
              if (time < eventTimers.getCurrentWatermarkMs()) return; // it comes for late rows too
              const end = bucketEnd(time, size);
              open.put(end, plus(open.get(end), row));
              eventTimers.register(end);
            },
            onTimer({ time }, context, out: Say) {
              out(ofBucket(key, context.key, time, open.get(time)!));
              open.remove(time);
            },
          };
        },
        { id, key },
      ),
  },
};

function bucketKey(
  key: 'k' | 'j',
  size: number,
  time: (row: Row) => number,
): { readonly value: 'k' | 'j'; readonly end: (row: Row) => number } {
  return { value: key, end: (row) => bucketEnd(time(row), size) };
}
