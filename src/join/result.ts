import { together } from '../copy';
import { checkOption, TidemarkError } from '../errors';
import { cell, type StateTable } from '../state/table';
import type { Simplify } from '../streams';

/**
 * `inner`: pairs. `left`, `right`, `full`: and the rows of that side (both) without a partner, with nulls for the other
 * side. `leftSemi`: left rows with a partner, once. `leftAnti`: left rows without one.
 */
export type JoinType = 'inner' | 'left' | 'right' | 'full' | 'leftSemi' | 'leftAnti';

export const JOIN_TYPES: readonly JoinType[] = ['inner', 'left', 'right', 'full', 'leftSemi', 'leftAnti'];

/** The rows of which side are given with nulls when they have no partner. */
export const PADS: Readonly<Record<JoinType, { readonly left: boolean; readonly right: boolean }>> = {
  inner: { left: false, right: false },
  left: { left: true, right: false },
  right: { left: false, right: true },
  full: { left: true, right: true },
  leftSemi: { left: false, right: false },
  leftAnti: { left: true, right: false },
};

type Nullable<T> = { [P in keyof T]: T[P] | null };
type LeftPart<L, J> = J extends 'right' | 'full' ? Nullable<L> : L;
type RightPart<R, J> = J extends 'left' | 'full' ? Nullable<R> : R;

/** The row that a join gives: the columns of the left row, then those of the right one. */
export type Joined<L, R, J> = J extends 'leftSemi' | 'leftAnti' ? L : Simplify<LeftPart<L, J> & Omit<RightPart<R, J>, keyof L>>;

/** What `select` is called with: null stands for the side that a row has no partner on. */
export type JoinSelect<L, R, J, O> = (
  left: J extends 'right' | 'full' ? L | null : L,
  right: J extends 'left' | 'full' ? R | null : R,
) => O;

/** Makes result rows; `learn` is told the first row of each side. */
export interface Results<L, R, O> {
  build(left: L | null, right: R | null): O;
  learn(isLeft: boolean, row: L | R): void;
  readonly table?: StateTable;
}

/** What makes the results of a join; a semi or anti join gives its left rows as they are. */
export function resultsOf<L, R, O>(
  type: JoinType,
  select: ((left: L | null, right: R | null) => O) | undefined,
  shared: readonly string[],
): () => Results<L, R, O> {
  const isLeftOnly = type === 'leftSemi' || type === 'leftAnti';
  checkOption(select === undefined || !isLeftOnly, 'a semi or anti join gives left rows as they are: no select', { type });
  if (select === undefined && !isLeftOnly) return () => new Merged(shared) as never;
  const made = { build: select ?? ((left: L | null) => left as never), learn: () => {} };
  return () => made;
}

type Row = Readonly<Record<string, unknown>>;

/**
 * Both rows in one. The columns that are equal by the join itself may have one name; any other name on both sides is an
 * error. The null columns of a missing side are those of its first row.
 */
class Merged implements Results<Row, Row, Row> {
  private left: readonly string[] | undefined;
  private right: readonly string[] | undefined;
  private noLeft: Row = {};
  private noRight: Row = {};
  readonly table = cell(
    1,
    () => [this.left ?? null, this.right ?? null],
    (value) => this.know(...(value as [string[] | null, string[] | null])),
  );

  /** @param shared - names that mean the same on both sides */
  constructor(private readonly shared: readonly string[]) {}

  build(left: Row | null, right: Row | null): Row {
    return together(left ?? this.noLeft, right ?? this.noRight);
  }

  learn(isLeft: boolean, row: Row): void {
    if ((isLeft ? this.left : this.right) !== undefined) return;
    const names = Object.keys(row);
    this.know(isLeft ? names : (this.left ?? null), isLeft ? (this.right ?? null) : names);
  }

  private know(left: readonly string[] | null, right: readonly string[] | null): void {
    if (left !== null && right !== null) this.check(left, right);
    this.left = left ?? undefined;
    this.right = right ?? undefined;
    this.noLeft = this.nulls(left ?? []);
    this.noRight = this.nulls(right ?? []);
  }

  private nulls(names: readonly string[]): Row {
    return Object.fromEntries(names.filter((name) => !this.shared.includes(name)).map((name) => [name, null]));
  }

  private check(left: readonly string[], right: readonly string[]): void {
    const clash = left.filter((name) => right.includes(name) && !this.shared.includes(name));
    if (clash.length === 0) return;
    const message = `both sides of a join have ${clash.join(', ')}; rename one of them before, or give select`;
    throw new TidemarkError('TIDEMARK_NAME_CLASH', message, { columns: clash });
  }
}
