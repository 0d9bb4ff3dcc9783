/** A stretch of one series between two keys (time, insertion), both included. Reads and deletes are lists of these. */
export type Span = [series: number, fromTime: number, fromSeq: number, toTime: number, toSeq: number];

export const lowest = Number.MIN_SAFE_INTEGER;
export const highest = Number.MAX_SAFE_INTEGER;

export const wholeOf = (series: number): Span => [series, lowest, lowest, highest, highest];

/** As parameters of a statement. */
export const keysOf = ([series, fromTime, fromSeq, toTime, toSeq]: Span) => ({
  series,
  fromTime,
  fromSeq,
  toTime,
  toSeq,
});

/** The rows of `entry` in a span, for these parameters. */
export const inSpan = `entry.series = +@series AND (entry.timestamp, entry.seq) >= (@fromTime, @fromSeq)
  AND (entry.timestamp, entry.seq) <= (@toTime, @toSeq)`;
