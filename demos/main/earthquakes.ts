import type { Reading } from './pipeline';

/** A feature of the USGS feed, as far as the demo looks at it. Nothing is believed before `parseEarthquake` has checked it. */
export interface Feature {
  readonly id?: unknown;
  readonly properties?: {
    readonly time?: unknown;
    readonly updated?: unknown;
    readonly mag?: unknown;
    readonly net?: unknown;
    readonly place?: unknown;
  } | null;
}

/** The figures the windows cannot do without; anything else makes the row a rejection with this message. */
export function parseEarthquake({ id, properties }: Feature): Reading {
  const { time, mag, net, place } = properties ?? {};
  if (typeof id !== 'string' || id === '') throw new Error('the report has no id');
  if (typeof net !== 'string' || net === '') throw new Error('the report names no network');
  if (typeof mag !== 'number' || !(mag >= -5 && mag <= 10)) throw new Error(`${String(mag)} is no magnitude`);
  return { id, time: typeof time === 'number' ? time : null, key: net, value: mag, label: regionOf(place) };
}

/** '4km W of Castaic, CA' is in CA; a place without a comma is its own region. */
export function regionOf(place: unknown): string | null {
  if (typeof place !== 'string' || place === '') return null;
  return place.slice(place.lastIndexOf(',') + 1).trim();
}

/** The reports in the order in which the feed last touched them: a real stream, three quarters of it out of order. */
export function inArrivalOrder(features: readonly Feature[]): Feature[] {
  const at = (feature: Feature, what: 'updated' | 'time'): number => Number(feature.properties?.[what] ?? 0);
  return [...features].sort(
    (a, b) => at(a, 'updated') - at(b, 'updated') || at(a, 'time') - at(b, 'time') || (String(a.id) < String(b.id) ? -1 : 1),
  );
}
