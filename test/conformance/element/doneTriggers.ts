import type { OperatorHarness } from 'tidemark/testing';
import { lacking, type Feature } from '../features';
import type { ConfigOf } from './operators';
import type { Step } from './steps';

/** What the ledger of panes keeps of a window; see `src/panes/ledger.ts`. */
type Account = readonly [window: { readonly end: number }, arrival: number, done: boolean, fresh: number];

/** Triggers that are never done. */
const FOR_EVER = [
  undefined,
  'default',
  'count',
  'continuousEventTime',
  'endOfStream',
  'repeatedly',
  'everyProcessingTime',
  'never',
];

/** Does the case ask of panes whether they are the last? */
function asksForTheLast(steps: readonly Step[]): boolean {
  const lasts = steps.flatMap((step) => (step.kind === 'expect' ? step.expect : []));
  return lasts.some(({ pane }) => (pane as { readonly isLast?: unknown } | undefined)?.isLast !== undefined);
}

/**
 * Looks for a window that is open though its trigger is done, and for what tells it from one that is closed: a row that came
 * to it since, or a pane that would have been its last.
 */
export function doneTriggers(
  { trigger }: ConfigOf<'window'>,
  steps: readonly Step[],
  harness: OperatorHarness<never, never>,
): (drop: number) => readonly Feature[] {
  if (FOR_EVER.includes(trigger?.kind)) return () => [];
  const asks = asksForTheLast(steps);
  return (drop) => {
    const accounts = harness.snapshot().flatMap(({ tables }) => tables['ledger']?.entries ?? []);
    const isOpen = accounts.some(([, data]) => {
      const [{ end }, , done, fresh] = data as Account;
      return done && end > drop && (fresh > 0 || asks);
    });
    return isOpen ? [lacking('trigger that closes its window')] : [];
  };
}
