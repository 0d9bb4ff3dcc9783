import type { Sqlite } from '../../base/sqlite.ts';
import type { Selection } from '../operations.ts';
import type { History } from './history.ts';
import { highest, lowest, type Span, wholeOf } from './span.ts';

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

/** Turns what a selection picks, in each series on its own, into spans; a series that nobody wrote has none. */
export function spanFinder(db: Sqlite, entries: History): (selection: Selection) => Span[] {
  const idOf = db.prepare<[string, string], number>('SELECT id FROM series WHERE kind = +? AND name = +?').pluck();
  const spanOf = (series: number, pick: Selection['pick']): Span | undefined => {
    if (pick.by === 'range') {
      return pick.from > pick.to ? undefined : [series, pick.from, lowest, pick.to, highest];
    }
    if (pick.n === 0) return undefined;
    const edge = entries.nth(wholeOf(series), pick.by === 'first', pick.n - 1);
    // Fewer than n entries: all of them.
    if (!edge) return wholeOf(series);
    return pick.by === 'last' ? [series, ...edge, highest, highest] : [series, lowest, lowest, ...edge];
  };
  return ({ kind, series, pick }) =>
    series.flatMap((name) => {
      const id = idOf.get(kind, name);
      const span = id === undefined ? undefined : spanOf(id, pick);
      return span ? [span] : [];
    });
}
