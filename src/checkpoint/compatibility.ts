import { TidemarkError } from '../errors';
import type { CheckpointOptions, OperatorState } from './checkpoint';
import type { Identity } from './log';
import type { RawOperator, RawState } from './rawState';
import { canonicalJson, isList } from './recordFile';
import type { Json, OperatorImage } from './records';

/** What a restart does to the state before the first batch. */
export interface StateChanges {
  /** Operators whose state goes. */
  readonly dropped: readonly string[];
  /** Operators with state of an older version, as it is after their migrations. */
  readonly migrated: ReadonlyMap<string, OperatorImage>;
}

/**
 * Compares the query with the one that made the checkpoint. Sources and sinks must be the same; the plan may differ
 * where the state does not (a stateless operator more, another trigger), and is shown when something else is wrong.
 *
 * @throws TIDEMARK_CHECKPOINT_MISMATCH with `details.differences`
 */
export function checkIdentity(stored: Identity, options: CheckpointOptions, location: string): void {
  const wrong = [
    ...(stored.name !== null && options.name !== null && stored.name !== options.name
      ? [`name: ${stored.name} → ${options.name}`]
      : []),
    ...namesThatDiffer('source', stored.sources, options.sources),
    ...namesThatDiffer('sink', stored.sinks, options.sinks),
  ];
  if (wrong.length === 0) return;
  const differences = [...wrong, ...differencesOf(stored.plan, options.plan, 'plan')];
  throw new TidemarkError(
    'TIDEMARK_CHECKPOINT_MISMATCH',
    `checkpoint ${location} belongs to another query (${stored.name ?? stored.queryId}): ${wrong.join('; ')}. ` +
      'Give this query a checkpoint of its own',
    { location, differences },
  );
}

function namesThatDiffer(what: string, before: readonly string[], now: readonly string[]): string[] {
  return [
    ...before.filter((name) => !now.includes(name)).map((name) => `${what} ${name} is gone`),
    ...now.filter((name) => !before.includes(name)).map((name) => `${what} ${name} is new`),
  ];
}

/**
 * Compares the operators with the state.
 *
 * @throws TIDEMARK_STATE_DROPPED, TIDEMARK_STATE_INCOMPATIBLE
 */
export function checkState(state: RawState, options: CheckpointOptions): StateChanges {
  const dropped: string[] = [];
  const migrated = new Map<string, OperatorImage>();
  for (const [id, stored] of state.operators) {
    const now = options.operators.get(id);
    if (options.disposable?.has(stored.header.type) === true && !isSame(stored, now)) dropped.push(id);
    else if (now !== undefined) {
      const image = migrate(id, stored, now);
      if (image !== undefined) migrated.set(id, image);
    } else if (options.allowDroppedState.includes(id)) dropped.push(id);
    else throw orphan(id, stored, options);
  }
  return { dropped, migrated };
}

function isSame({ header }: RawOperator, now: OperatorState | undefined): boolean {
  if (now === undefined || header.type !== now.type || header.version !== (now.version ?? 1)) return false;
  return differencesOf(header.schema, now.schema, 'schema').length === 0;
}

function orphan(id: string, { header }: RawOperator, { operators }: CheckpointOptions): TidemarkError {
  const known = [...operators.keys()].map((name) => `"${name}"`).join(', ') || 'none';
  return new TidemarkError(
    'TIDEMARK_STATE_DROPPED',
    `the checkpoint holds state of operator "${id}" (${header.type}), which the query does not have (it has ${known}). ` +
      `Give the operator its old id again, or drop its state with allowDroppedState: ['${id}']`,
    { operator: id, type: header.type },
  );
}

/** The state after the migrations it needs; `undefined` when it needs none. */
function migrate(id: string, stored: RawOperator, now: OperatorState): OperatorImage | undefined {
  const { type, schema, version } = stored.header;
  const target = now.version ?? 1;
  const differences = differencesOf(schema, now.schema, 'schema');
  const refuse = (why: string): TidemarkError =>
    new TidemarkError(
      'TIDEMARK_STATE_INCOMPATIBLE',
      `state of operator "${id}" does not fit: ${why}${differences.length > 0 ? ` (${differences.join('; ')})` : ''}. ` +
        `Take the change back, give the operator a new id, or say how its state migrates: migrate: { '${id}': { version, steps } }`,
      { operator: id, differences, stored: { type, version }, now: { type: now.type, version: target } },
    );
  if (type !== now.type) throw refuse(`it was written by ${type}, not ${now.type}`);
  if (version > target) throw refuse(`it has version ${version}, the operator ${target}`);
  if (version === target) {
    if (differences.length > 0) throw refuse('its schema has changed');
    return undefined;
  }
  let image = stored.image();
  for (let from = version; from < target; from++) {
    const step = now.migrate?.[from];
    if (step === undefined) throw refuse(`nothing migrates it from version ${from} to ${from + 1}`);
    image = step(image);
  }
  return { type, schema: now.schema, tables: image.tables };
}

/** Where two pieces of plain data differ: `schema.window.size: 60000 → 3600000`. */
export function differencesOf(before: Json, now: Json, path: string): string[] {
  if (isObject(before) && isObject(now)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
    return names.flatMap((name) => {
      const [a, b] = [before[name], now[name]];
      if (a === undefined) return b === undefined ? [] : [`${path}.${name} is new: ${shown(b)}`];
      return b === undefined ? [`${path}.${name} is gone: ${shown(a)}`] : differencesOf(a, b, `${path}.${name}`);
    });
  }
  if (isList(before) && isList(now) && before.length === now.length) {
    return before.flatMap((item, i) => differencesOf(item, now[i]!, `${path}[${i}]`));
  }
  return canonicalJson(before) === canonicalJson(now) ? [] : [`${path}: ${shown(before)} → ${shown(now)}`];
}

const isObject = (data: Json): data is { readonly [name: string]: Json } =>
  typeof data === 'object' && data !== null && !isList(data);

function shown(data: Json): string {
  const text = canonicalJson(data);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
