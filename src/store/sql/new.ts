import type { Sqlite } from '../../base/sqlite.ts';
import type { Bulk } from './bulk.ts';
import { compared, type History } from './history.ts';
import type { Interner } from './intern.ts';
import type { Sealer } from './seal.ts';

/**
 * Writes, inside the caller's transaction, those entries that their series has not: none of the same time has the same data.
 * One without a time is new. Returns the places of the others in the list.
 */
export function newWriter(db: Sqlite, { interned, entries: all, sealer }: Parts) {
  const points = newPoints(db, { interned, entries: all, sealer });
  const documents = newDocuments(db, interned);
  return ({ kind, series, entries, now }: Bulk): number[] => {
    if (entries.length === 0) return [];
    const write = kind === 'ts' ? points : documents;
    const id = interned.series(kind, series);
    return entries.flatMap((entry, at) => (write(id, entry, now) ? [] : [at]));
  };
}

type Parts = { interned: Interner; entries: History; sealer: Sealer };
type Write = (series: number, entry: Bulk['entries'][number], now: number) => boolean;

function newPoints(db: Sqlite, { interned, entries, sealer }: Parts): Write {
  const add = db.prepare(
    `INSERT INTO entry (series, timestamp, seq, value, tag, spelling)
     SELECT @series, @timestamp, @seq, @value, @tag, @spelling
     WHERE @isNew OR NOT EXISTS (
       SELECT 1 FROM (SELECT value, tag, spelling FROM entry WHERE series = @series AND timestamp = @timestamp
                      ORDER BY seq DESC LIMIT ${compared}) AS had
       WHERE had.value = @value AND had.tag IS @tag AND had.spelling IS @spelling)`,
  );
  return (series, { timestamp, point }, now) => {
    if (point === null) throw new Error('an entry of a numeric series has a number');
    const { value, tag, spelling } = point;
    const tagId = tag === null ? null : interned.tag(tag.name, tag.text);
    if (timestamp !== null && entries.hasSealed(series, timestamp, { value, tag: tagId, spelling })) return false;
    const place = { series, timestamp: timestamp ?? now, seq: interned.nextSeq(), isNew: timestamp === null ? 1 : 0 };
    const isAdded = add.run({ ...place, value, tag: tagId, spelling }).changes > 0;
    if (isAdded) sealer.note(series, 1);
    return isAdded;
  };
}

function newDocuments(db: Sqlite, interned: Interner): Write {
  const known = db
    .prepare<[number, number, string], number>(
      `SELECT 1 FROM (SELECT document.text FROM entry JOIN document USING (seq) WHERE series = ? AND timestamp = ?
                      ORDER BY seq DESC LIMIT ${compared}) AS had
       WHERE had.text = ?`,
    )
    .pluck();
  const entry = db.prepare('INSERT INTO entry (series, timestamp, seq) VALUES (?, ?, ?)');
  const document = db.prepare('INSERT INTO document (seq, text) VALUES (?, ?)');
  return (series, { timestamp, text }, now) => {
    if (timestamp !== null && known.get(series, timestamp, text) !== undefined) return false;
    const seq = interned.nextSeq();
    entry.run(series, timestamp ?? now, seq);
    document.run(seq, text);
    return true;
  };
}
