import type { BackendCapabilities } from '../checkpoint/backend';
import type { NamedSink } from './sinks';
import type { Source } from '../connectors/source';
import type { Trigger } from './trigger';

export type GuaranteeLevel = 'exactly-once' | 'at-least-once' | 'at-most-once';

/** What a query promises for every row, over crashes and restarts, and why it is not more. */
export interface Guarantee {
  readonly level: GuaranteeLevel;
  /** Empty for an unrestricted exactly-once. */
  readonly reasons: readonly string[];
}

const LEVELS: readonly GuaranteeLevel[] = ['exactly-once', 'at-least-once', 'at-most-once'];

/** The weakest link: source × sink × durability. */
export function guaranteeOf(
  sources: ReadonlyMap<string, Source<unknown>>,
  sinks: readonly NamedSink[],
  backend: BackendCapabilities,
  trigger: Trigger,
): Guarantee {
  const found: [GuaranteeLevel, string][] = [];
  for (const [name, { replay, type }] of sources) {
    if (replay === 'volatile') found.push(['at-most-once', `source '${name}' (${type}) cannot be read again`]);
    if (replay === 'journaled' && backend.durability === 'none') {
      found.push([
        'at-most-once',
        `source '${name}' (${type}) cannot be read again, and there is no checkpoint to keep its journal`,
      ]);
    }
  }
  for (const { name, sink } of sinks) {
    if (sink.delivery === 'volatile') found.push(['at-most-once', `sink '${name}' (${sink.type}) is gone with the process`]);
    if (sink.delivery === 'at-least-once') found.push(['at-least-once', `sink '${name}' (${sink.type}) may show rows twice`]);
  }
  if (backend.durability === 'none')
    found.push(['at-least-once', 'the checkpoint is in memory: a restart reads everything again']);
  if (backend.durability === 'relaxed') found.push(['exactly-once', 'except after power loss: the checkpoint is relaxed']);
  if (trigger.kind === 'continuous' && trigger.delivery === 'immediate') {
    found.push(['at-least-once', 'immediate delivery shows rows before they are committed']);
  }
  const level = LEVELS[Math.max(0, ...found.map(([weakest]) => LEVELS.indexOf(weakest)))] as GuaranteeLevel;
  return { level, reasons: found.map(([, reason]) => reason) };
}
