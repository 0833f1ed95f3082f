/** A row that partial matches share: a list towards the past, so that those with a common beginning hold it once. */
export interface Taken {
  readonly row: unknown;
  readonly time: number;
  /** Where it stands among the rows of all keys. */
  readonly position: number;
  /** Number of the stage that took it. */
  readonly stage: number;
  readonly before: Taken | undefined;
}

/** One way on from a partial match. */
export interface Way {
  readonly stage: number;
  /** Rows that the stage has taken; 0: it waits for its first. */
  readonly count: number;
  /** Stages whose rows must not come on this way. */
  readonly guards: readonly number[];
  /** No row has come since the last one taken. */
  readonly isFresh: boolean;
  /** Greedy stages that this way leaves: not while one of them would go on. */
  readonly leaves: readonly number[];
}

/** The beginning of a match. */
export interface Partial {
  readonly last: Taken;
  readonly first: Taken;
  readonly ways: readonly Way[];
}

/** The rows by stage, oldest first. */
export function rowsOf({ last }: Pick<Partial, 'last'>, names: readonly string[]): Record<string, unknown[]> {
  const match: Record<string, unknown[]> = {};
  for (const { row, stage } of chain(last)) (match[names[stage]!] ??= []).push(row);
  return match;
}

/** Oldest first. */
export function chain(last: Taken | undefined): Taken[] {
  const all: Taken[] = [];
  for (let one = last; one !== undefined; one = one.before) all.push(one);
  return all.reverse();
}

/** Plain data; what is shared is written once. */
export function encodePartials(partials: readonly Partial[]): unknown {
  const numbers = new Map<Taken, number>();
  const nodes: unknown[] = [];
  const number = (taken: Taken): number => {
    for (const one of chain(taken)) {
      if (numbers.has(one)) continue;
      numbers.set(one, nodes.length);
      nodes.push([one.row, one.time, one.position, one.stage, one.before === undefined ? -1 : numbers.get(one.before)]);
    }
    return numbers.get(taken)!;
  };
  const list = partials.map(({ last, ways }) => [number(last), ways]);
  return [nodes, list];
}

export function decodePartials(data: unknown): Partial[] {
  const [nodes, list] = data as [[unknown, number, number, number, number][], [number, Way[]][]];
  const taken: Taken[] = [];
  for (const [row, time, position, stage, before] of nodes) {
    taken.push({ row, time, position, stage, before: taken[before] });
  }
  return list.map(([number, ways]) => {
    const last = taken[number]!;
    return { last, first: chain(last)[0]!, ways };
  });
}
