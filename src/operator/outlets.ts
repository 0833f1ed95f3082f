import type { Sink } from '../element';
import type { Graph, SchedulerLike } from '../rx';
import { Outlet, type Owner } from './outlet';

type Place = new <O>(stage: Owner, down: Sink<O>, graph: Graph, scheduler: SchedulerLike) => Outlet<O>;

/**
 * The two methods that every row passes, several times: V8 keeps what it learned of a call per place in the source, so
 * that an operator with a place to itself calls the next one directly, and a processor only ever sees one class of outlet
 * (D-008, D-049). gzip folds the copies.
 */
// prettier-ignore
const PLACES: readonly Place[] = [
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
];

const places = /* @__PURE__ */ new Map<string, Place>();

/** The class of the outlets of one type of operator. */
export function outletFor(type: string): Place {
  let place = places.get(type);
  if (place === undefined) places.set(type, (place = PLACES[places.size % PLACES.length]!));
  return place;
}
