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

/** One line for people: `nested.at: is no time`. */
export function issueText(issues: readonly StandardIssue[]): string {
  return issues.map(({ message, path = [] }) => (path.length === 0 ? message : `${pathText(path)}: ${message}`)).join('; ');
}

function pathText(path: NonNullable<StandardIssue['path']>): string {
  return path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
}
