import type { KeyOf } from '../key';
import type { ProcessorContext } from '../operator';
import { refuse } from './refuse';

/** The call of a user's function at work: whose key, at what time, and what it has done to the state. */
export class Scope {
  /** The watermark that timers and timeouts go by. */
  watermark = -Infinity;
  /** State or timers were written in this call. */
  wrote = false;
  /** Entries removed since `stateRows` was asked. */
  removed = 0;
  /** Calls that wrote since `stateRows` was asked. */
  updated = 0;
  private current: KeyOf | undefined;

  constructor(private readonly context: ProcessorContext) {}

  /** Processing time: the batch's in a run, else the scheduler's. */
  now(): number {
    return this.context.run?.batch.time ?? this.context.scheduler.now();
  }

  get key(): KeyOf {
    if (this.current === undefined) refuse('outside-call', 'state and timers belong to a key: only a call for one may use them');
    return this.current;
  }

  /** The watermark for a user's function. */
  get declaredWatermark(): number {
    if (!this.context.traits.watermark) refuse('no-watermark', 'there is no watermark: put withWatermark(…) before the operator');
    return this.watermark;
  }

  enter(key: KeyOf): void {
    this.current = key;
    this.wrote = false;
  }

  leave(): void {
    this.current = undefined;
    if (this.wrote) this.updated++;
  }
}
