import { describe, expect, it } from 'vitest';
import { parseDuration, type Duration, type WatermarkExpression } from '../../src/time/duration';

/** The compiler is the judge (`tsc --noEmit` runs over this file); at run time each text must be readable. */
const accepted: readonly Duration[] = [
  600_000,
  '10 minutes',
  '1 minute',
  '1.5 hours',
  '-5 minutes',
  '1 hour 30 minutes',
  'interval 10 minutes',
  'interval 1 hour 30 minutes',
  '500ms',
  '500 ms',
  '10s',
  '10 min',
  '2h',
  '1h30min',
  '1h 30min',
  '7d',
  'PT10M',
  'P1D',
  'P1DT2H',
  'PT1H30M15S',
  '-PT1H',
];

const expressions: readonly WatermarkExpression<'event_timestamp' | 'seen'>[] = [
  "event_timestamp - interval '10 minutes'",
  "seen - INTERVAL '1 hour 30 minutes'",
  "seen - interval '30 s'",
];

// @ts-expect-error a misspelt unit
const misspelt: Duration = '10 mintues';
// @ts-expect-error a number without a unit
const bare: Duration = '10';
// @ts-expect-error months have no fixed length
const months: Duration = '1 month';
// @ts-expect-error ISO months
const isoMonths: Duration = 'P1M';
// @ts-expect-error a misspelt unit in the second part
const second: Duration = '1 hour 30 mintues';
// @ts-expect-error no unit in the third part
const third: Duration = '1 hour 30 minutes 5';
// @ts-expect-error m is minutes to some and months to others
const ambiguous: Duration = '10m';
// @ts-expect-error not a column of the row
const column: WatermarkExpression<'event_timestamp'> = "event_time - interval '10 minutes'";
// @ts-expect-error a misspelt unit
const unit: WatermarkExpression<'event_timestamp'> = "event_timestamp - interval '10 mintues'";

describe('duration types', () => {
  it('[D21] accepts at compile time what the parser reads', () => {
    for (const text of accepted) expect(parseDuration(text)).not.toBeNaN();
    expect(expressions).toHaveLength(3);
  });

  it('[D21] refuses at compile time what the parser refuses', () => {
    for (const text of [misspelt, bare, months, isoMonths, second, third, ambiguous]) {
      expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'TIDEMARK_DURATION' }));
    }
    expect([column, unit]).toHaveLength(2);
  });
});
