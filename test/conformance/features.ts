/**
 * What the library does not have, by feature: the only reasons for a skip beside a `differs` field and a missing package.
 *
 * - `a`: cases tagged `optional`, `limit` or `quirk`, where the library lacks the feature or differs on purpose
 * - `d`: a whole operator, trigger or option of one dialect that the library says it does not have
 */

export type Kind = 'a' | 'd';

export interface Feature {
  readonly name: string;
  readonly kind: Kind;
  readonly reason: string;
}

type Entry = readonly [kind: Kind, reason: string];

const TABLE = {
  // (a) tagged optional, limit or quirk
  quirk: ['a', 'pins a behaviour that a library should not copy'],
  'refusal two-windows': ['a', 'a row may carry several window columns; each aggregate names the one it groups by'],
  'refusal session-needs-key': ['a', 'sessions may be the only key: they are those of all rows together'],
  'refusal not-a-timestamp': ['a', 'event time may be any number of ms: there is no timestamp type to insist on'],

  // (d) options of one dialect
  'assigner slidingByDifference': ['d', "Kafka Streams' look-back windows depend on the rows; sliding() is hopping"],
  'trigger that closes its window': [
    'd',
    'a trigger that is done leaves its window open: what still comes is in the last pane (D9)',
  ],
  'trigger endOfStream on windows that end': [
    'd',
    'a window speaks when the watermark passes its end; only the global window waits for the end',
  ],

  // (d) tables of facts
  'durations in months and years': ['d', 'a month has no fixed length; 31 days are written so'],
  'table eventTimeStats': ['d', 'a query has one partition: event-time statistics of several are never merged'],
} as const satisfies Readonly<Record<string, Entry>>;

export type FeatureName = keyof typeof TABLE;

/** The table's entry for a feature. */
export function lacking(name: FeatureName): Feature {
  const [kind, reason] = TABLE[name];
  return { name, kind, reason };
}

/** The table's entry for a feature named by the case, if there is one. */
export function lackingIfListed(name: string): readonly Feature[] {
  return Object.hasOwn(TABLE, name) ? [lacking(name as FeatureName)] : [];
}

export function allFeatures(): readonly Feature[] {
  return (Object.keys(TABLE) as FeatureName[]).map(lacking);
}
