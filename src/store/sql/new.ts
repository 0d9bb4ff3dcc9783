import type { Sqlite } from '../../base/sqlite.ts';
import type { Entry } from '../entries.ts';
import type { Points } from '../point.ts';
import { countOf } from '../several.ts';
import type { Bulk } from './bulk.ts';
import { compared, type History } from './history.ts';
import type { Interner } from './intern.ts';
import type { Sealer } from './seal.ts';
import { highest, lowest, type Span } from './span.ts';

/**
 * Writes, inside the caller's transaction, those entries that their series has not: none of the same time has the same data.
 * One without a time is new. Returns the places of the others in the list.
 */
export function newWriter(db: Sqlite, { interned, entries: all, sealer, writeAll }: Parts & { writeAll: WriteAll }) {
  const addPoints = newPoints(db, { interned, entries: all, sealer });
  const addDocument = newDocuments(db, interned);
  return (bulk: Bulk): number[] => {
    if (countOf(bulk) === 0) return [];
    const { series, now } = bulk;
    const id = interned.series(bulk.kind, series);
    if (bulk.kind === 'ts/blob') return bulk.entries.flatMap((entry, at) => (addDocument(id, entry, now) ? [] : [at]));
    if (!areAllNew(all, id, bulk.points)) return addPoints(id, bulk.points, now);
    writeAll(bulk);
    return [];
  };
}

type Parts = { interned: Interner; entries: History; sealer: Sealer };
type WriteAll = (bulk: Bulk) => void;

/** Whether these are of different times, in order, where the series has nothing: none needs a look of its own then. */
function areAllNew({ rows, sealed }: History, series: number, { times }: Points): boolean {
  const isRising = times.every((time, at) => (at === 0 ? !Number.isNaN(time) : time > (times[at - 1] as number)));
  if (!isRising) return false;
  const span: Span = [series, times[0] as number, lowest, times.at(-1) as number, highest];
  return !sealed.has(span) && rows.edge(span, true, 0) === undefined;
}

function newPoints(db: Sqlite, { interned, entries, sealer }: Parts) {
  const add = db.prepare(
    `INSERT INTO entry (series, timestamp, seq, value, tag, spelling)
     SELECT @series, @timestamp, @seq, @value, @tag, @spelling
     WHERE @isNew OR NOT EXISTS (
       SELECT 1 FROM (SELECT value, tag, spelling FROM entry WHERE series = +@series AND timestamp = +@timestamp
                      ORDER BY seq DESC LIMIT ${compared}) AS had
       WHERE had.value = +@value AND had.tag IS +@tag AND had.spelling IS +@spelling)`,
  );
  return (series: number, { times, values, tags, names, spellings }: Points, now: number): number[] => {
    const known: number[] = [];
    for (const [at, time] of times.entries()) {
      const isNew = Number.isNaN(time);
      const named = names[(tags[at] as number) - 1];
      const tag = named === undefined ? null : interned.tag(named.name, named.text);
      const data = { value: values[at] as number, tag, spelling: spellings.get(at) ?? null };
      if (!isNew && entries.hasSealed(series, time, data)) known.push(at);
      else {
        const place = { series, timestamp: isNew ? now : time, seq: interned.nextSeq(), isNew: isNew ? 1 : 0 };
        if (add.run({ ...place, ...data }).changes > 0) sealer.note(series, 1);
        else known.push(at);
      }
    }
    return known;
  };
}

function newDocuments(db: Sqlite, interned: Interner) {
  const known = db
    .prepare<[number, number, string], number>(
      `SELECT 1 FROM (SELECT document.text FROM entry JOIN document USING (seq) WHERE series = +? AND timestamp = +?
                      ORDER BY seq DESC LIMIT ${compared}) AS had
       WHERE had.text = +?`,
    )
    .pluck();
  const entry = db.prepare('INSERT INTO entry (series, timestamp, seq) VALUES (?, ?, ?)');
  const document = db.prepare('INSERT INTO document (seq, text) VALUES (?, ?)');
  return (series: number, { timestamp, text }: Entry, now: number): boolean => {
    if (timestamp !== null && known.get(series, timestamp, text) !== undefined) return false;
    const seq = interned.nextSeq();
    entry.run(series, timestamp ?? now, seq);
    document.run(seq, text);
    return true;
  };
}
