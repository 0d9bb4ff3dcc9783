import type { Sqlite } from '../../base/sqlite.ts';
import type { Aggregate, Selection } from '../operations.ts';
import { accumulators } from '../accumulate.ts';
import type { History } from './history.ts';
import type { Span } from './span.ts';
import { entriesOfSpans } from './spans.ts';
import { tagMatches, tagParameters } from './tags.ts';

/** SQL of each aggregate; `sum` compensates rounding, `median` is the mean of the two middle values of an even count. */
export const expressions: Record<Exclude<Aggregate, 'sd'>, string> = {
  sum: 'sum(entry.value)',
  count: 'count(*)',
  min: 'min(entry.value)',
  max: 'max(entry.value)',
  mean: 'avg(entry.value)',
  median: 'median(entry.value)',
};

/**
 * One number of the selected entries. `null` where there is none: of nothing (but the count of nothing is 0), the
 * standard deviation of a single entry (its divisor is n − 1), a sum beyond the doubles.
 */
export function aggregator(db: Sqlite, entries: History) {
  const where = `FROM ${entriesOfSpans} WHERE ${tagMatches}`;
  const prepare = (sql: string) => db.prepare<object, number | null>(sql).pluck();
  const plain = new Map(
    Object.entries(expressions).map(([name, sql]) => [name as Aggregate, prepare(`SELECT ${sql} ${where}`)]),
  );
  // Squared distances from the mean, in a second pass: sums of squares would lose everything when the mean is large.
  const sd = prepare(
    `WITH mean (of) AS MATERIALIZED (SELECT avg(entry.value) ${where})
     SELECT sqrt(sum((entry.value - mean.of) * (entry.value - mean.of)) / (count(*) - 1)) FROM mean CROSS JOIN ${entriesOfSpans} WHERE ${tagMatches}`,
  );
  return (by: Aggregate, selection: Selection, spans: Span[]): number | null => {
    if (entries.isSealed(spans)) return numberOrNone(accumulated(by, selection, { entries, spans }));
    // A statement for each: which one is looked up, nothing is glued.
    const statement = by === 'sd' ? sd : plain.get(by);
    const result = statement?.get({ spans: JSON.stringify(spans), ...tagParameters(selection) }) ?? null;
    return numberOrNone(result);
  };
}

type From = { entries: History; spans: readonly Span[] };

function accumulated(by: Aggregate, selection: Selection, { entries, spans }: From): number | null {
  const found = accumulators[by]();
  for (const span of spans) {
    for (const { values } of entries.chunks(span, selection)) found.add(values, 0, values.length);
  }
  return found.result();
}

/** SQL's answer as a JSON number: no minus zero, and nothing beyond the doubles. */
export const numberOrNone = (result: number | null): number | null =>
  result !== null && Number.isFinite(result) ? result + 0 : null;
