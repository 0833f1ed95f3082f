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
    // Before the first row there is nothing that another one must not follow.
    this.beginning = this.waysAfter(-1, [], []).ways.map((way) => ({ ...way, guards: [] }));
  }

  step(partials: readonly Partial[], arrived: Arrived): Step {
    const step: Step = { partials: [], matches: [] };
    for (const partial of partials) {
      const ways = groupsOf(partial).flatMap((group) => this.followAll(group, partial, arrived, step));
      if (ways.length > 0) step.partials.push({ ...partial, ways });
    }
    for (const way of this.beginning) this.follow(way, undefined, arrived, step);
    return step;
  }

  /** A row that must not come ends every way of the group; only a match that this very row completes stands. */
  private followAll(group: readonly Way[], partial: Partial, arrived: Arrived, step: Step): Way[] {
    const next: Step = { partials: [], matches: [] };
    const on = group.flatMap((way) => this.follow(way, partial, arrived, next));
    step.matches.push(...next.matches);
    if (group.some((way) => this.bars(way, partial, arrived).length > 0)) return [];
    step.partials.push(...next.partials);
    return on;
  }

  /** The stages whose row must not come on this way, and has come. */
  private bars(way: Way, partial: Partial | undefined, { row }: Arrived): Stage[] {
    const barring = way.guards.map((guard) => this.stages[guard]!);
    return barring.filter((stage) => (stage.absent === 'followedBy' || way.isFresh) && this.fits(stage.where, row, partial));
  }

  private fits(where: StageCondition<never> | undefined, row: unknown, partial: Partial | undefined): boolean {
    return where === undefined || Boolean(where(row as never, (name) => this.matched(partial, name) as never));
  }

  /** What is left of a way when the row is passed over; the rows taken go into `step`. */
  private follow(way: Way, partial: Partial | undefined, arrived: Arrived, step: Step): Way[] {
    const stage = this.stages[way.stage]!;
    const fits = (where: StageCondition<never> | undefined): boolean => this.fits(where, arrived.row, partial);
    const bars = this.bars(way, partial, arrived);
    if (bars.some(({ absent }) => absent === 'next')) return [];
    if (stage.absent === 'next') {
      // The end of the pattern, and another row has come.
      if (partial !== undefined && bars.length === 0) step.matches.push(partial);
      return [];
    }
    const leaves = way.leaves.filter((left) => !isOver(this.stages[left]!, fits));
    const on: Way[] = [way.isFresh || leaves.length < way.leaves.length ? { ...way, isFresh: false, leaves } : way];
    if (stage.absent !== undefined) return on; // the end of the pattern: only time can complete it
    if (leaves.some((left) => fits(this.stages[left]!.where) && this.hasRoom(left, partial))) return [];
    if (way.count > 0 && isOver(stage, fits)) return [];
    const takes = fits(stage.where);
    if (takes && !isOver(stage, fits)) this.take(way, partial, arrived, step);
    const contiguity = way.count > 0 ? stage.inner : stage.contiguity;
    return contiguity === 'any' || (contiguity === 'relaxed' && !takes) ? on : [];
  }

  private hasRoom(number: number, partial: Partial | undefined): boolean {
    return chain(partial?.last).filter(({ stage }) => stage === number).length < this.stages[number]!.max;
  }

  private take(way: Way, partial: Partial | undefined, { row, time, position }: Arrived, step: Step): void {
    const last: Taken = { row, time, position, stage: way.stage, before: partial?.last };
    const first = partial?.first ?? last;
    const stage = this.stages[way.stage]!;
    const count = way.count + 1;
    const loop: Way[] =
      count < stage.max ? [{ stage: way.stage, count, guards: this.guardsWithin(way.stage), isFresh: true, leaves: [] }] : [];
    const after = count < stage.min ? { ways: [], ends: false } : this.waysAfter(way.stage, [], stage.greedy ? [way.stage] : []);
    const ways = [...loop, ...after.ways];
    if (ways.length > 0) step.partials.push({ first, last, ways });
    if (after.ends) step.matches.push({ first, last });
  }

  /** What must not follow a stage must not come between its rows either. */
  private guardsWithin(number: number): number[] {
    return this.stages[number + 1]?.absent === 'followedBy' ? [number + 1] : [];
  }

  /** The ways on behind a stage, and whether the pattern may end there. */
  private waysAfter(number: number, guards: readonly number[], leaves: readonly number[]): { ways: Way[]; ends: boolean } {
    const next = number + 1;
    const stage = this.stages[next];
    if (stage === undefined) return { ways: [], ends: true };
    const isEnd = next === this.stages.length - 1;
    if (stage.absent !== undefined && !isEnd) return this.waysAfter(next, [...guards, next], leaves);
    const own = stage.absent === undefined ? guards : [...guards, next];
    const way: Way = { stage: next, count: 0, guards: own, isFresh: true, leaves };
    if (!stage.optional) return { ways: [way], ends: false };
    const rest = this.waysAfter(next, guards, stage.greedy ? [...leaves, next] : leaves);
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

/** Before a row has come the ways are one state, and end together; then each goes on for itself. */
function groupsOf({ ways }: Partial): readonly (readonly Way[])[] {
  return ways[0]!.isFresh ? [ways] : ways.map((way) => [way]);
}

function isOver({ until }: Stage, fits: (where: StageCondition<never>) => boolean): boolean {
  return until !== undefined && fits(until);
}
