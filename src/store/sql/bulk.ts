import type { Sqlite } from '../../base/sqlite.ts';
import type { Entry } from '../entries.ts';
import type { Batch } from '../operations.ts';
import type { Interner } from './intern.ts';

/** Entries of one series, each with a number of its own in the order of insertion. */
export type Bulk = Pick<Batch, 'kind' | 'series'> & { entries: readonly Entry[]; now: number };

/** Writes many entries inside the caller's transaction, as one after the other would be written. */
export function bulkWriter(db: Sqlite, interned: Interner) {
  const points = pointsWriter(db, interned);
  const documents = documentsWriter(db);
  return ({ kind, series, entries, now }: Bulk): void => {
    if (entries.length === 0) return;
    const place = { series: interned.series(kind, series), seq: interned.nextSeq(entries.length) };
    if (kind === 'ts') points(place, entries, now);
    else documents(place, entries, now);
  };
}

type Place = { series: number; seq: number };

/**
 * Points that need no spelling go in as one JSON object, a member for each: `"<time> <tag>":<value>`. That is faster than a
 * statement for each; names may repeat, and `rowid` counts the members as they come. SQLite reads a number as
 * it was meant here because JavaScript printed it: in the fewest digits that mean it.
 */
function pointsWriter(db: Sqlite, interned: Interner) {
  const all = db.prepare(
    `INSERT INTO entry (series, timestamp, seq, value, tag)
     SELECT @series, CAST(key AS INTEGER), @seq + rowid, value, nullif(CAST(substr(key, instr(key, ' ')) AS INTEGER), 0)
     FROM json_each(@points)`,
  );
  const spelled = db.prepare('UPDATE entry SET spelling = ? WHERE series = ? AND timestamp = ? AND seq = ?');
  return ({ series, seq }: Place, entries: readonly Entry[], now: number): void => {
    let points = '';
    for (const { timestamp, point } of entries) {
      if (point === null) throw new Error('an entry of a numeric series has a number');
      const { value, tag } = point;
      const tagId = tag === null ? 0 : interned.tag(tag.name, tag.text);
      points += `${points === '' ? '{' : ','}"${timestamp ?? now} ${tagId}":${Object.is(value, -0) ? '-0.0' : value}`;
    }
    all.run({ series, seq, points: `${points}}` });
    for (const [at, { timestamp, point }] of entries.entries()) {
      if (point !== null && point.spelling !== null) spelled.run(point.spelling, series, timestamp ?? now, seq + at);
    }
  };
}

function documentsWriter(db: Sqlite) {
  const entry = db.prepare('INSERT INTO entry (series, timestamp, seq) VALUES (?, ?, ?)');
  const document = db.prepare('INSERT INTO document (seq, text) VALUES (?, ?)');
  return ({ series, seq }: Place, entries: readonly Entry[], now: number): void => {
    for (const [at, { timestamp, text }] of entries.entries()) {
      entry.run(series, timestamp ?? now, seq + at);
      document.run(seq + at, text);
    }
  };
}
