import type { Rejection, Sink } from '../element';

/** Holds everything until it is opened, then hands it on in order: for operators that need something before the first row. */
export class Gate<T> implements Sink<T> {
  private held: (() => void)[] | undefined = [];

  constructor(private readonly down: Sink<T>) {}

  open(): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const pass of held) pass();
  }

  get isOpen(): boolean {
    return this.held === undefined;
  }

  event(time: number, row: T): void {
    if (this.held === undefined) this.down.event(time, row);
    else this.held.push(() => this.down.event(time, row));
  }
  watermark(emit: number, drop: number): void {
    this.pass(() => this.down.watermark(emit, drop));
  }
  reject(rejection: Rejection): void {
    this.pass(() => this.down.reject(rejection));
  }
  idle(isIdle: boolean): void {
    this.pass(() => this.down.idle(isIdle));
  }
  barrier(batchId: number): void {
    this.pass(() => this.down.barrier(batchId));
  }
  end(): void {
    this.pass(() => this.down.end());
  }
  /** An error does not wait. */
  error(cause: unknown): void {
    this.held = undefined;
    this.down.error(cause);
  }

  private pass(call: () => void): void {
    if (this.held === undefined) call();
    else this.held.push(call);
  }
}
