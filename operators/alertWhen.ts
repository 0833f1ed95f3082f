import type { OperatorFunction } from 'rxjs';
import type { Alert } from '../src/alerts/alert';
import { Alerting, eachRow, type AlertPlan } from '../src/alerts/alerting';
import { judgeOf, type Condition } from '../src/alerts/condition';
import type { Element } from '../src/element';
import { checkOption } from '../src/errors';
import { readerOf, type KeySpec } from '../src/key';
import { operator, type OperatorOptions } from '../src/operator';
import { parseNonNegative, parsePositive, type Duration } from '../src/time/duration';

/** Options of `alertWhen`. */
export interface AlertOptions<T> extends OperatorOptions {
  /** What raises an alert: a function of the row, `threshold(…)` or `trend(…)`. */
  readonly when: Condition<NoInfer<T>>; // one made for fewer columns must not narrow the rows
  /** Whose alert it is: a column, columns, a function, or named ones. Default: all rows together. */
  readonly key?: KeySpec<T>;
  /** How long the condition must hold in event time, without a row that says otherwise, before it fires. Default 0. */
  readonly for?: Duration;
  /** What clears a key that fires (hysteresis). Default: a row for which `when` does not hold. */
  readonly clearWhen?: Condition<NoInfer<T>>;
  /** After a firing, no new one of the same key within this event time. Default 0. */
  readonly coolDown?: Duration;
  /** Alerts of one instant and one value of these columns become one alert with `members`. */
  readonly groupBy?: KeySpec<T>;
  /** A notice when a key that fired clears. Default false. */
  readonly resolved?: boolean;
  /** Rows are judged in the order of event time, once the watermark has passed them. Default false: as they arrive. */
  readonly ordered?: boolean;
  readonly severity?: string | ((row: T) => string);
  readonly message?: string | ((row: T) => string);
  /** With `trend`: past figures of a key are forgotten this long after its last row. Default: never. */
  readonly forgetAfter?: Duration;
}

/**
 * Raises an alert for rows for which a condition holds.
 *
 * **Every row, or once until it clears.** With `for`, `clearWhen` or `resolved` a key fires once and then not again until it
 * has cleared; a row that clears starts nothing new. Without them every row for which `when` holds fires, at most once within
 * `coolDown` where one is given.
 *
 * **`for`.** A key stays as its last row left it. If `when` holds for a row at s and for all rows of the key up to and
 * including s + for, it fires at s + for: stamped so, with the last row up to then. It is said as soon as a row of the key at
 * or after s + for, or the watermark, proves it; when that is changes nothing in what is said. A false row at or before s + for
 * ends it (at s + for: unless a true one came first); one after s + for comes too late to: it fires, then clears. The watermark
 * +Infinity proves all that is left.
 *
 * **`coolDown`.** Counts from the firing's stamp f: without `for` and so on, rows before f + coolDown raise nothing; with them
 * a key whose condition holds again fires at f + coolDown at the earliest, if it still holds then.
 *
 * **Order.** Rows are judged as they arrive; with `ordered`, by event time, ties by arrival, which is exact whatever the
 * disorder, but waits for the watermark. Late rows are judged like others, and what they raise is as late as they are (a
 * cool-down that the watermark has passed no longer counts); with `ordered` they are rejected as late.
 *
 * **Groups.** With `groupBy` alerts wait until the watermark passes their instant; then each group's are one alert, firing and
 * resolved apart: the first one's fields, `key` = the group's columns, the earliest `startedAt`, and `members`.
 *
 * ```
 * rows       -a-b---c-d---e-|     a: t=0 hot   b: t=6 hot   c: t=12 hot   d: t=14 cold   e: t=20 cold     for: 10
 * watermark  ----V---T--------    V = 4   T = 8
 * out        -------F-R-----|     F: firing, stamped t = 10, row b     R: resolved, stamped t = 14, row d (resolved: true)
 * ```
 *
 * @param options - `when`, `key`, `for`, `clearWhen`, `coolDown`, `groupBy`, `resolved`, `ordered`, `severity`, `message`,
 * `forgetAfter`; durations in ms or text, >= 0 (`for` and `coolDown` 0: none); `id` (the alert's `name`), `onError`
 * @returns alerts `{ status, name, key, time, startedAt, value?, severity?, message?, row, members? }`, stamped `time`, which is
 * on time for the next operator unless the row was late; forwards the watermark (with `ordered` the drop side for both)
 * @throws `TIDEMARK_OPTION`, `TIDEMARK_DURATION` at call; a function that throws follows `onError` and leaves no trace. All
 * functions run when the row comes; `severity`, `message` and `groupBy` for each row for which `when` holds (may hold: `trend`)
 *
 * Cost: O(1) per row; a watermark costs what it releases. State: one entry for each key that fires, waits or cools down; it is
 * forgotten when it does none of these and the watermark has passed its cool-down. `trend` keeps ten figures a key, for ever
 * unless `forgetAfter` says otherwise. `ordered` keeps the rows that the watermark has not passed.
 *
 * State: tables `groups` and `drop`, version 1 each, `keys` and `rows`, version 2. None without key, group and order to keep.
 *
 * Source: Prometheus (`for`) and Alertmanager (grouping, resolved notices), in event time.
 * @example
 * ```ts
 * const out: string[] = [];
 * const temps = [[0, 31], [6, 32], [12, 33], [14, 20]].map(([t, temp]) => ({ t: t!, temp: temp! }));
 * from(temps).pipe(
 *   withWatermark('t', 4),
 *   alertWhen({ when: threshold({ metric: 'temp', threshold: 30 }), for: 10, resolved: true }),
 *   rows(),
 * ).subscribe((a) => out.push(`${a.status} at ${a.time} since ${a.startedAt}`));
 * out; // => ['firing at 10 since 0', 'resolved at 14 since 0']
 * ```
 */
