import type { Observable } from 'rxjs';
import type { Change, Element } from './element';
import type { KeySpec } from './key';

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

/** The key columns of a result, by the form of `key`; none when there is no key (then K is its whole constraint). */
export type KeyColumns<T, K> = [KeySpec<T>] extends [K] ? unknown : NamedColumns<T, K>;

type NamedColumns<T, K> = K extends keyof T & string
  ? { [P in K]: T[P] }
  : K extends readonly (infer C)[]
    ? { [P in C & keyof T & string]: T[P] }
    : K extends (row: never) => infer R
      ? { key: R }
      : K extends Readonly<Record<string, unknown>>
        ? { -readonly [P in keyof K]: K[P] extends (row: never) => infer R ? R : K[P] extends keyof T ? T[K[P]] : never }
        : unknown;

/** What is wrong with a column, as a sentence: the compiler shows it where the column is given. */
export interface ColumnProblem<Sentence extends string> {
  readonly problem: Sentence;
}
