import { Stage } from './stage';

/**
 * `event`, which every row passes, several times: each type of operator has a place in the source to itself, where V8
 * learns which processor it calls (D-008, D-049). gzip folds the copies.
 */
// prettier-ignore
const PLACES: readonly (typeof Stage)[] = [
  class<I, O> extends Stage<I, O> { override event(time: number, row: I): void { if (this.stopped) return; this.received++; try { this.processor.onEvent(time, row, this.outlet, 0); } catch (cause) { this.failed(cause, time, row); } } },
  class<I, O> extends Stage<I, O> { override event(time: number, row: I): void { if (this.stopped) return; this.received++; try { this.processor.onEvent(time, row, this.outlet, 0); } catch (cause) { this.failed(cause, time, row); } } },
  class<I, O> extends Stage<I, O> { override event(time: number, row: I): void { if (this.stopped) return; this.received++; try { this.processor.onEvent(time, row, this.outlet, 0); } catch (cause) { this.failed(cause, time, row); } } },
  class<I, O> extends Stage<I, O> { override event(time: number, row: I): void { if (this.stopped) return; this.received++; try { this.processor.onEvent(time, row, this.outlet, 0); } catch (cause) { this.failed(cause, time, row); } } },
  class<I, O> extends Stage<I, O> { override event(time: number, row: I): void { if (this.stopped) return; this.received++; try { this.processor.onEvent(time, row, this.outlet, 0); } catch (cause) { this.failed(cause, time, row); } } },
  class<I, O> extends Stage<I, O> { override event(time: number, row: I): void { if (this.stopped) return; this.received++; try { this.processor.onEvent(time, row, this.outlet, 0); } catch (cause) { this.failed(cause, time, row); } } },
  class<I, O> extends Stage<I, O> { override event(time: number, row: I): void { if (this.stopped) return; this.received++; try { this.processor.onEvent(time, row, this.outlet, 0); } catch (cause) { this.failed(cause, time, row); } } },
  class<I, O> extends Stage<I, O> { override event(time: number, row: I): void { if (this.stopped) return; this.received++; try { this.processor.onEvent(time, row, this.outlet, 0); } catch (cause) { this.failed(cause, time, row); } } },
  class<I, O> extends Stage<I, O> { override event(time: number, row: I): void { if (this.stopped) return; this.received++; try { this.processor.onEvent(time, row, this.outlet, 0); } catch (cause) { this.failed(cause, time, row); } } },
  class<I, O> extends Stage<I, O> { override event(time: number, row: I): void { if (this.stopped) return; this.received++; try { this.processor.onEvent(time, row, this.outlet, 0); } catch (cause) { this.failed(cause, time, row); } } },
  class<I, O> extends Stage<I, O> { override event(time: number, row: I): void { if (this.stopped) return; this.received++; try { this.processor.onEvent(time, row, this.outlet, 0); } catch (cause) { this.failed(cause, time, row); } } },
  class<I, O> extends Stage<I, O> { override event(time: number, row: I): void { if (this.stopped) return; this.received++; try { this.processor.onEvent(time, row, this.outlet, 0); } catch (cause) { this.failed(cause, time, row); } } },
];

const places = /* @__PURE__ */ new Map<string, typeof Stage>();

/** The class of the stages of one type of operator. */
export function stageFor(type: string): typeof Stage {
  let place = places.get(type);
  if (place === undefined) places.set(type, (place = PLACES[places.size % PLACES.length]!));
  return place;
}
