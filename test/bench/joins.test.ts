import { Subject } from 'rxjs';
import { explain, intervalJoin, rows, withWatermark } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { Fingerprint } from './checksum';
import { deliveries } from './data';
import { pairOf, w5Loop } from './loops/w5';
import { twoInputs } from './mixed';
import { QUERY_NAMES, workOf } from './nexmark/workloads';
import type { PairRow } from './rows';

const shape = { events: 3000, keys: 20, stepMs: 100, delayMs: 4000, jitterMs: 5000, veryLateMs: 60_000, uniform: true };

describe('the loops of joins are the yardstick', () => {
  it('W5: every pair that is not late, once', () => {
    const events = twoInputs(deliveries(shape));
    const [w, max] = [
      [-Infinity, -Infinity],
      [-Infinity, -Infinity],
    ];
    const seen: (readonly [input: number, row: (typeof events.rows)[number]])[] = [];
    const wanted: PairRow[] = [];
    events.rows.forEach((row, i) => {
      const input = events.inputs[i]!;
      if (row.t > Math.min(...w)) {
        for (const [other, met] of seen) {
          if (other === input || met.k !== row.k) continue;
          const [l, r] = input === 0 ? [row, met] : [met, row];
          if (r.t >= l.t && r.t <= l.t + 9000) wanted.push(pairOf(l, r));
        }
        seen.push([input, row]);
      }
      max[input] = Math.max(max[input]!, row.t);
      w[input] = Math.max(w[input]!, max[input]! - shape.delayMs);
    });
    const got: PairRow[] = [];
    w5Loop(events, 9000, shape.delayMs, 1, (row) => got.push(row));
    const text = ({ id, other, t }: PairRow): string => `${id} ${other} ${t}`;
    expect(got.map(text).sort()).toEqual(wanted.map(text).sort());
    expect(got.length).toBeGreaterThan(1000);
  });

  it.each(QUERY_NAMES)('Nexmark %s: loop and library say the same', (name) => {
    const { loop, library } = workOf(name, 150_000);
    const [byHand, byLibrary] = [new Fingerprint(), new Fingerprint()];
    loop(byHand.take);
    library(byLibrary.take);
    expect(String(byLibrary)).toBe(String(byHand));
    expect(String(byHand)).not.toMatch(/^0 rows/);
  });
});

describe('[L45] the state of a join is bounded by rate × (delay + reach)', () => {
  it('at its peak each side holds what the formula of explain() says, and no more', () => {
    const [left, right] = [new Subject<{ t: number; k: number }>(), new Subject<{ t: number; k: number }>()];
    const [delay, before, after, step] = [500, 300, 1200, 10];
    const joined = left.pipe(
      withWatermark('t', delay),
      intervalJoin(right.pipe(withWatermark('t', delay)), { on: 'k', within: { before, after }, select: (l) => l.t }),
    );
    joined.pipe(rows()).subscribe();
    const peak = { left: 0, right: 0 };
    for (let i = 0; i < 2000; i++) {
      left.next({ t: i * step, k: i % 7 });
      right.next({ t: i * step, k: i % 7 });
      const { live } = explain(joined).operators.find(({ type }) => type === 'intervalJoin')!;
      peak.left = Math.max(peak.left, live!.state['left']!);
      peak.right = Math.max(peak.right, live!.state['right']!);
    }
    const { description } = explain(joined).operators.find(({ type }) => type === 'intervalJoin')!;
    const state = description['state'] as Record<'left' | 'right', { readonly retentionMs: number }>;
    // Rows with time > newest - retention.
    expect(state.left.retentionMs).toBe(delay + after + 1);
    expect(state.right.retentionMs).toBe(delay + before + 1);
    expect(peak.left).toBe(Math.ceil(state.left.retentionMs / step));
    expect(peak.right).toBe(Math.ceil(state.right.retentionMs / step));
  });
});
