import { chain, type Partial, type Taken, type Way } from './partial';
import type { Stage, StageCondition } from './pattern';

/** A row and where it stands. */
export type Arrived = Pick<Taken, 'row' | 'time' | 'position'>;

/** What a row does to the partial matches of its key. */
export interface Step {
  readonly partials: Partial[];
  readonly matches: Pick<Partial, 'first' | 'last'>[];
}

/**
 * A nondeterministic automaton over stages: a row takes, passes over or ends each way of each partial match. It keeps
 * nothing itself and changes nothing it is given, so a condition that throws leaves no trace.
 *
 * Source: SASE (Agrawal et al., SIGMOD 2008), as Flink's CEP library has it.
 */
export class Automaton {
  private readonly beginning: readonly Way[];

  constructor(private readonly stages: readonly Stage[]) {
    this.beginning = this.waysAfter(-1, [], -1).ways;
  }

  step(partials: readonly Partial[], arrived: Arrived): Step {
    const step: Step = { partials: [], matches: [] };
    for (const partial of partials) {
      const ways = partial.ways.flatMap((way) => this.follow(way, partial, arrived, step));
      if (ways.length > 0) step.partials.push({ ...partial, ways });
    }
    for (const way of this.beginning) this.follow(way, undefined, arrived, step);
    return step;
  }

  /** What is left of a way when the row is passed over; the rows taken go into `step`. */
  private follow(way: Way, partial: Partial | undefined, arrived: Arrived, step: Step): Way[] {
    const stage = this.stages[way.stage]!;
    const fits = (one: Stage, where: StageCondition<never> | undefined = one.where): boolean =>
      where === undefined || Boolean(where(arrived.row as never, (name) => this.matched(partial, name) as never));
    const isBarred = way.guards.some((guard) => {
      const barring = this.stages[guard]!;
      return (barring.absent === 'followedBy' || way.isFresh) && fits(barring);
    });
    if (isBarred) return [];
    const on: Way[] = [way.isFresh ? { ...way, isFresh: false } : way];
    if (stage.absent !== undefined) return on; // the end of the pattern: only time can complete it
    if (way.leaves >= 0 && this.wouldGoOn(way.leaves, partial, fits)) return [];
    if (stage.until !== undefined && fits(stage, stage.until)) return way.count > 0 ? [] : on;
    const takes = fits(stage);
    if (takes) this.take(way, partial, arrived, step);
    const contiguity = way.count > 0 ? stage.inner : stage.contiguity;
    return contiguity === 'any' || (contiguity === 'relaxed' && !takes) ? on : [];
  }

  private wouldGoOn(number: number, partial: Partial | undefined, fits: (stage: Stage) => boolean): boolean {
    const stage = this.stages[number]!;
    const count = chain(partial?.last).filter((taken) => taken.stage === number).length;
    return count < stage.max && fits(stage);
  }

  private take(way: Way, partial: Partial | undefined, arrived: Arrived, step: Step): void {
    const last: Taken = { ...arrived, stage: way.stage, before: partial?.last };
    const first = partial?.first ?? last;
    const stage = this.stages[way.stage]!;
    const count = way.count + 1;
    const loop: Way[] = count < stage.max ? [{ stage: way.stage, count, guards: [], isFresh: true, leaves: -1 }] : [];
    const after = count < stage.min ? { ways: [], ends: false } : this.waysAfter(way.stage, [], stage.greedy ? way.stage : -1);
    const ways = [...loop, ...after.ways];
    if (ways.length > 0) step.partials.push({ first, last, ways });
    if (after.ends) step.matches.push({ first, last });
  }

  /** The ways on behind a stage, and whether the pattern may end there. */
  private waysAfter(number: number, guards: readonly number[], leaves: number): { ways: Way[]; ends: boolean } {
    const next = number + 1;
    const stage = this.stages[next];
    if (stage === undefined) return { ways: [], ends: true };
    const isEnd = next === this.stages.length - 1;
    if (stage.absent === 'next' && isEnd) return { ways: [], ends: true };
    if (stage.absent !== undefined && !isEnd) return this.waysAfter(next, [...guards, next], leaves);
    const own = stage.absent === undefined ? guards : [...guards, next];
    const way: Way = { stage: next, count: 0, guards: own, isFresh: true, leaves };
    if (!stage.optional) return { ways: [way], ends: false };
    const rest = this.waysAfter(next, guards, leaves);
    return { ways: [way, ...rest.ways], ends: rest.ends };
  }

  /** Is it only time that this partial match waits for? */
  isAbsence(partial: Partial): boolean {
    return partial.ways.some(({ stage }) => this.stages[stage]!.absent === 'followedBy');
  }

  private matched(partial: Partial | undefined, name: string): unknown[] {
    return chain(partial?.last).flatMap(({ stage, row }) => (this.stages[stage]!.name === name ? [row] : []));
  }
}
