import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime, readEventTime } from '../../src/time/eventTime';

const MAX = 8.64e15;
const noon = Date.UTC(2026, 2, 1, 12);

describe('readEventTime', () => {
  it('[D18] takes numbers as whole ms, floored, also before 1970', () => {
    expect([0, -0, 1.9, -0.1, -1.5, MAX, -MAX].map((value) => readEventTime(value, 'ms'))).toEqual([0, 0, 1, -1, -2, MAX, -MAX]);
  });

  it('[D18] takes seconds where the unit says so', () => {
    expect(readEventTime(1.001, 'seconds')).toBe(1001);
    expect(readEventTime(1.0019, 'seconds')).toBe(1001);
    expect(readEventTime(-0.0005, 'seconds')).toBe(-1);
    expect(readEventTime(8.64e12, 'seconds')).toBe(MAX);
    expect(readEventTime(8.65e12, 'seconds')).toBeNaN();
    expect(readEventTime(1_772_366_400n, 'seconds')).toBe(noon);
    expect(readEventTime(new Date(noon), 'seconds')).toBe(noon);
    expect(readEventTime('2026-03-01T12:00:00Z', 'seconds')).toBe(noon);
  });

  it('[D18] gives every ms back that was written as seconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e14, max: 1e14 }), (ms) => void expect(readEventTime(ms / 1000, 'seconds')).toBe(ms + 0)),
    );
  });

  it('[D18] takes Dates and bigints', () => {
    expect(readEventTime(new Date(noon), 'ms')).toBe(noon);
    expect(readEventTime(-5n, 'ms')).toBe(-5);
    expect(readEventTime(8_640_000_000_000_001n, 'ms')).toBeNaN();
    expect(readEventTime(10n ** 400n, 'seconds')).toBeNaN();
  });

  it.each([
    ['2026-03-01', Date.UTC(2026, 2, 1)],
    ['2026-03-01T12:00:00Z', noon],
    ['2026-03-01t12:00:00z', noon],
    ['2026-03-01T12:00', noon],
    ['2026-03-01 12:00:00', noon],
    ['2026-03-01T12:00:00', noon],
    ['2026-03-01T12:00:00.1', noon + 100],
    ['2026-03-01T12:00:00.1239999999Z', noon + 123],
    ['2026-03-01T12:00:00+02:00', noon - 7_200_000],
    ['2026-03-01T12:00:00-0530', noon + 19_800_000],
    ['2026-03-01 12:00:00+02', noon - 7_200_000],
    ['1969-12-31T23:59:59.9999Z', -1],
    ['0001-01-01', -62_135_596_800_000],
    ['0099-12-31', -59_011_545_600_000],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['2000-02-29', Date.UTC(2000, 1, 29)],
    ['+275760-09-13T00:00:00Z', MAX],
    ['-271821-04-20T00:00:00Z', -MAX],
  ])('[D18] reads ISO text, without a zone as UTC: %s', (text, ms) => {
    expect(readEventTime(text, 'ms')).toBe(ms);
  });

  it.each([
    ...[
      '2026-02-30',
      '2026-02-29',
      '1900-02-29',
      '2026-04-31',
      '2026-13-01',
      '2026-00-01',
      '2026-01-00',
      '2026-01-32',
      '0000-00-00',
    ],
    ...[
      '2026-03-01T24:00:00',
      '2026-03-01T12:60:00',
      '2026-03-01T12:00:60Z',
      '2026-03-01T12:00:00+24:00',
      '2026-03-01T12:00:00+02:60',
    ],
    ...[
      '',
      '10',
      '1772366400000',
      '2026',
      '2026-03',
      '20260301',
      '2026-3-1',
      '01/03/2026',
      'yesterday',
      '2026-03-01Z',
      '2026-03-01T12',
    ],
    ...['2026-03-01T12:00:00 Z', ' 2026-03-01', '2026-03-01T12:00:00.Z', '+275760-09-13T00:00:00.001Z', '+999999-01-01'],
  ])("[D18] '%s' is no time", (text) => {
    expect(readEventTime(text, 'ms')).toBeNaN();
  });

  it.each([NaN, Infinity, -Infinity, MAX + 2, -MAX - 2, null, undefined, true, {}, [0], new Date(NaN), Symbol('t'), () => 0])(
    '[D18] %s is no time, and does not throw',
    (value) => {
      expect(readEventTime(value, 'ms')).toBeNaN();
      expect(readEventTime(value, 'seconds')).toBeNaN();
    },
  );

  it('[D18] reads what Date writes, over its whole range', () => {
    const instant = fc.oneof(fc.integer({ min: -MAX, max: MAX }), fc.integer({ min: -1e13, max: 1e13 }));
    fc.assert(
      fc.property(instant, (ms) => void expect(readEventTime(new Date(ms).toISOString(), 'ms')).toBe(ms + 0)),
      { numRuns: 2000 },
    );
  });

  it('[D18] knows the days of every month', () => {
    fc.assert(
      fc.property(fc.nat(9999), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 28, max: 32 }), (year, month, day) => {
        const date = new Date(0);
        date.setUTCFullYear(year, month - 1, day);
        const text = [String(year).padStart(4, '0'), String(month).padStart(2, '0'), day].join('-');
        expect(readEventTime(text, 'ms')).toBe(date.getUTCDate() === day ? date.getTime() : NaN);
      }),
      { numRuns: 2000 },
    );
  });

  it('[D18] gives a whole ms within the range of Date, or NaN, for anything', () => {
    fc.assert(
      fc.property(fc.anything({ withDate: true, withBigInt: true }), fc.constantFrom('ms', 'seconds'), (value, unit) => {
        const time = readEventTime(value, unit as 'ms' | 'seconds');
        expect(Number.isNaN(time) || (Number.isInteger(time) && Math.abs(time) <= MAX && !Object.is(time, -0))).toBe(true);
      }),
    );
  });
});

describe('formatTime', () => {
  it('names the ends of time', () => {
    expect([0, noon, -Infinity, Infinity, NaN, 9e15].map(formatTime)).toEqual([
      '1970-01-01T00:00:00.000Z',
      '2026-03-01T12:00:00.000Z',
      'never',
      'end of stream',
      'no time',
      'no time',
    ]);
  });
});
