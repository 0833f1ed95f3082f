import type { Observable } from 'rxjs';
import type { Change, Element } from './element';

/** Rows with event time, and watermarks between them. Opaque: leave with `rows()`. */
export type EventStream<T> = Observable<Element<T>>;

/** Rows that have no event time yet: what `events()` gives. */
export type UntimedStream<T> = Observable<Element<T, 'untimed'>>;

/** Results that may be said more than once: `{ op, key, row, pane }`. */
export type ChangeStream<R> = Observable<Element<Change<R>, 'change'>>;

/** The row type of what stands before `withWatermark`: an Observable of rows, or an untimed stream. */
export type RowOf<In> = In extends Element<infer T, infer K> ? (K extends 'untimed' ? T : HasEventTime) : In;

/** What `withWatermark` finds on a stream that has event time: no column fits, and the name says why. */
export interface HasEventTime {
  readonly 'this stream has event time already: use reassignWatermark': never;
}

/** Hover-friendly: one flat object type. */
export type Simplify<T> = { [K in keyof T]: T[K] } & {};
