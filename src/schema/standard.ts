import { checkOption, TidemarkError } from '../errors';

/**
 * The part of the Standard Schema interface (version 1, standardschema.dev) that is used here: zod, valibot, arktype and
 * others have it too.
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

export type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The row type that a schema gives: of `schema({ … })`, of zod, of valibot. */
export type RowOfSchema<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output'];

/**
 * Validates at once.
 *
 * @throws `TIDEMARK_OPTION` when it is no schema; when it is used and answers with a promise
 */
export function validatorOf<T>(schema: StandardSchema<T>): (value: unknown) => StandardResult<T> {
  const standard = schema['~standard'] as StandardSchema<T>['~standard'] | undefined;
  checkOption(
    typeof standard?.validate === 'function',
    'a schema is made by schema({ … }), or by a library with the Standard Schema interface',
  );
  return (value) => {
    const result = schema['~standard'].validate(value);
    if (!(result instanceof Promise)) return result;
    result.catch(() => {});
    // zod turns what a user's function throws into a promise, too.
    throw new TidemarkError('TIDEMARK_OPTION', 'the schema checks asynchronously, which cannot be used here, or threw');
  };
}

/** One line for people: `nested.at: is no time`. */
export function issueText(issues: readonly StandardIssue[]): string {
  return issues.map(({ message, path = [] }) => (path.length === 0 ? message : `${pathText(path)}: ${message}`)).join('; ');
}

function pathText(path: NonNullable<StandardIssue['path']>): string {
  return path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
}
