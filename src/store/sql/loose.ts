/** The entries of series that lie in rows of their own. */
import type { Sqlite } from '../../base/sqlite.ts';
import type { EntryKey } from '../engine.ts';
import type { Selection } from '../operations.ts';
import { inSpan, keysOf, type Span } from './span.ts';
import { tagMatches, tagParameters } from './tags.ts';

/** An entry as it is read; of a document only `data`. */
export type Row = {
  timestamp: number;
  seq: number;
  value: number | null;
  name: string | null;
  text: string | null;
  /** Its text, where that is not the usual one. */
  data: string | null;
};

/** Some entries of a span, in whatever order. Good until the next is asked for. */
export type Chunk = { times: Float64Array; values: Float64Array };

type Order = 'ASC' | 'DESC';
const orderOf = (forward: boolean): Order => (forward ? 'ASC' : 'DESC');
const both = <T>(prepare: (order: Order) => T): Record<Order, T> => ({ ASC: prepare('ASC'), DESC: prepare('DESC') });
const along = (order: Order): string => `ORDER BY entry.timestamp ${order}, entry.seq ${order}`;
const valuesAtOnce = 4_096;
const unfiltered = { filter: null };

export type Loose = ReturnType<typeof loose>;

export function loose(db: Sqlite) {
  const edges = both((order) =>
    db
      .prepare<object, EntryKey>(`SELECT timestamp, seq FROM entry WHERE ${inSpan} ${along(order)} LIMIT 1 OFFSET +@n`)
      .raw(),
  );
  const rows = both((order) =>
    db.prepare<object, Row>(
      `SELECT timestamp, seq, value, tag.name, tag.text, spelling AS data
       FROM entry LEFT JOIN tag ON tag.id = entry.tag WHERE ${inSpan} AND ${tagMatches} ${along(order)}`,
    ),
  );
  const count = db.prepare<object, number>(`SELECT count(*) FROM entry WHERE ${inSpan}`).pluck();
  const numbers = db
    .prepare<object, [number, number]>(`SELECT timestamp, value FROM entry WHERE ${inSpan} AND ${tagMatches}`)
    .raw();
  type Chosen = Pick<Selection, 'filter'>;
  return {
    /** The key of the row that has `n` others of the span before it, in reading order; undefined: there are fewer. */
    edge: (span: Span, forward: boolean, n: number) => edges[orderOf(forward)].get({ ...keysOf(span), n }),
    count: (span: Span): number => count.get(keysOf(span)) ?? 0,
    iterate: (span: Span, forward: boolean, chosen: Chosen = unfiltered): Iterable<Row> =>
      rows[orderOf(forward)].iterate({ ...keysOf(span), ...tagParameters(chosen) }),
    chunks: (span: Span, chosen: Chosen): Iterable<Chunk> =>
      chunked(numbers.iterate({ ...keysOf(span), ...tagParameters(chosen) })),
  };
}

function* chunked(rows: Iterable<[number, number]>): Generator<Chunk> {
  const [times, values] = [new Float64Array(valuesAtOnce), new Float64Array(valuesAtOnce)];
  let size = 0;
  for (const [time, value] of rows) {
    times[size] = time;
    values[size] = value;
    if (++size < valuesAtOnce) continue;
    yield { times, values };
    size = 0;
  }
  if (size > 0) yield { times: times.subarray(0, size), values: values.subarray(0, size) };
}
