import type { Observable } from 'rxjs';
import { assigned, assignWindows, events, type Assigner, type Element } from 'tidemark';
import { Columns, type Row } from './columns';

export type Stream = Observable<Element<Row>>;

/** Windows that a `window` operator stated and that nobody has asked for as a column yet. */
export interface Pending {
  readonly as: string;
  readonly assigner: Assigner<Row>;
}

/** One operator's output: what is known of it, and how to make it. Nothing is made before the whole query is understood. */
export interface PlanNode {
  readonly columns: Columns;
  readonly timed: boolean;
  /** The column with the event time, where there is one. */
  readonly time?: string;
  readonly watermark: boolean;
  /** Of the watermark; of a union, that of its first input. */
  readonly delayMs?: number;
  readonly pending?: Pending;
  /** The column with the event time was left out: nothing is late any more. */
  readonly isPastTime?: true;
  /** Complete mode: changes whose last rows are the table. */
  readonly isTable?: true;
  /** In a query: groups without windows of their own, said as changes. */
  readonly isChange?: true;
  /** Columns with windows over another time than the event time: keys like others. */
  readonly plainWindows?: readonly string[];
  /** A join whose pairs have the time of their right rows, for a window over that. */
  readonly otherwise?: PlanNode;
  /** The stream; without the pending windows. */
  readonly open: () => Stream;
}

/** A stream of rows that come from outside. */
export function sourceNode(columns: readonly string[], source: Observable<Row>): PlanNode {
  return { columns: new Columns(columns), timed: false, watermark: false, open: () => untimed(source) };
}

export function untimed(source: Observable<Row>): Stream {
  return events(source) as unknown as Stream;
}

/** A stream that its query gives. */
export function givenNode(columns: readonly string[], stream: () => Stream): PlanNode {
  return { columns: new Columns(columns), timed: false, watermark: false, open: stream };
}

/** A stream is one object, however often it is asked for. */
export function once(make: () => Stream): () => Stream {
  let made: Stream | undefined;
  return () => (made ??= make());
}

/** With the windows as a column. */
export function materialised(node: PlanNode): PlanNode {
  const { pending, ...rest } = node;
  if (pending === undefined) return node;
  return { ...rest, open: once(() => node.open().pipe(assignWindows(pending.assigner, pending.as)) as unknown as Stream) };
}

/** Windows that are not looked at stay pending: an aggregate further down can still make them itself. */
export function keepsPending(node: PlanNode, used: readonly string[]): boolean {
  return node.pending !== undefined && !used.some((name) => node.columns.source(name) === node.pending!.as);
}

/** Tells the library of a window column under another name. */
export function withWindow(source: Stream, from: string, as: string): Stream {
  return source.pipe(assignWindows(assigned<Row>(from as never), as)) as unknown as Stream;
}

/** The options that carry an operator's id. */
export function named(id: string | undefined): { readonly id?: string } {
  return id === undefined ? {} : { id };
}
