import { checkOption } from '../errors';
import { Problems } from './problems';
import type { Read } from './readers';
import { isSchema } from './schema';
import { issueText, validatorOf, type StandardResult, type StandardSchema } from './standard';

/** `permissive`: what does not fit is null, and counted. `strict`: a row with anything that does not fit is invalid. */
export type SchemaMode = 'permissive' | 'strict';

/** What a reader gives instead of a row; its `message` says why. */
export const INVALID = Symbol('invalid');

/** Reads values as rows of a schema, and counts. */
export interface RowReader<T> {
  read(value: unknown): T | typeof INVALID;
  /** Why the last one was invalid. */
  readonly message: string;
  /** Fields that became null because they did not fit. */
  readonly nulledFields: number;
}

/**
 * A reader for any Standard Schema. In permissive mode only tidemark's own know which fields to make null; with others a
 * row that does not fit is invalid.
 */
export function rowReader<T>(schema: StandardSchema<T>, mode: SchemaMode, isText: boolean): RowReader<T> {
  const validate = validatorOf(schema);
  checkOption(mode === 'strict' || mode === 'permissive', `mode is 'strict' or 'permissive'`, { mode });
  return isSchema(schema) ? new OwnReader<T>(schema.reader(isText), mode) : new ForeignReader<T>(validate);
}

class OwnReader<T> implements RowReader<T> {
  message = '';
  nulledFields = 0;
  private readonly problems: Problems;

  constructor(
    private readonly readRow: Read,
    mode: SchemaMode,
  ) {
    this.problems = new Problems(mode);
  }

  read(value: unknown): T | typeof INVALID {
    const { problems } = this;
    const row = value === null || value === undefined ? problems.add('is missing') : this.readRow(value, problems);
    if (problems.count === 0) return row as T;
    if (row !== null && problems.mode === 'permissive') {
      this.nulledFields += problems.count;
      problems.take();
      return row as T;
    }
    this.message = issueText(problems.take());
    return INVALID;
  }
}

class ForeignReader<T> implements RowReader<T> {
  message = '';
  readonly nulledFields = 0;

  constructor(private readonly validate: (value: unknown) => StandardResult<T>) {}

  read(value: unknown): T | typeof INVALID {
    const result = this.validate(value);
    if (result.issues === undefined) return result.value;
    this.message = issueText(result.issues);
    return INVALID;
  }
}
