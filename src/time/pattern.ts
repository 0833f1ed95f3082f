import { checkOption } from '../errors';
import { readEventTime } from './eventTime';

const PARTS: Readonly<Record<string, string>> = {
  yyyy: '(?<year>\\d{4})',
  MM: '(?<month>\\d\\d)',
  dd: '(?<day>\\d\\d)',
  HH: '(?<hour>\\d\\d)',
  mm: '(?<minute>\\d\\d)',
  ss: '(?<second>\\d\\d)',
  SSS: '(?<fraction>\\d{3})',
  SSSSSS: '(?<fraction>\\d{6})',
  X: '(?<zone>Z|[+-]\\d\\d(?::?\\d\\d)?)',
};

/**
 * A reader of times written in a pattern of letters, as Spark and Java write them: `dd.MM.yyyy HH:mm:ss`. Parts that are
 * not there are the first (month 1, hour 0); text between quotes `'` stands for itself.
 *
 * @returns whole epoch ms, NaN where the text does not fit the pattern or there is no such day
 * @throws `TIDEMARK_OPTION` for letters that mean nothing, and without a year
 */
export function timePattern(pattern: string): (value: unknown) => number {
  const source = pattern.replace(/'([^']*)'|([A-Za-z])\2*|[^A-Za-z]/g, (token, quoted?: string, letter?: string) => {
    if (letter === undefined) return (quoted ?? token).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    const part = PARTS[token];
    checkOption(
      part !== undefined,
      `the time pattern '${pattern}' has '${token}', which is none of ${Object.keys(PARTS).join(', ')}`,
    );
    return part;
  });
  const counted = [...source.matchAll(/\?<(\w+)>/g)].map((match) => match[1]);
  checkOption(
    counted.includes('year') && new Set(counted).size === counted.length,
    `the time pattern '${pattern}' needs a year, and each part once`,
  );
  const shape = new RegExp(`^${source}$`);
  return (value) => {
    const found = typeof value === 'string' ? shape.exec(value)?.groups : undefined;
    if (found === undefined) return NaN;
    const { year, month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = '0', zone = 'Z' } = found;
    return readEventTime(`${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction}${zone}`, 'ms');
  };
}
