import { lackingIfListed, type Feature } from '../features';
import { malformed } from '../shape';
import { joined } from './join';
import { materialised, type PlanNode } from './nodes';
import type { OpOf, QueryOperator, Table } from './operators';
import { keyedState } from './keyedState';
import { aggregated, distinct, distinctWithin, grouped, windowKeys, withPrevious, type Speech } from './stateful';
import { computed, failingOnce, filtered, joinedStatic, limited, selected, sorted, united } from './stateless';
import { sessionsAnew, watermarked, windowed, windowedBeside, windowTimed } from './timed';

export interface PlanContext {
  readonly mode: 'append' | 'update' | 'complete';
  /** The operators run inside a streaming query, whose output mode speaks to them; otherwise in a plain pipe. */
  readonly inQuery?: true;
  /** Rows get event times, and no watermark. */
  readonly neverLate?: true;
  /** Late rows are counted: of windows that overlap, a row in each is a row of its own. */
  readonly countsLate?: true;
  /** What `failOnce` has seen: it outlives a restart. */
  readonly failed?: Set<string>;
  readonly streams: Readonly<Record<string, PlanNode>>;
  readonly tables: Readonly<Record<string, Table>>;
}

/** A query that is understood: its last node, and what the library lacks for it. */
export interface Plan {
  /** With its windows as columns. */
  readonly output: PlanNode;
  readonly lacks: readonly Feature[];
  /** The operators behind the table of complete mode. */
  readonly tail: readonly QueryOperator[];
  readonly ids: readonly string[];
}

/** Reads a query against the columns of its streams; throws where it does not make sense. */
export function planOf(query: readonly QueryOperator[], context: PlanContext): Plan {
  return new Planner(context).plan(query);
}

/** The last of these speaks in the output mode; those before it append. */
const STATEFUL: ReadonlySet<QueryOperator['op']> = new Set([
  'aggregate',
  'dropDuplicates',
  'dropDuplicatesWithinWatermark',
  'join',
  'mapGroupsWithState',
  'flatMapGroupsWithState',
  'transformWithState',
]);

class Planner {
  private readonly named: Map<string, PlanNode>;
  private readonly lacks: Feature[] = [];
  private before: PlanNode | undefined;
  /** No stateful operator comes any more. */
  private isLast = false;

  constructor(private readonly context: PlanContext) {
    this.named = new Map(Object.entries(context.streams));
  }

  plan(query: readonly QueryOperator[]): Plan {
    const lastAggregate = query.map(({ op }) => op).lastIndexOf('aggregate');
    const { mode, inQuery } = this.context;
    const end = inQuery !== true && mode === 'complete' && lastAggregate >= 0 ? lastAggregate + 1 : query.length;
    const lastStateful = query.map(({ op }) => STATEFUL.has(op)).lastIndexOf(true);
    const ids = query.slice(0, end).flatMap((op, i) => {
      this.isLast = i >= lastStateful;
      return this.next(op, `query[${i}] (${op.op})`);
    });
    const output = materialised(this.before ?? this.only('query'));
    return { output, lacks: this.lacks, tail: query.slice(end), ids };
  }

  /** The next operator; gives its id, if it has one. */
  private next(op: QueryOperator, at: string): readonly string[] {
    this.lacks.push(...lackingIfListed(`operator ${op.op}`));
    this.before = this.node(op, at);
    const { id } = op;
    if (id === undefined) return [];
    if (this.named.has(id)) malformed(at, `the id '${id}' is given twice`);
    this.named.set(id, this.before);
    return [id];
  }

  private only(at: string): PlanNode {
    const streams = Object.values(this.context.streams);
    return streams.length === 1 ? streams[0]! : malformed(at, `which stream? There are ${streams.length}`);
  }

  private at(name: string, at: string): PlanNode {
    return this.named.get(name) ?? malformed(at, `there is no stream or operator '${name}'`);
  }

  private input({ in: name }: QueryOperator, at: string): PlanNode {
    return name === undefined ? (this.before ?? this.only(at)) : this.at(name, at);
  }

  private node(op: QueryOperator, at: string): PlanNode {
    switch (op.op) {
      case 'union':
        return this.union(op, at);
      case 'join':
        return joined(op, materialised(this.at(op.left, at)), materialised(this.at(op.right, at)), at);
      default:
        return this.follow(op, this.input(op, at), at);
    }
  }

  /** Operators with one input. */
  private follow(op: Exclude<QueryOperator, OpOf<'union' | 'join'>>, given: PlanNode, at: string): PlanNode {
    const { otherwise, ...one } = given;
    const input = op.op === 'window' && otherwise?.time === op.column ? otherwise : one;
    switch (op.op) {
      case 'withWatermark':
        return this.watermark(op, input);
      case 'select':
        return selected(op, input);
      case 'filter':
        return filtered(op, input, at);
      case 'compute':
        return computed(op, input, at);
      case 'joinStatic':
        return joinedStatic(op, input, this.context.tables, at);
      case 'windowTime':
        return windowTimed(op, input);
      case 'window':
      case 'sessionWindow':
        return this.window(op, input);
      case 'dropDuplicates':
        return distinct(op, input);
      case 'dropDuplicatesWithinWatermark':
        return distinctWithin(op, input);
      case 'mapGroupsWithState':
      case 'flatMapGroupsWithState':
      case 'transformWithState':
        return keyedState(op, input);
      case 'sort':
        return sorted(op, input);
      case 'failOnce':
        return failingOnce(op, input, this.context.failed ?? new Set(), at);
      case 'aggregate':
        return this.aggregate(op, input, at);
      case 'previousRows':
        return withPrevious(op, input, at);
      case 'limit':
        return limited(op, input);
    }
  }

  /** In a query the library itself knows the columns of a source. */
  private watermark(op: OpOf<'withWatermark'>, input: PlanNode): PlanNode {
    const { inQuery, neverLate } = this.context;
    if (inQuery !== true) input.columns.check(op.column);
    return watermarked(op, input, neverLate === true);
  }

  private window(op: OpOf<'window'> | OpOf<'sessionWindow'>, input: PlanNode): PlanNode {
    if (!input.timed || input.time === op.column) {
      const node = windowed(op, input);
      return this.context.countsLate === true && op.op === 'window' ? materialised(node) : node;
    }
    return op.op === 'sessionWindow' ? sessionsAnew(op, input) : windowedBeside(op, input);
  }

  private union({ inputs: [first, ...others] }: OpOf<'union'>, at: string): PlanNode {
    const nodeOf = (name: string): PlanNode => materialised(this.at(name, at));
    return united([nodeOf(first as string), ...others.map(nodeOf)], at, this.context.inQuery === true);
  }

  private aggregate(op: OpOf<'aggregate'>, input: PlanNode, at: string): PlanNode {
    input.columns.check(...op.keys);
    const windows = windowKeys(op, input);
    const speech = this.speech();
    return windows.length === 1 ? aggregated(op, input, windows[0]!, speech, at) : grouped(op, input, speech, at);
  }

  private speech(): Speech {
    const { mode, inQuery } = this.context;
    if (inQuery === true) return this.isLast && mode !== 'append' ? 'asTheQuery' : 'final';
    if (mode === 'append') return 'final';
    if (this.isLast) return 'table';
    return mode === 'complete' ? 'atTheEnd' : 'final';
  }
}