export function alertWhen<T>(options: AlertOptions<T>): OperatorFunction<Element<T>, Element<Alert<T>>> {
  const plan = planOf(options);
  const { episodes, coolDownMs, group, ordered, when } = plan;
  const stateful = episodes || coolDownMs > 0 || group !== undefined || ordered || when.remembers;
  return operator<T, Alert<T>, 'event', 'event'>({
    type: 'alertWhen',
    options,
    accepts: ['event'],
    stateful,
    description: describe(plan),
    traits: ([input]) => ({ ...input!, timeColumn: 'time', windowColumns: [] }),
    create: ({ id, traits }) => (stateful ? new Alerting(id, traits.ties, plan) : eachRow(id, plan)),
  });
}

function planOf<T>(options: AlertOptions<T>): AlertPlan<T> {
  const { clearWhen, groupBy, resolved = false, ordered = false, forgetAfter } = options;
  const when = judgeOf(options.when);
  const clear = clearWhen === undefined ? undefined : judgeOf(clearWhen);
  const forMs = parseNonNegative(options.for ?? 0, 'for');
  const remembers = when.remembers || clear?.remembers === true;
  checkOption(forgetAfter === undefined || remembers, 'forgetAfter is for trend(): other conditions remember nothing');
  return {
    reader: readerOf(options.key),
    when,
    clear,
    group: groupBy === undefined ? undefined : readerOf(groupBy),
    severity: textOf(options.severity),
    message: textOf(options.message),
    episodes: forMs > 0 || clear !== undefined || resolved,
    resolved,
    ordered,
    forMs,
    coolDownMs: parseNonNegative(options.coolDown ?? 0, 'coolDown'),
    forgetAfterMs: forgetAfter === undefined ? Infinity : parsePositive(forgetAfter, 'forgetAfter'),
  };
}

function textOf<T>(text: string | ((row: T) => string) | undefined): ((row: T) => string) | undefined {
  return typeof text === 'string' ? () => text : text;
}

function describe<T>(plan: AlertPlan<T>): Readonly<Record<string, unknown>> {
  const { reader, when, clear, group, resolved, ordered, forMs, coolDownMs, forgetAfterMs } = plan;
  return {
    key: reader.columns,
    when: when.description,
    ...(clear && { clearWhen: clear.description }),
    ...(group && { groupBy: group.columns }),
    ...(forgetAfterMs < Infinity && { forgetAfterMs }),
    forMs,
    coolDownMs,
    resolved,
    ordered,
  };
}
