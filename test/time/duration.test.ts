import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatDuration,
  parseDuration,
  parseNonNegative,
  parsePositive,
  parseWatermarkExpression,
  type Duration,
} from '../../src/time/duration';

const code = (name: string): unknown => expect.objectContaining({ code: name });
/** Text from outside the program, which the compiler has not seen. */
const parse = (text: unknown): number => parseDuration(text as Duration);

const UNITS = { week: 604_800_000, day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1000, millisecond: 1 };
const WORDS: Record<string, keyof typeof UNITS> = { w: 'week', d: 'day', h: 'hour', hr: 'hour', min: 'minute', s: 'second', sec: 'second', ms: 'millisecond' }; // prettier-ignore

describe('parseDuration', () => {
  it.each([
    ['10 minutes', 600_000],
    ['1 hour', 3_600_000],
    ['30 seconds', 30_000],
    ['1 hour 30 minutes', 5_400_000],
    ['2 weeks 1 day 12 hours', 1_339_200_000],
    ['1 day 2 hours 3 minutes 4 seconds 5 milliseconds', 93_784_005],
    ['interval 10 minutes', 600_000],
    ['INTERVAL 10 Minutes', 600_000],
    ['  10   minutes  ', 600_000],
    ['10minutes', 600_000],
    ['1h30min', 5_400_000],
    ['500ms', 500],
    ['1.5 hours', 5_400_000],
    ['.5 seconds', 500],
    ['1.005 seconds', 1005],
    ['8.2 seconds', 8200],
    ['0.1 weeks', 60_480_000],
    ['0.5 ms 0.5 ms', 1],
    ['-5 minutes', -300_000],
    ['- 5 minutes', -300_000],
    ['+5 minutes', 300_000],
    ['1 hour -30 minutes', 1_800_000],
    ['-1 hour 30 minutes', -1_800_000],
    ['0 seconds', 0],
    ['30 minutes 1 hour', 5_400_000],
  ])("[D21] reads Spark's form '%s'", (text, ms) => {
    expect(parse(text)).toBe(ms);
  });

  it.each([
    ['PT10M', 600_000],
    ['PT1H30M', 5_400_000],
    ['P1D', 86_400_000],
    ['P1DT2H', 26 * 3_600_000],
    ['P2W', 1_209_600_000],
    ['PT0.5S', 500],
    ['PT36H', 129_600_000],
    ['pt10m', 600_000],
    ['-PT10M', -600_000],
    ['+PT10M', 600_000],
    ['PT-10M', -600_000],
    ['-P1DT-2H', -79_200_000],
  ])("[D21] reads ISO-8601 '%s'", (text, ms) => {
    expect(parse(text)).toBe(ms);
  });

  it.each([
    '1 month',
    '2 months',
    '1 year',
    '1 year 2 days',
    '3 mo',
    '1 yr',
    'P1M',
    'P1Y',
    'P1Y2M3D',
    'P1MT5M',
    'interval 1 MONTH',
  ])("[D21] refuses months and years as Spark does: '%s'", (text) => {
    expect(() => parse(text)).toThrow(code('TIDEMARK_DURATION'));
    expect(() => parse(text)).toThrow(/months or years.*days/);
  });

  it.each([
    ...[
      '10',
      '-10',
      '1.5',
      '',
      ' ',
      'interval',
      '10 mintues',
      'minutes',
      '10 minutes and',
      '10, minutes',
      '1 hour, 30 minutes',
      'five minutes',
    ],
    ...[
      '5 m',
      '5 M',
      '1 minutess',
      '1 hs',
      '1 mss',
      '1 constructor',
      '1e3 ms',
      '0x10 s',
      '1..5 s',
      '. s',
      '--5 s',
      '1 hour 30',
      '1 - hour',
    ],
    ...[
      'P',
      'PT',
      'P1DT',
      'PT1S2H',
      'P1H',
      'PT1D',
      'PT1M1M',
      'P1D5T2H',
      'PT1.5.5S',
      'P 1 D',
      'T10M',
      'P1dayT2H',
      "interval '1 hour'",
      '１ s',
    ],
  ])("[D21] refuses '%s'", (text) => {
    expect(() => parse(text)).toThrow(code('TIDEMARK_DURATION'));
  });

  it.each([
    '0.5 ms',
    '1.0005 seconds',
    '0.333 minutes 0.5 ms',
    '99999999999 weeks',
    0.5,
    NaN,
    Infinity,
    -Infinity,
    2 ** 53,
    null,
    undefined,
    10n,
    {},
    new Date(0),
  ])('refuses %s, which is not a whole number of milliseconds', (value) => {
    expect(() => parse(value)).toThrow(code('TIDEMARK_DURATION'));
  });

  it('names the option in the message and in the details', () => {
    expect(() => parseDuration('10' as Duration, 'gap')).toThrow(
      expect.objectContaining({ details: { name: 'gap', value: '10' }, message: expect.stringContaining('gap') }),
    );
  });

  it('takes numbers as milliseconds, and -0 as 0', () => {
    expect([parseDuration(250), parseDuration(-250), parseDuration(-0), parse('-0 seconds')]).toEqual([250, -250, 0, 0]);
  });

  it('[D21] adds up any sequence of parts, in any order, case and spacing', () => {
    const unit = fc.constantFrom(...Object.keys(UNITS).flatMap((word) => [word, `${word}s`]), ...Object.keys(WORDS));
    const part = fc.record({
      count: fc.integer({ min: -9999, max: 9999 }),
      unit,
      space: fc.constantFrom('', ' ', '  '),
      upper: fc.boolean(),
    });
    const sizeOf = (word: string): number => UNITS[(WORDS[word] ?? word.replace(/s$/, '')) as keyof typeof UNITS];
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), fc.boolean(), (parts, prefixed) => {
        const text = parts.map((p) => `${p.count}${p.space}${p.upper ? p.unit.toUpperCase() : p.unit}`).join(' ');
        const sum = parts.reduce((total, p) => total + p.count * sizeOf(p.unit), 0);
        expect(parse(prefixed ? `interval ${text}` : text)).toBe(sum);
      }),
    );
  });

  it('reads decimals exactly: n milliseconds written as seconds are n milliseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), (ms) => void expect(parse(`${(ms / 1000).toFixed(3)} seconds`)).toBe(ms)),
    );
  });

  it('never gives NaN, and never anything but a TidemarkError', () => {
    const noise = fc.oneof(fc.string(), fc.stringMatching(/^[-+P0-9.TDHMS a-z]{0,12}$/));
    fc.assert(
      fc.property(noise, (text) => {
        try {
          expect(Number.isSafeInteger(parse(text))).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'TIDEMARK_DURATION' });
        }
      }),
    );
  });
});

