import type { Graph } from './graph';
import { TASK } from './trampoline';

/** So many graphs that have ended are kept … */
const GRAPHS = 4;
/** … until the collector has come by so often. */
const COLLECTIONS = 3;
let kept: Graph[] = [];
let collections = 0;
let isWatched = false;
let collector: FinalizationRegistry<undefined> | undefined;

/**
 * Keeps a graph that has ended for a while. V8 makes code for the very functions and hidden classes that it has met, and
 * throws it away when they are collected: a pipe that is built again when the last of its kind is gone begins with cold code,
 * for some 100,000 rows up to ten times slower than the one before (D-056). It is kept without its state, and not at all while
 * rows wait in it; it leads neither to sources nor to consumers, but for what the scope of a selector leads to.
 */
export function keepAWhile(graph: Graph): void {
  if (typeof FinalizationRegistry === 'undefined' || graph.shared.holdsMore) return;
  // Its end may have come in the middle of an operator's work: state goes when that is done.
  graph.shared.trampoline.enter(TASK, () => {
    if (letsGo(graph)) keep(graph);
  });
}

function letsGo({ shared }: Graph): boolean {
  try {
    return shared.stages.every((stage) => stage.letGo());
  } catch {
    return false; // a table of the user's that cannot say its size any more
  }
}

function keep(graph: Graph): void {
  graph.shared.owners.clear(); // they lead to the sources
  kept.push(graph);
  if (kept.length > GRAPHS) kept.shift();
  collections = 0;
  if (!isWatched) watch();
}

/** An object that nobody holds is gone when the collector has come by. */
function watch(): void {
  isWatched = true;
  collector ??= new FinalizationRegistry(passed);
  collector.register({}, undefined);
}

function passed(): void {
  isWatched = false;
  if (++collections < COLLECTIONS) watch();
  else kept = [];
}
