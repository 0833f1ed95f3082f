import { Outlet } from './outlet';

/**
 * The two methods that every row passes, several times: V8 keeps what it learned of a call per place in the source, so
 * that an operator with a place to itself calls the next one directly (D-008, D-049). gzip folds the copies.
 */
// prettier-ignore
const PLACES: readonly (typeof Outlet)[] = [
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
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
  class<O> extends Outlet<O> { override forward(time: number, row: O): void { this.forwarded++; this.down.event(time, row); } override event(time: number, row: O): void { this.outputs++; this.down.event(time, row); } },
];

const places = /* @__PURE__ */ new Map<string, typeof Outlet>();

/** The same pair of operators speaks from the same place. */
export function outletFor(pair: string): typeof Outlet {
  let place = places.get(pair);
  if (place === undefined) places.set(pair, (place = PLACES[places.size % PLACES.length]!));
  return place;
}