describe('parsePositive, parseNonNegative', () => {
  it('judge the sign', () => {
    expect([parsePositive('1 ms', 'size'), parseNonNegative(0, 'delay'), parseNonNegative('5 s', 'delay')]).toEqual([1, 0, 5000]);
    for (const value of [0, -1, '0 seconds', '-5 minutes'] as const) {
      expect(() => parsePositive(value, 'size')).toThrow(code('TIDEMARK_OPTION'));
    }
    for (const value of [-1, '-5 minutes'] as const)
      expect(() => parseNonNegative(value, 'delay')).toThrow(code('TIDEMARK_OPTION'));
  });

  it('leave unreadable text to parseDuration', () => {
    expect(() => parsePositive('10' as Duration, 'size')).toThrow(code('TIDEMARK_DURATION'));
    expect(() => parseNonNegative(NaN, 'delay')).toThrow(code('TIDEMARK_DURATION'));
  });
});

describe('formatDuration', () => {
  it.each([
    [600_000, '10 minutes'],
    [5_400_000, '1 hour 30 minutes'],
    [1, '1 millisecond'],
    [1001, '1 second 1 millisecond'],
    [604_800_000, '7 days'],
    [0, '0 seconds'],
    [-5_400_000, '-1 hour -30 minutes'],
    [Infinity, 'Infinity milliseconds'],
  ])('writes %d ms', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('is read back as the same number', () => {
    const anyMs = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -1e9, max: 1e9 }));
    fc.assert(fc.property(anyMs, (ms) => void expect(parse(formatDuration(ms))).toBe(ms + 0)));
  });
});

describe('parseWatermarkExpression', () => {
  it.each([
    ["event_timestamp - interval '10 minutes'", 'event_timestamp', 600_000],
    ["event_timestamp - INTERVAL '1 hour 30 minutes'", 'event_timestamp', 5_400_000],
    ["  EVENT_TIMESTAMP-interval'PT10M'  ", 'EVENT_TIMESTAMP', 600_000],
    ['"event time" - interval \'30 seconds\'', 'event time', 30_000],
    ["`event-time` - interval '30 seconds'", 'event-time', 30_000],
    ["event-time - interval '30 seconds'", 'event-time', 30_000],
    ["t - interval '10' minute", 't', 600_000],
    ['t - interval 10 minutes', 't', 600_000],
    ["interval - interval '1 s'", 'interval', 1000],
  ])('[D21] takes apart: %s', (text, column, delayMs) => {
    expect(parseWatermarkExpression(text)).toEqual({ column, delayMs });
  });

  it.each([
    'event_timestamp',
    'event-interval',
    '',
    "t + interval '1 s'",
    "t - '1 s'",
    "- interval '1 s'",
    "t - intervals '1 s'",
    "t t - interval '1 s'",
  ])('is undefined for what has another shape: %s', (text) => {
    expect(parseWatermarkExpression(text)).toBeUndefined();
  });

  it('[D21] refuses an unreadable duration in the right shape', () => {
    for (const text of ["t - interval '10'", "t - interval '1 month'", "t - interval ''", "t - interval '10 minutes' ago"]) {
      expect(() => parseWatermarkExpression(text)).toThrow(code('TIDEMARK_DURATION'));
    }
  });
});
