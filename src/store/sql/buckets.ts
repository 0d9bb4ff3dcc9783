import type { Sqlite } from '../../base/sqlite.ts';
import type { Aggregate, Read } from '../operations.ts';
import { expressions, numberOrNone } from './aggregate.ts';
import type { Page } from './page.ts';
import { accumulators, type Accumulator } from '../accumulate.ts';
import type { History } from './history.ts';
import { highest, lowest, type Span } from './span.ts';
import { entriesOfSpans } from './spans.ts';
import { tagMatches, tagParameters } from './tags.ts';

/** Rows of one series that a part is made of; a bucket that holds more comes whole. */
const rowsPerPart = 5_000;

type Buckets = Extract<Read, { do: 'buckets' }>;
type Row = { start: number; result: number | null };

/** A bucket starts at a multiple of its length since the Unix epoch, also before it; the first of all with time itself. */
const startOf = `max(${lowest}, entry.timestamp - ((entry.timestamp % @every) + @every) % @every)`;
const floor = (time: number, every: number): number => Math.max(lowest, time - (((time % every) + every) % every));

/** One aggregate for each bucket that has entries, in parts: neither a million buckets nor one bucket fills memory. */
export function bucketer(db: Sqlite, entries: History, rows = rowsPerPart) {
  const statements = { ASC: bucketStatements(db, 'ASC'), DESC: bucketStatements(db, 'DESC') };
  return ({ selection, by, everyMs }: Buckets, spans: Span[]): Page => {
    const order = selection.pick.by === 'first' ? 'ASC' : 'DESC';
    const reach = spans.map((span) => entries.nth(span, order === 'ASC', rows)?.[0]);
    const { now, later } = cut(spans, reach, { forward: order === 'ASC', everyMs });
    const parameters = { spans: JSON.stringify(now), every: BigInt(everyMs), ...tagParameters(selection) };
    const found = entries.isSealed(now)
      ? accumulated({ selection, by, everyMs }, now, { entries, order })
      : (statements[order].get(by)?.all(parameters) ?? []);
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

type Order = 'ASC' | 'DESC';
type Asked = Pick<Buckets, 'selection' | 'by' | 'everyMs'>;

function accumulated({ selection, by, everyMs }: Asked, spans: Span[], o: { entries: History; order: Order }): Row[] {
  const buckets = new Map<number, Accumulator>();
  for (const span of spans) {
    for (const { times, values } of o.entries.chunks(span, selection)) {
      // Neighbours mostly fall into one bucket.
      for (let at = 0, next = 0; at < times.length; at = next) {
        const start = floor(times[at] as number, everyMs);
        while (next < times.length && floor(times[next] as number, everyMs) === start) next++;
        const bucket = buckets.get(start) ?? accumulators[by]();
        bucket.add(values, at, next);
        buckets.set(start, bucket);
      }
    }
  }
  const rows = [...buckets].map(([start, bucket]) => ({ start, result: bucket.result() }));
  return rows.sort((a, b) => (o.order === 'ASC' ? a.start - b.start : b.start - a.start));
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
