import type { Sqlite } from '../../base/sqlite.ts';
import type { Selection } from '../operations.ts';

/** A stretch of one series between two keys (time, insertion), both included. Reads and deletes are lists of these. */
export type Span = [series: number, fromTime: number, fromSeq: number, toTime: number, toSeq: number];

const lowest = Number.MIN_SAFE_INTEGER;
const highest = Number.MAX_SAFE_INTEGER;

/**
 * Joins `entry` to the spans in a JSON parameter. CROSS keeps SQLite from turning the loops round; MATERIALIZED has it read the
 * JSON once, not again for each entry to see whether the span has ended: five times faster for a hundred thousand.
 */
export const entriesOfSpans = `
  (WITH given (series, fromTime, fromSeq, toTime, toSeq) AS MATERIALIZED
    (SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(@spans))
    SELECT * FROM given) AS span
  CROSS JOIN entry ON entry.series = span.series
    AND (entry.timestamp, entry.seq) >= (span.fromTime, span.fromSeq)
    AND (entry.timestamp, entry.seq) <= (span.toTime, span.toSeq)`;

/** Condition on `entry.tag` for the parameters @tag (a name or null), @equals and @contains (one of them null). */
export const tagMatches = `
  (@tag IS NULL OR entry.tag IN
    (SELECT id FROM tag WHERE name = @tag AND (text = @equals OR (@contains IS NOT NULL AND instr(text, @contains) > 0))))`;

export const tagParameters = ({ filter }: Selection) => ({
  tag: filter ? filter.name : null,
  equals: filter?.is === 'equals' ? filter.text : null,
  contains: filter?.is === 'contains' ? filter.text : null,
});

/** Turns what a selection picks, in each series on its own, into spans; a series that nobody wrote has none. */
export function spanFinder(db: Sqlite): (selection: Selection) => Span[] {
  const idOf = db.prepare<[string, string], number>('SELECT id FROM series WHERE kind = ? AND name = ?').pluck();
  const edge = (order: 'ASC' | 'DESC') =>
    db
      .prepare<[number, number], [number, number]>(
        `SELECT timestamp, seq FROM entry WHERE series = ? ORDER BY timestamp ${order}, seq ${order} LIMIT 1 OFFSET ?`,
      )
      .raw();
  const fromEnd = edge('DESC');
  const fromStart = edge('ASC');
  const spanOf = (series: number, pick: Selection['pick']): Span | undefined => {
    if (pick.by === 'range') {
      return pick.from > pick.to ? undefined : [series, pick.from, lowest, pick.to, highest];
    }
    if (pick.n === 0) return undefined;
    // Fewer than n entries: all of them.
    if (pick.by === 'last') return [series, ...(fromEnd.get(series, pick.n - 1) ?? [lowest, lowest]), highest, highest];
    return [series, lowest, lowest, ...(fromStart.get(series, pick.n - 1) ?? [highest, highest])];
  };
  return ({ kind, series, pick }) =>
    series.flatMap((name) => {
      const id = idOf.get(kind, name);
      const span = id === undefined ? undefined : spanOf(id, pick);
      return span ? [span] : [];
    });
}
