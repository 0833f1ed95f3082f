import { lacking, lackingIfListed, type Feature } from '../features';
import { malformed } from '../shape';
import { joined } from './join';
import { materialised, type PlanNode } from './nodes';
import type { OpOf, QueryOperator, Table } from './operators';
import { aggregated, distinct, withPrevious } from './stateful';
import { computed, filtered, joinedStatic, selected, united } from './stateless';
import { watermarked, windowed, windowTimed } from './timed';
import { unbuilt } from './unbuilt';

export interface PlanContext {
  readonly mode: 'append' | 'complete';
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

class Planner {
  private readonly named: Map<string, PlanNode>;
  private readonly lacks: Feature[] = [];
  private before: PlanNode | undefined;

  constructor(private readonly context: PlanContext) {
    this.named = new Map(Object.entries(context.streams));
  }

  plan(query: readonly QueryOperator[]): Plan {
    const lastAggregate = query.map(({ op }) => op).lastIndexOf('aggregate');
    const end = this.context.mode === 'complete' && lastAggregate >= 0 ? lastAggregate + 1 : query.length;
    const ids = query.slice(0, end).flatMap((op, i) => this.next(op, `query[${i}] (${op.op})`));
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
        return watermarked(op, input, this.context.mode === 'complete');
      case 'select':
        return selected(op, input);
      case 'filter':
        return filtered(op, input, at);
      case 'compute':
        return computed(op, input, at);
      case 'joinStatic':
        return joinedStatic(op, input, this.context.tables, at);
      case 'windowTime':
        return this.windowTime(op, input);
      case 'window':
      case 'sessionWindow':
        return this.window(op, input);
      case 'dropDuplicates':
        return distinct(op, input);
      case 'aggregate':
        return this.aggregate(op, input, at);
      case 'previousRows':
        return withPrevious(op, input, at);
      default:
        return unbuilt(op, input);
    }
  }

  private window(op: OpOf<'window'> | OpOf<'sessionWindow'>, input: PlanNode): PlanNode {
    if (input.timed && input.time !== op.column) this.lacks.push(lacking('window over another time'));
    return windowed(op, input);
  }

  /** Results of windows have the time already: it only gets a name. */
  private windowTime(op: OpOf<'windowTime'>, input: PlanNode): PlanNode {
    if (input.time !== undefined) this.lacks.push(lacking('window time of rows that are no results'));
    return windowTimed(op, input);
  }

  private union({ inputs: [first, ...others] }: OpOf<'union'>, at: string): PlanNode {
    const nodeOf = (name: string): PlanNode => materialised(this.at(name, at));
    return united([nodeOf(first as string), ...others.map(nodeOf)], at);
  }

  private aggregate(op: OpOf<'aggregate'>, input: PlanNode, at: string): PlanNode {
    const isComplete = this.context.mode === 'complete';
    input.columns.check(...op.keys);
    const windows = op.keys.filter((key) => input.columns.isWindow(key));
    if (input.isTable) this.lacks.push(lacking('complete mode of several aggregates'));
    if (windows.length > 1) this.lacks.push(lacking('window of a window'));
    if (windows.length === 0 && !isComplete) this.lacks.push(lacking('aggregate without a window in append mode'));
    return aggregated(op, input, windows[0], isComplete, at);
  }
}
