import { checkOption, shownKey, TidemarkError } from '../errors';
import { issueText, validatorOf, type StandardIssue, type StandardSchema } from '../schema/standard';
import type { RawOperator, RawTable } from './rawState';

/** Which state of an operator, and as of when. */
export interface StateRowsOptions {
  /** The name it was declared under, where `transformWithState` or `keyedProcess` have several states. */
  readonly state?: string;
  /** Default: the last commit. */
  readonly batch?: number;
}

/** The state of keys as rows of a schema. */
export function stateRowsOf<T>(operator: RawOperator, schema: StandardSchema<T>, state?: string): T[] {
  const { id } = operator.header;
  const validate = validatorOf(schema);
  const columns = (operator.header.schema as { readonly key: readonly string[] }).key;
  return tableOf(operator, state)
    .decode()
    .map(([key, cell]) => {
      const [value] = cell as readonly [value: unknown, expiry?: number];
      const result = validate(rowOf(columns, key, value));
      if (result.issues === undefined) return result.value;
      throw misfit(id, key.slice(0, columns.length), result.issues);
    });
}

/** Keyed state lies in `state` (one a key) or in `state:NAME`. */
function tableOf({ header: { id, type }, tables }: RawOperator, state: string | undefined): RawTable {
  const declared = [...tables.keys()].filter((table) => table === 'state' || table.startsWith('state:'));
  const names = declared.map((table) => table.slice('state:'.length));
  checkOption(
    declared.length > 0,
    `'${id}' (${type}) has no state in a user's hands. What others keep is for their own use (an aggregate its accumulators, ` +
      'whose columns only its select knows): read it with stateTable, or keep the figures in transformWithState',
    { operator: id, type },
  );
  checkOption(state !== undefined || declared.length === 1, `'${id}' has several states, name one: ${names.join(', ')}`, {
    names,
  });
  const found = state === undefined ? declared[0] : declared[names.indexOf(state)];
  checkOption(found !== undefined, `'${id}' has no state '${state}'; there is: ${names.join(', ')}`, { names });
  return tables.get(found as string) as RawTable;
}

function rowOf(columns: readonly string[], key: readonly unknown[], value: unknown): Record<string, unknown> {
  const part = key.length > columns.length ? { part: key[columns.length] } : {};
  const keyed = Object.fromEntries(columns.map((column, i) => [column, key[i]]));
  return { ...keyed, ...part, ...(isPlain(value) ? value : { value }) };
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function misfit(operator: string, key: readonly unknown[], issues: readonly StandardIssue[]): TidemarkError {
  const [first] = issues[0]?.path ?? [];
  const column = typeof first === 'object' ? first.key : first;
  const message = `the state of '${operator}' at the key ${shownKey(key)} does not fit the schema: ${issueText(issues)}`;
  return new TidemarkError('TIDEMARK_SCHEMA', message, { operator, key, column, issues });
}
