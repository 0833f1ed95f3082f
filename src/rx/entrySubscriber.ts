import { Subscriber } from 'rxjs';
import type { Sink } from '../element';
import type { Graph } from './graph';
import { TASK, type Entry } from './trampoline';

/** The way into a graph for what a foreign Observable says: through the trampoline, and not once the graph is closed. */
export abstract class EntrySubscriber<T, U> extends Subscriber<T> implements Entry<T> {
  constructor(
    protected readonly sink: Sink<U>,
    protected readonly graph: Graph,
  ) {
    super();
  }

  abstract deliver(value: T): void;

  protected override _next(value: T): void {
    this.graph.shared.trampoline.enter(this, value);
  }

  protected override _complete(): void {
    this.last(() => this.sink.end());
  }

  protected override _error(cause: unknown): void {
    this.last(() => this.sink.error(cause));
  }

  private last(say: () => void): void {
    this.graph.shared.trampoline.enter(TASK, () => {
      if (!this.graph.closed) say();
    });
    this.unsubscribe();
  }
}
