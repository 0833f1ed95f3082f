import { keyValues, type KeyOf } from '../key';
import type { Reading } from './condition';

/** One notice of `alertWhen`: flat and plain, the ideas of Alertmanager's webhook. */
export interface Alert<T> {
  readonly status: 'firing' | 'resolved';
  /** The operator's id. */
  readonly name: string;
  /** Values of the key columns, in order; of the group's columns in an alert with `members`. Empty without a key. */
  readonly key: readonly unknown[];
  /** Event time at which it fired or cleared: the notice's stamp. */
  readonly time: number;
  /** Event time of the row with which the condition began to hold; the earliest one of `members`. */
  readonly startedAt: number;
  /** The metric, where the condition is a `threshold()` or `trend()`. */
  readonly value?: number | bigint;
  readonly severity?: string;
  readonly message?: string;
  /** Firing: the last row up to `time` for which the condition held. Resolved: the row that cleared it. */
  readonly row: T;
  /** With `groupBy`: all notices of the group at this instant, in order; the other fields are those of the first. */
  readonly members?: readonly Alert<T>[];
}

/** What an alert says beside its row: taken when the row comes, kept for the resolved notice. */
export interface Labels {
  readonly severity: string | null;
  readonly message: string | null;
  readonly group: KeyOf;
}

/** Everything that user code has to say about a row, read before any state is touched. */
export interface Fact<T> {
  readonly time: number;
  readonly row: T;
  readonly key: KeyOf;
  readonly when: Reading;
  readonly clear: Reading;
  readonly labels: Labels;
}

/** When an alert fired or cleared, and since when the condition held. */
export type Moment = Pick<Alert<unknown>, 'status' | 'time' | 'startedAt'>;

/** Makes the notice of a fact. */
export function alertOf<T>(name: string, keyColumns: number, moment: Moment, fact: Fact<T>, labels = fact.labels): Alert<T> {
  const { when, row } = fact;
  const { severity, message } = labels;
  return {
    status: moment.status,
    name,
    key: keyValues(fact.key, keyColumns),
    time: moment.time,
    startedAt: moment.startedAt,
    ...(typeof when !== 'boolean' && when !== null && { value: when }),
    ...(severity !== null && { severity }),
    ...(message !== null && { message }),
    row,
  };
}
