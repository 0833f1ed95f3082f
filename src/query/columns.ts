import { TidemarkError } from '../errors';
import type { StreamInfo } from '../rx';
import type { PlanNode } from '../traits';

type Info = StreamInfo<unknown>;

/** Operators whose rows have the columns of those that came in. */
const KEEPS = new Set(['withWatermark', 'withTimestamps', 'filterRows', 'dropDuplicates', 'dropDuplicatesWithinWatermark']);

/** Columns that an operator names, and must find in its rows. */
const NAMES: Readonly<Record<string, (description: PlanNode['description']) => readonly unknown[]>> = {
  withWatermark: ({ column }) => (column === 'function' ? [] : [column]),
  withTimestamps: ({ column }) => (column === 'function' ? [] : [column]),
  dropDuplicates: ({ columns }) => columns as readonly unknown[],
  dropDuplicatesWithinWatermark: ({ columns }) => columns as readonly unknown[],
};

/** Refuses an operator that names a column which its source says it does not have. What a function makes of rows is not known. */
export function checkColumns(info: Info): void {
  const named = NAMES[info.plan.type]?.(info.plan.description) ?? [];
  const known = named.length === 0 ? undefined : columnsBefore(info);
  const unknown = known && named.find((name) => !known.includes(name as string));
  if (unknown === undefined) return;
  const message = `'${info.plan.id}': there is no column '${String(unknown)}'; the source has ${known!.join(', ')}`;
  throw new TidemarkError('TIDEMARK_OPTION', message, {
    operator: info.plan.id,
    column: unknown,
    columns: known,
    reason: 'unknown-column',
  });
}

function columnsBefore(info: Info): readonly string[] | undefined {
  const [above] = info.upstream ?? [];
  if (above === undefined) return undefined;
  if (above.plan.type.startsWith('source:')) return above.plan.description['columns'] as readonly string[] | undefined;
  return KEEPS.has(above.plan.type) ? columnsBefore(above) : undefined;
}
