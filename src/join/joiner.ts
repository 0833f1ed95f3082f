import { isLate } from '../element';
import { messageOf, userFunctionError } from '../errors';
import type { KeyOf } from '../key';
import type { Out, Processor, ProcessorContext, StateRows } from '../operator/processor';
import { cell, type StateTables } from '../state/table';
import type { ErrorPolicy } from '../traits';
import { Half } from './half';
import { hasNull } from './keys';
import { lateness, pairTime, type JoinPlan } from './plan';
import { PADS, type Results } from './result';
import type { Held } from './side';
import { Waiting } from './waiting';

type Any = unknown;

/**
 * A stream-stream join. Each row that is not late looks for its partners among those that wait on the other side, and waits
 * itself until none can come any more. In a plain pipe rows are taken as they come. In a query the left rows of a batch go
 * first, then the right ones: a left row always waits, also one that this batch forgets, because a right row of the batch
 * may still meet it; a right row that is already out of reach does not wait, unless it has to be given with nulls.
 *
 * Source: symmetric hash join (Wilschut, Apers 1991) with the state rules of Spark's stream-stream joins.
 */
export class Joiner<L, R, O> implements Processor<Any, O> {
  readonly tables: StateTables;
  readonly speaksAt: 'emit' | 'drop';
  private readonly left: Half<Any>;
  private readonly right: Half<Any>;
  private readonly waiting = new Waiting<Any>();
  private readonly results: Results<Any, Any, O>;
  private readonly isBatched: boolean;
  /** Left rows are given as they are, at most once. */
  private readonly isSemi: boolean;
  private readonly isAnti: boolean;
  private readonly policy: ErrorPolicy;
  private drop: number;
  /** Partners of the row at work, `met` of them, and what it gives with each. */
  private readonly found: Held<Any>[] = [];
  private met = 0;
  private readonly made: O[] = [];
  private spokenOf = { stored: 0, removed: 0 };

  constructor(
    private readonly plan: JoinPlan<L, R, O>,
    private readonly context: ProcessorContext,
    policy?: ErrorPolicy,
  ) {
    const { type, reach, range } = plan;
    const span = range.upper - range.lower;
    const stepMs = Math.max(1000, Number.isFinite(span) ? Math.ceil(span / 32) : 60_000);
    const pads = PADS[type];
    this.left = new Half<Any>(plan.left as never, {
      from: range.lower,
      to: range.upper,
      lag: reach.left,
      pads: pads.left,
      stepMs,
    });
    this.right = new Half<Any>(plan.right as never, {
      from: 0 - range.upper,
      to: 0 - range.lower,
      lag: reach.right,
      pads: pads.right,
      stepMs,
    });
    this.results = plan.results() as Results<Any, Any, O>;
    this.isSemi = type === 'leftSemi';
    this.isAnti = type === 'leftAnti';
    this.speaksAt = pads.left || pads.right ? 'drop' : 'emit';
    this.isBatched = context.run !== undefined && (plan.left.watermark || plan.right.watermark);
    this.policy = policy ?? context.traits.onError;
    this.drop = context.run === undefined ? -Infinity : 0;
    const scalars = {
      drop: cell(
        1,
        () => this.drop,
        (value) => (this.drop = value as number),
      ),
      ...(this.results.table === undefined ? {} : { columns: this.results.table }),
    };
    const sides = { left: this.left.side.table, right: this.right.side.table };
    this.tables = this.isBatched ? { ...scalars, ...sides, waiting: this.waiting.table } : { ...scalars, ...sides };
  }

  onEvent(time: number, row: Any, out: Out<O>, input: number): void {
    const half = input === 0 ? this.left : this.right;
    const { timeOf, watermark, ties } = half.plan;
    const at = timeOf === undefined ? time : timeOf(row);
    if (timeOf !== undefined && at !== at) return out.reject('noWindow', time, row);
    if (watermark && isLate(at, this.drop, ties)) return out.reject('late', time, row, lateness(at, this.drop, ties));
    if (input === 1 && this.isBatched) return this.wait(half, at, row);
    this.take(half, input === 0 ? this.right : this.left, at, row, out, input === 0);
  }

  /** A row whose key or condition fails does so when it comes. */
  private wait({ plan }: Half<Any>, at: number, row: Any): void {
    plan.key.read(row);
    plan.where?.(row);
    this.waiting.add(at, row);
  }

  /** Everything of the user's runs before anything is stored or said. */
  private take(own: Half<Any>, other: Half<Any>, at: number, row: Any, out: Out<O>, isLeft: boolean): void {
    const key = own.plan.key.read(row);
    const isAdmitted = own.plan.where === undefined || own.plan.where(row);
    this.results.learn(isLeft, row);
    if (!isAdmitted || hasNull(key)) return this.alone(own, at, row, out, isLeft, isAdmitted);
    this.met = other.meet(own.options, at, key, this.found);
    if (this.plan.condition !== undefined) this.narrow(this.plan.condition as (a: Any, b: Any) => boolean, row, isLeft);
    if (this.isSemi || this.isAnti) this.answer(own, other, at, row, key, out, isLeft);
    else this.pair(own, other, at, row, key, out, isLeft);
  }

