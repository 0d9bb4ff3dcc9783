import type { Sqlite } from '../../base/sqlite.ts';
import type { Aggregate, Read } from '../operations.ts';
import { expressions, numberOrNone } from './aggregate.ts';
import type { Page } from './page.ts';
import { entriesOfSpans, tagMatches, tagParameters, type Span } from './spans.ts';

/** Rows of one series that a part is made of; a bucket that holds more comes whole. */
const rowsPerPart = 5_000;

type Buckets = Extract<Read, { do: 'buckets' }>;
type Row = { start: number; result: number | null };

const lowest = Number.MIN_SAFE_INTEGER;
const highest = Number.MAX_SAFE_INTEGER;

/** A bucket starts at a multiple of its length since the Unix epoch, also before it; the first of all with time itself. */
const startOf = `max(${lowest}, entry.timestamp - ((entry.timestamp % @every) + @every) % @every)`;
const floor = (time: number, every: number): number => time - (((time % every) + every) % every);

/** One aggregate for each bucket that has entries, in parts: neither a million buckets nor one bucket fills memory. */
export function bucketer(db: Sqlite, rows = rowsPerPart) {
  const statements = { ASC: bucketStatements(db, 'ASC'), DESC: bucketStatements(db, 'DESC') };
  const edges = { ASC: edgeStatement(db, 'ASC'), DESC: edgeStatement(db, 'DESC') };
  return ({ selection, by, everyMs }: Buckets, spans: Span[]): Page => {
    const order = selection.pick.by === 'first' ? 'ASC' : 'DESC';
    const reach = spans.map((span) => edges[order].get({ ...keysOf(span), rows }));
    const { now, later } = cut(spans, reach, { forward: order === 'ASC', everyMs });
    const parameters = { spans: JSON.stringify(now), every: BigInt(everyMs), ...tagParameters(selection) };
    const found = statements[order].get(by)?.all(parameters) ?? [];
    return { entries: found.flatMap(bucketText), next: later.length === 0 ? null : later };
  };
}

type Cut = { now: Span[]; later: Span[] };

/**
 * Divides spans at the border of a bucket, such that none has many more rows on the near side than belong to a part.
 * @param reach  time of each span's row at which a part is full; undefined where the span is shorter
 */
function cut(spans: Span[], reach: (number | undefined)[], o: { forward: boolean; everyMs: number }): Cut {
  const full = reach.filter((time) => time !== undefined).map((time) => floor(time, o.everyMs));
  if (full.length === 0) return { now: spans, later: [] };
  // The bucket that holds the nearest of these rows is the last one of this part.
  const last = o.forward ? Math.min(...full) : Math.max(...full);
  const border = o.forward ? last + o.everyMs : last;
  const [before, after] = [spans.flatMap(until(border)), spans.flatMap(from(border))];
  return o.forward ? { now: before, later: after } : { now: after, later: before };
}

/** What of a span lies before a time. */
const until =
  (border: number) =>
  (span: Span): Span[] => {
    const [series, fromTime, fromSeq, toTime] = span;
    if (toTime < border) return [span];
    return fromTime < border ? [[series, fromTime, fromSeq, border - 1, highest]] : [];
  };

/** What of a span lies at a time or after it. */
const from =
  (border: number) =>
  (span: Span): Span[] => {
    const [series, fromTime, , toTime, toSeq] = span;
    if (fromTime >= border) return [span];
    return toTime >= border ? [[series, border, lowest, toTime, toSeq]] : [];
  };

const keysOf = ([series, fromTime, fromSeq, toTime, toSeq]: Span) => ({ series, fromTime, fromSeq, toTime, toSeq });

function edgeStatement(db: Sqlite, order: 'ASC' | 'DESC') {
  return db
    .prepare<object, number>(
      `SELECT timestamp FROM entry WHERE series = @series AND (timestamp, seq) >= (@fromTime, @fromSeq)
       AND (timestamp, seq) <= (@toTime, @toSeq) ORDER BY timestamp ${order}, seq ${order}
       LIMIT 1 OFFSET @rows`,
    )
    .pluck();
}

function bucketStatements(db: Sqlite, order: 'ASC' | 'DESC') {
  const where = `FROM ${entriesOfSpans} WHERE ${tagMatches}`;
  const end = `GROUP BY start ORDER BY start ${order}`;
  const plain = Object.entries(expressions).map(
    ([name, sql]) => [name as Aggregate, `SELECT ${startOf} AS start, ${sql} AS result ${where} ${end}`] as const,
  );
  const sd = `
    WITH mean (start, of) AS MATERIALIZED (SELECT ${startOf} AS start, avg(entry.value) ${where} GROUP BY start)
    SELECT mean.start, sqrt(sum((entry.value - mean.of) * (entry.value - mean.of)) / (count(*) - 1)) AS result
    FROM ${entriesOfSpans} CROSS JOIN mean ON mean.start = ${startOf} WHERE ${tagMatches} GROUP BY mean.start ORDER BY mean.start ${order}`;
  return new Map([...plain, ['sd', sd] as const].map(([name, sql]) => [name, db.prepare<object, Row>(sql)]));
}

const bucketText = ({ start, result }: Row): string[] => {
  const value = numberOrNone(result);
  return value === null ? [] : [`{"timestamp":${start},"data":{"value":${value}}}`];
};
