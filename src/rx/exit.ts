import type { Observer, Subscriber } from 'rxjs';

/**
 * The way out of a graph. It forgets the consumer when that ends: RxJS operators hold what they have collected for as long as
 * somebody holds them, and what is kept of a graph that has ended must not.
 */
export class Exit<T> implements Observer<T> {
  /** One that stays: D-056. */
  static readonly lasting: unknown = /* @__PURE__ */ new Exit(undefined);
  private consumer: Subscriber<T> | undefined;

  constructor(consumer: Subscriber<T> | undefined) {
    this.consumer = consumer;
    consumer?.add(() => (this.consumer = undefined));
  }

  next(value: T): void {
    this.consumer?.next(value);
  }

  complete(): void {
    this.consumer?.complete();
  }

  error(cause: unknown): void {
    this.consumer?.error(cause);
  }
}
