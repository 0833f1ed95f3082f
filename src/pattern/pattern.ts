import { checkOption } from '../errors';
import { formatDuration, parsePositive, type Duration } from '../time/duration';

/** How close an event must follow the one before: the very next, the next that fits, or any that fits. */
export type Contiguity = 'strict' | 'relaxed' | 'any';

/** A condition on a row; `matched` gives the rows that a stage has taken so far. */
export type StageCondition<T> = (row: T, matched: (stage: string) => readonly T[]) => unknown;

/** One step of a pattern. */
export interface Stage {
  readonly name: string;
  readonly where?: StageCondition<never>;
  readonly contiguity: Contiguity;
  /** Such a row must not come: next, or at any time before what follows. */
  readonly absent?: 'next' | 'followedBy';
  readonly min: number;
  readonly max: number;
  readonly optional: boolean;
  /** Between the rows of one stage. */
  readonly inner: Contiguity;
  readonly greedy: boolean;
  readonly until?: StageCondition<never>;
}

export interface Within {
  readonly ms: number;
  /** From the first row of a match, or from its row before. */
  readonly from: 'first' | 'previous';
}

const ONCE = { min: 1, max: 1, optional: false, inner: 'relaxed', greedy: false } as const;

/**
 * A sequence of rows to look for: stages, each a condition on a row. Immutable; every method gives a new pattern, and those
 * that say how often (`times`, `oneOrMore`, `optional`, …) speak of the stage named last. `N` holds the stages that take rows.
 */
export class Pattern<T, N extends string> {
  /** @internal use `pattern` */
  constructor(
    readonly stages: readonly Stage[],
    readonly limit?: Within,
  ) {}

  /** The very next row of the key. */
  next<const M extends string>(name: M, where?: StageCondition<T>): Pattern<T, N | M> {
    return this.then(name, where, { contiguity: 'strict' });
  }

  /** The next row that fits; others in between are passed over. */
  followedBy<const M extends string>(name: M, where?: StageCondition<T>): Pattern<T, N | M> {
    return this.then(name, where, { contiguity: 'relaxed' });
  }

  /** Any later row that fits: a match for each of them. */
  followedByAny<const M extends string>(name: M, where?: StageCondition<T>): Pattern<T, N | M> {
    return this.then(name, where, { contiguity: 'any' });
  }

  /** The next row is not such a one. At the end of the pattern the match is said when that next row comes. */
  notNext(name: string, where: StageCondition<T>): Pattern<T, N> {
    return this.then<never>(name as never, where, { contiguity: 'relaxed', absent: 'next' });
  }

  /**
   * No such row comes before what follows, nor between the rows of the stage before; at the end of the pattern: within the
   * time of `within`.
   */
  notFollowedBy(name: string, where: StageCondition<T>): Pattern<T, N> {
    return this.then<never>(name as never, where, { contiguity: 'relaxed', absent: 'followedBy' });
  }

  /** So many rows, or from `min` to `max`. */
  times(min: number, max: number = min): Pattern<T, N> {
    checkOption(Number.isInteger(min) && min >= 1 && max >= min, 'times needs 1 <= min <= max', { min, max });
    return this.change({ min, max });
  }

  /** One row or more. */
  oneOrMore(): Pattern<T, N> {
    return this.change({ min: 1, max: Infinity });
  }

  /** May be left out. */
  optional(): Pattern<T, N> {
    return this.change({ optional: true });
  }

  /** Takes as many rows as it can before the next stage begins. */
  greedy(): Pattern<T, N> {
    return this.change({ greedy: true });
  }

  /** The rows of the stage follow each other directly. */
  consecutive(): Pattern<T, N> {
    return this.change({ inner: 'strict' });
  }

  /** Every combination of rows that fit. */
  allowCombinations(): Pattern<T, N> {
    return this.change({ inner: 'any' });
  }

  /** The stage takes no more once such a row comes. */
  until(where: StageCondition<T>): Pattern<T, N> {
    return this.change({ until: where as StageCondition<never> });
  }

  /**
   * From the first row to the last (or from each row to the next) less than this.
   *
   * @param duration - > 0; ms or text
   */
  within(duration: Duration, from: 'first' | 'previous' = 'first'): Pattern<T, N> {
    return new Pattern(this.stages, { ms: parsePositive(duration, 'within'), from });
  }

  /** As plain data, for `explain()` and the plan. */
  describe(): unknown {
    const { limit } = this;
    return {
      stages: this.stages.map(({ where, until, ...stage }) => ({
        ...stage,
        where: where !== undefined,
        until: until !== undefined,
      })),
      ...(limit === undefined ? {} : { within: formatDuration(limit.ms), from: limit.from }),
    };
  }

  private then<M extends string>(
    name: M,
    where: StageCondition<T> | undefined,
    rest: Pick<Stage, 'contiguity' | 'absent'>,
  ): Pattern<T, N | M> {
    checkOption(!this.stages.some((stage) => stage.name === name), `two stages are called '${name}'`);
    return new Pattern([...this.stages, stageOf(name, where, rest)], this.limit);
  }

  private change(change: Partial<Stage>): Pattern<T, N> {
    const last = this.stages.at(-1)!;
    checkOption(last.absent === undefined, `'${last.name}' must not come: it has no number of times`);
    return new Pattern([...this.stages.slice(0, -1), { ...last, ...change }], this.limit);
  }
}

function stageOf<T>(name: string, where: StageCondition<T> | undefined, rest: Pick<Stage, 'contiguity' | 'absent'>): Stage {
  checkOption(typeof name === 'string' && name !== '', 'a stage needs a name');
  checkOption(where === undefined || typeof where === 'function', `the condition of '${name}' must be a function of the row`);
  return { ...ONCE, name, ...rest, ...(where === undefined ? {} : { where: where as StageCondition<never> }) };
}

/**
 * Begins a pattern.
 *
 * @param name - of the first stage
 * @param where - its condition; without one any row fits
 * @example
 * ```ts
 * const twice = pattern('low', (row: { v: number }) => row.v < 3).next('high', (row) => row.v > 9).within('1 minute');
 * twice.stages.map(({ name }) => name); // => ['low', 'high']
 * ```
 */
export function pattern<T, const N extends string>(name: N, where?: StageCondition<T>): Pattern<T, N> {
  return new Pattern([stageOf(name, where, { contiguity: 'relaxed' })]);
}
