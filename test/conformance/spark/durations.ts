import { parseDuration, TidemarkError, type Duration } from 'tidemark';
import { sameValue } from '../compare';
import { lacking } from '../features';
import { flag, integer, maybe, object, text } from '../shape';
import { skipIfLacking } from '../verdict';

const rowShape = object({ text, ms: maybe(integer), error: maybe(flag) });

/** Delays as text. The library refuses months and years: what else the table says must hold before it is left out for that. */
export function runDurations(rows: readonly unknown[]): void {
  const results = rows.map((given, i) => {
    const row = rowShape(given, `row ${i + 1}`);
    const read = valueOf(row.text as Duration);
    if (read === 'months or years' && row.ms !== undefined) return 'differs';
    sameValue(`row ${i + 1}, '${row.text}'`, row.error === true ? 'error' : row.ms, typeof read === 'string' ? 'error' : read);
    return 'agrees';
  });
  if (results.includes('differs')) skipIfLacking([lacking('durations in months and years')]);
}

function valueOf(given: Duration): number | 'error' | 'months or years' {
  try {
    return parseDuration(given);
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'TIDEMARK_DURATION') throw error;
    return error.details['reason'] === 'calendar-unit' ? 'months or years' : 'error';
  }
}
