import { filter, from, map } from 'rxjs';
import {
  agg,
  aggregate,
  assignWindows,
  dropDuplicates,
  events,
  filterRows,
  flatMapGroupsWithState,
  mapGroupsWithState,
  mapRows,
  onUpdate,
  rows,
  tumbling,
  withWatermark,
  type GroupState,
} from 'tidemark';

interface Ev {
  t: number;
  k: string;
  v: number | null;
  tags: string[];
}
declare const list: Ev[];
const src = from(list);
const timed = src.pipe(withWatermark('t', '10 minutes'));
const untimed = events(src);
const changes = timed.pipe(aggregate({ window: tumbling(10), select: { n: agg.count() }, emit: onUpdate() }));
const w = tumbling('1 hour');
const n = agg.count();

// Elements are opaque: raw RxJS operators on them do not compile.
// @ts-expect-error an element has no columns
timed.pipe(map((row) => row.k));
// @ts-expect-error nor for filter
timed.pipe(filter((row) => row.v > 1));
// @ts-expect-error nor in a subscriber, before rows()
timed.subscribe((row) => row.k);

// An operator of event time on a plain Observable.
// @ts-expect-error withWatermark first
src.pipe(aggregate({ window: w, select: { n } }));
// @ts-expect-error withWatermark or events() first
src.pipe(filterRows((row: Ev) => row.k !== ''));
// @ts-expect-error the rows are already plain
src.pipe(rows());

// No event time yet.
// @ts-expect-error untimed into windows
untimed.pipe(aggregate({ window: w, select: { n } }));
// @ts-expect-error untimed into windows
untimed.pipe(assignWindows(w, 'hour'));
// @ts-expect-error a second withWatermark
timed.pipe(withWatermark('t', '10 minutes'));

// What may be corrected does not go into operators that take a row once.
// @ts-expect-error a ChangeStream into a window
changes.pipe(aggregate({ window: w, select: { n } }));
// @ts-expect-error a ChangeStream into a deduplication
changes.pipe(dropDuplicates(['n']));

// Columns.
// @ts-expect-error no such column
src.pipe(withWatermark('time', '10 minutes'));
// @ts-expect-error a column that is no time
src.pipe(withWatermark('tags', '10 minutes'));
// @ts-expect-error no such column in the expression
src.pipe(withWatermark("time - interval '10 minutes'"));
// @ts-expect-error no such column
timed.pipe(aggregate({ key: 'user', window: w, select: { n } }));
// @ts-expect-error no such column among them
timed.pipe(aggregate({ key: ['k', 'user'], window: w, select: { n } }));
// @ts-expect-error no such column under a name
timed.pipe(aggregate({ key: { who: 'user' }, window: w, select: { n } }));
// @ts-expect-error no such column
timed.pipe(aggregate({ window: w, select: { total: agg.sum('value') } }));
// @ts-expect-error a text column
timed.pipe(aggregate({ window: w, select: { total: agg.sum('k') } }));
// @ts-expect-error a selector of text
timed.pipe(aggregate({ window: w, select: { total: agg.avg((row: Ev) => row.k) } }));
// @ts-expect-error no such column
timed.pipe(dropDuplicates(['t', 'user']));
const fewer = timed.pipe(mapRows(({ t, k }) => ({ t, k })));
// @ts-expect-error the column is gone
fewer.pipe(aggregate({ key: 'v', window: w, select: { n } }));
// @ts-expect-error the row has no such column
timed.pipe(rows()).subscribe((row) => row.user);

// Durations.
// @ts-expect-error misspelt
src.pipe(withWatermark('t', '10 mintues'));
// @ts-expect-error no unit
src.pipe(withWatermark('t', '10'));
// @ts-expect-error a month has no fixed length
tumbling('1 month');
// @ts-expect-error misspelt
src.pipe(withWatermark('t', '10 minutes', { idleAfter: '1 mniute' }));

// Keyed state.
// @ts-expect-error timeouts in event time need event time
untimed.pipe(flatMapGroupsWithState({ key: 'k', timeout: 'eventTime', update: () => [] }));
// @ts-expect-error a column that is not there
timed.pipe(mapGroupsWithState({ key: 'nothing', update: () => 1 }));
// @ts-expect-error the state is a number
timed.pipe(mapGroupsWithState({ key: 'k', update: (_key, _rows, state: GroupState<number>) => state.update('one') }));
