import type { CheckpointLocation } from '../checkpoint/backend';
import { checkOption } from '../errors';
import { streamingQuery, type QueryBuilder } from './index';
import type { QueryOptions } from './settings';
import type { StreamingQuery } from './streamingQuery';

/** What the queries of a session have in common. What a query says itself comes first. */
export interface QuerySessionOptions extends Omit<QueryOptions, 'name' | 'checkpoint'> {
  /** Where the query of this name keeps its checkpoint, if it does not say so itself: a place of its own for each name. */
  readonly checkpoints?: (name: string) => CheckpointLocation;
}

/** Makes queries with common options, and knows those that are active. */
export interface QuerySession {
  readonly streamingQuery: typeof streamingQuery;
  /** The queries of this session that are active, in the order in which they were made. */
  readonly active: readonly StreamingQuery[];
}

/**
 * Common options for several queries, among them a default place for their checkpoints: Spark's
 * `spark.sql.streaming.checkpointLocation`. A query that takes its place from here needs a `name`: it is what finds the
 * checkpoint again after a restart.
 *
 * @param options - `checkpoints`, and any option of `writeStream` but `name` and `checkpoint`
 * @returns `streamingQuery` as it is known, with these defaults, and `active`
 * @throws `TIDEMARK_OPTION` at `writeStream`: a query without a name, or two of them at one place
 * @example
 * ```ts
 * const places: string[] = [];
 * const session = querySession({
 *   checkpoints: (name) => memoryCheckpoint(`checkpoints/${name}`), // in Node: fileCheckpoint
 *   onAdvice: () => {},
 * });
 * const query = session.streamingQuery(memorySource([{ n: 1 }]), (rows$) => rows$).writeStream({ sink: memorySink(), name: 'silver' });
 * await query.start();
 * session.active.map(({ name }) => name); // => ['silver']
 * await query.stop();
 * session.active.length; // => 0
 * ```
 */
export function querySession({ checkpoints, ...defaults }: QuerySessionOptions = {}): QuerySession {
  const queries: StreamingQuery[] = [];
  const owners = new Map<string, string>();
  const placeOf = ({ name, checkpoint }: QueryOptions): QueryOptions => {
    if (checkpoint !== undefined || checkpoints === undefined) return {};
    checkOption(name !== undefined, 'a query of a session needs a name: its checkpoint is found by it');
    const place = checkpoints(name);
    const owner = owners.get(place.location);
    const details = { location: place.location, queries: [owner, name] };
    checkOption(owner === undefined || owner === name, 'checkpoints(name) gives each query a place of its own', details);
    owners.set(place.location, name);
    return { checkpoint: place };
  };
  const make = (...input: Parameters<typeof streamingQuery>): QueryBuilder<never> => {
    const builder = streamingQuery(...input) as QueryBuilder<never>;
    return {
      writeStream: (options) => {
        const query = builder.writeStream({
          ...defaults,
          ...placeOf(options as QueryOptions),
          ...(options as QueryOptions),
        } as never);
        queries.push(query);
        return query;
      },
    };
  };
  return {
    streamingQuery: make as unknown as typeof streamingQuery,
    get active() {
      return queries.filter(({ isActive }) => isActive);
    },
  };
}
