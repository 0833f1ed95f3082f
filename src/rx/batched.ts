import { Observable } from 'rxjs';
import { connect } from './connect';
import { Graph } from './graph';
import { TASK } from './trampoline';

/** Leaves event time in batches: the rows of one call into the graph make one value. */
export function leaveBatched<T, R>(source: Observable<unknown>, fold: (rows: readonly T[]) => R): Observable<R> {
  return new Observable<R>((subscriber) => {
    const graph = Graph.open(subscriber);
    let batch: T[] = [];
    const flush = (): void => {
      const rows = batch;
      batch = [];
      if (rows.length > 0) subscriber.next(fold(rows));
    };
    const nothing = (): void => {};
    connect<T>(
      source,
      {
        event: (_time, row) => {
          batch.push(row);
          // The call that brought the row is still running, so this waits until it is done.
          if (batch.length === 1) graph.shared.trampoline.enter(TASK, flush);
        },
        watermark: nothing,
        reject: nothing,
        idle: nothing,
        barrier: nothing,
        end: () => {
          flush();
          subscriber.complete();
        },
        error: (cause) => subscriber.error(cause),
      },
      graph,
    );
    graph.start();
  });
}
