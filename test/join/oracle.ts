import type { JoinType } from 'tidemark';

export interface Row {
  readonly id: number;
  readonly k: string | null;
  readonly t: number;
  readonly v: number;
}

/** What happens, in order. A watermark is an input's own. */
export type Step =
  | { readonly kind: 'row'; readonly input: 0 | 1; readonly row: Row }
  | { readonly kind: 'watermark'; readonly input: 0 | 1; readonly emit: number; readonly drop: number };

export interface JoinCase {
  readonly type: JoinType;
  /** Admitted right - left, whole ms, both included. */
  readonly lower: number;
  readonly upper: number;
  readonly ties: readonly ['instant' | 'ordered', 'instant' | 'ordered'];
  /** One-sided conditions: v below it fails. */
  readonly least: readonly [number, number];
  /** The pair's condition: ids of one parity. */
  readonly parity: boolean;
  readonly steps: readonly Step[];
}

/** What is said at a step: ids of both rows, and the event time. */
export interface Said {
  readonly left: number | null;
  readonly right: number | null;
  readonly time: number;
}

export interface Answer {
  readonly said: readonly Said[];
  readonly late: readonly number[];
  /** Rows kept on each side after the step. */
  readonly kept: readonly [number, number];
  readonly drop: number;
}

interface Seen {
  readonly row: Row;
  readonly meets: boolean;
  matched: boolean;
  owed: boolean;
  kept: boolean;
}

const order = (a: number | null, b: number | null): number => (a ?? -1) - (b ?? -1);

/** Every row against every row: no keys, no buckets, nothing is ever thrown away. */
export function nestedLoop(one: JoinCase): Answer[] {
  const { type, lower, upper, ties, least, parity } = one;
  const seen: [Seen[], Seen[]] = [[], []];
  const own = [
    { emit: -Infinity, drop: -Infinity },
    { emit: -Infinity, drop: -Infinity },
  ];
  let drop = -Infinity;
  const pads = [type === 'left' || type === 'full' || type === 'leftAnti', type === 'right' || type === 'full'];
  const isOver = (row: Row, input: number): boolean => {
    if (drop === Infinity) return true;
    const last = input === 0 ? row.t + upper : row.t - lower; // the last partner that could be admitted
    const equal = lower === 0 && upper === 0 && ties[0] === 'instant' && ties[1] === 'instant';
    return equal ? last <= drop : last < drop;
  };
  return one.steps.map((step): Answer => {
    const said: Said[] = [];
    const late: number[] = [];
    const lone = (row: Row, input: number): void =>
      void said.push({ left: input === 0 ? row.id : null, right: input === 1 ? row.id : null, time: row.t });
    if (step.kind === 'watermark') {
      own[step.input]!.emit = Math.max(own[step.input]!.emit, step.emit);
      own[step.input]!.drop = Math.max(own[step.input]!.drop, step.drop);
      drop = Math.max(drop, Math.min(own[0]!.drop, own[1]!.drop));
      for (const input of [0, 1] as const) {
        for (const each of seen[input]) {
          if (!each.kept || !isOver(each.row, input)) continue;
          each.kept = false;
          if (each.owed && !each.matched) lone(each.row, input);
        }
      }
    } else {
      const { row, input } = step;
      if (ties[input] === 'instant' ? row.t <= drop : row.t < drop) late.push(row.id);
      else {
        const me: Seen = { row, meets: row.k !== null && row.v >= least[input], matched: false, owed: pads[input]!, kept: false };
        for (const you of seen[1 - input]!) {
          const [l, r] = input === 0 ? [me, you] : [you, me];
          const gap = r.row.t - l.row.t;
          if (!me.meets || !you.meets || l.row.k !== r.row.k || gap < lower || gap > upper) continue;
          if (parity && (l.row.id + r.row.id) % 2 === 1) continue;
          if (type === 'leftSemi' && !l.matched) lone(l.row, 0);
          if (type !== 'leftSemi' && type !== 'leftAnti')
            said.push({ left: l.row.id, right: r.row.id, time: Math.max(l.row.t, r.row.t) });
          l.matched = r.matched = true;
        }
        const once = input === 0 && me.matched && (type === 'leftSemi' || type === 'leftAnti');
        me.kept = me.meets && !isOver(row, input) && !once;
        if (!me.kept && me.owed && !me.matched) lone(row, input);
        seen[input].push(me);
      }
    }
    const kept = seen.map((side) => side.filter((each) => each.kept).length) as unknown as [number, number];
    return { said: said.sort((a, b) => order(a.left, b.left) || order(a.right, b.right)), late, kept, drop };
  });
}
