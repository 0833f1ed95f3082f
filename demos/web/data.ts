import type { Feature } from '../main/earthquakes';
import { parseEarthquake } from '../main/earthquakes';
import { drawFrom, randomFrom, type Quantiles } from '../main/random';

/** One row of the page: a figure of a station at some time, and when it arrived. */
export interface Sighting {
  readonly id: string;
  readonly time: number;
  readonly arrival: number;
  readonly station: string;
  readonly value: number;
}

/** Rows in their order of arrival, and the scale that suits them. */
export interface DataSet {
  readonly rows: readonly Sighting[];
  readonly unit: 'second' | 'hour';
  readonly unitMs: number;
  /** In units: the end of the sliders, where they stand first, and the sizes of windows. */
  readonly maxDelay: number;
  readonly delay: number;
  readonly lateness: number;
  readonly sizes: readonly number[];
  readonly about: string;
}

const START = Date.UTC(2026, 0, 1);
const ROWS = 1_200;
const STEP_MS = 250;
const STATIONS = ['north', 'east', 'south'] as const;
/** Seconds from event to arrival: half within a second, one in fifty after half a minute. */
const DELIVERY: Quantiles = [
  [0, 0.05],
  [0.5, 0.8],
  [0.9, 6],
  [0.98, 28],
  [0.995, 60],
  [1, 110],
];
const REPEATED = 0.02;

/** Five minutes of three stations that fall silent now and then. The same seed gives the same rows everywhere. */
export function generated(seed: number): DataSet {
  const random = randomFrom(seed);
  const rows: Sighting[] = [];
  for (let i = 0; i < ROWS; i++) {
    const time = START + i * STEP_MS + Math.floor(random() * STEP_MS);
    const station = stationAt(i, random);
    const arrival = time + Math.round(drawFrom(DELIVERY, random) * 1000);
    const row = {
      id: `r${i}`,
      time,
      arrival,
      station: STATIONS[station]!,
      value: Math.round((station + 1) * 20 + random() * 30),
    };
    rows.push(row);
    if (random() < REPEATED) rows.push({ ...row, arrival: arrival + 1 + Math.floor(random() * 9_000) });
  }
  rows.sort((a, b) => a.arrival - b.arrival);
  const about = 'Generated: three stations, a heavy-tailed delivery, one row in fifty twice.';
  return { rows, unit: 'second', unitMs: 1000, maxDelay: 120, delay: 15, lateness: 15, sizes: [20, 40, 60, 120], about };
}

/** Each station is silent for a minute in four, at its own time: sessions show it. */
function stationAt(i: number, random: () => number): number {
  const minute = Math.floor((i * STEP_MS) / 60_000);
  const station = Math.floor(random() * 3);
  return (minute + station) % 4 === 3 && random() < 0.95 ? (station + 1) % 3 : station;
}

const NETWORKS: Readonly<Record<string, string>> = { ak: 'Alaska', ci: 'California', nc: 'California', us: 'world' };

/** A week of real earthquakes, of the four networks that locate most of them. */
export function earthquakes(features: readonly Feature[]): DataSet {
  const rows = features.flatMap((feature) => {
    const { id, time, key, value } = parseEarthquake(feature);
    const station = NETWORKS[key];
    return station === undefined
      ? []
      : [{ id, time: Number(time), arrival: Number(feature.properties?.updated), station, value: value ?? 0 }];
  });
  rows.sort((a, b) => a.arrival - b.arrival || a.time - b.time || (a.id < b.id ? -1 : 1));
  const about = 'Real: a week of earthquakes (USGS, 2018), each arriving with its last update.';
  return { rows, unit: 'hour', unitMs: 3_600_000, maxDelay: 168, delay: 24, lateness: 24, sizes: [6, 12, 24, 48], about };
}
