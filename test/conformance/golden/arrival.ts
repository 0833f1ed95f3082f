import type { Row } from '../query/columns';
import { orderNullsLast } from '../query/compare';
import { malformed } from '../shape';

/** The rows of one stream, and the column that says when they come. */
export interface Arriving {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly arrival: string | undefined;
}

/** Says the rows of all streams in the order of their arrival; on equal values the stream named first. */
export function deliver(streams: readonly Arriving[], say: (name: string, row: Row) => void): void {
  const [first] = streams;
  if (first !== undefined && streams.length === 1) return first.rows.forEach((row) => say(first.name, row));
  const next = streams.map(() => 0);
  for (;;) {
    let best: number | undefined;
    streams.forEach((stream, i) => {
      if (
        next[i]! < stream.rows.length &&
        (best === undefined || orderNullsLast(valueOf(stream, next[i]!), valueOf(streams[best]!, next[best]!), 'asc') < 0)
      )
        best = i;
    });
    if (best === undefined) return;
    say(streams[best]!.name, streams[best]!.rows[next[best]!++]!);
  }
}

function valueOf({ name, rows, arrival }: Arriving, i: number): unknown {
  return arrival === undefined
    ? malformed(`streams.${name}`, 'with several streams each needs an arrival column')
    : rows[i]![arrival];
}