  private narrow(condition: (left: Any, right: Any) => boolean, row: Any, isLeft: boolean): void {
    const { found } = this;
    let kept = 0;
    for (let i = 0; i < this.met; i++) {
      const held = found[i]!;
      if (isLeft ? condition(row, held.row) : condition(held.row, row)) found[kept++] = held;
    }
    this.met = kept;
  }

  private pair(own: Half<Any>, other: Half<Any>, at: number, row: Any, key: KeyOf, out: Out<O>, isLeft: boolean): void {
    const { found, met: count, made, results, plan } = this;
    for (let i = 0; i < count; i++) made[i] = isLeft ? results.build(row, found[i]!.row) : results.build(found[i]!.row, row);
    this.keep(own, at, row, key, out, isLeft);
    if (other.options.pads) for (let i = 0; i < count; i++) other.side.match(found[i]!);
    for (let i = 0; i < count && !out.closed; i++) {
      const { time } = found[i]!;
      out.event(isLeft ? pairTime(plan.time, at, time) : pairTime(plan.time, time, at), made[i]!);
    }
  }

  /** Semi and anti joins: only left rows are given, and each at most once. */
  private answer(own: Half<Any>, other: Half<Any>, at: number, row: Any, key: KeyOf, out: Out<O>, isLeft: boolean): void {
    const { found } = this;
    if (!isLeft) {
      this.keep(own, at, row, key, out, false);
      for (let i = 0; i < this.met; i++) {
        const held = found[i]!;
        if (held.matched) continue;
        other.side.match(held);
        if (this.isSemi) out.event(held.time, held.row as O);
      }
      return;
    }
    if (this.met === 0) return this.keep(own, at, row, key, out, true);
    out.absorb(1);
    if (this.isSemi) out.event(at, row as O);
  }

  /** A row stays until nobody can come whom it would meet. */
  private keep(own: Half<Any>, at: number, row: Any, key: KeyOf, out: Out<O>, isLeft: boolean): void {
    const matched = this.met > 0;
    const isOver = at <= own.bound;
    const isOwed = own.options.pads && !matched;
    if (!isOver || (this.isBatched && (isLeft || isOwed))) return own.side.add(key, at, row, matched);
    out.absorb(1);
    if (isOwed) this.pad(at, row, out, isLeft);
  }

  /** A row that meets nobody by what it is. */
  private alone(own: Half<Any>, at: number, row: Any, out: Out<O>, isLeft: boolean, isAdmitted: boolean): void {
    if (own.options.pads) {
      const result = this.padded(row, isLeft);
      out.absorb(1);
      out.event(at, result);
    } else if (isAdmitted) out.absorb(1);
    else out.filter();
  }

  private padded(row: Any, isLeft: boolean): O {
    if (this.isAnti) return row as O;
    return isLeft ? this.results.build(row, null) : this.results.build(null, row);
  }

  private pad(at: number, row: Any, out: Out<O>, isLeft: boolean): void {
    out.event(at, this.padded(row, isLeft));
  }

  onWatermark(_emit: number, drop: number, out: Out<O>): void {
    this.move(drop);
    this.catchUp(out);
    this.drop = drop;
    this.forget(this.left, out, true);
    this.forget(this.right, out, false);
  }

  /** Without a watermark the batch ends at its barrier. */
  onBarrier(_batchId: number, out: Out<O>): void {
    this.catchUp(out);
  }

  onRestore(): void {
    this.move(this.drop);
  }

  private move(w: number): void {
    this.left.move(w);
    this.right.move(w);
  }

  private catchUp(out: Out<O>): void {
    if (this.waiting.size === 0) return;
    this.waiting.each((at, row) => {
      try {
        this.take(this.right, this.left, at, row, out, false);
      } catch (cause) {
        this.failed(cause, at, row, out);
      }
    });
  }

  /** The adapter knows the row only while it comes in. */
  private failed(cause: unknown, time: number, row: Any, out: Out<O>): void {
    if (this.policy === 'reject') {
      const message = messageOf(cause);
      return out.reject('failed', time, row, { message, cause });
    }
    throw userFunctionError(cause, { operator: this.context.id, time, row });
  }

  private forget({ side, bound, options }: Half<Any>, out: Out<O>, isLeft: boolean): void {
    if (!options.pads) return out.absorb(side.forget(bound));
    const gone = side.expire(bound);
    out.absorb(gone.length);
    for (const { matched, time, row } of gone) {
      if (out.closed) return;
      if (!matched) this.pad(time, row, out, isLeft);
    }
  }

  propagate(w: number): number {
    return w === Infinity ? w : w - this.plan.reach.hold;
  }

  /** A batch without rows forgets something only if there is a bound, and W has moved. */
  wantsBatch(w: number): boolean {
    const { left, right } = this.plan.reach;
    return (left < Infinity || right < Infinity) && w > this.drop;
  }

  held(): number {
    return this.left.side.count + this.right.side.count + this.waiting.size;
  }

  stateRows(): StateRows {
    const [left, right] = [this.left.side, this.right.side];
    const { spokenOf } = this;
    this.spokenOf = { stored: left.stored + right.stored, removed: left.removed + right.removed };
    return {
      total: left.count + right.count,
      updated: this.spokenOf.stored - spokenOf.stored,
      removed: this.spokenOf.removed - spokenOf.removed,
    };
  }

  report(): Readonly<Record<string, unknown>> {
    return { keptAfter: { left: this.left.bound, right: this.right.bound } };
  }
}
