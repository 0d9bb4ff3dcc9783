/** What of a series is kept, and the removal of the rest: a few rows at a time, so that no writer waits for it. */
import type { Sqlite } from '../../base/sqlite.ts';
import type { EntryKey, Overflow, Retention, Trim } from '../engine.ts';
import type { Kind } from '../operations.ts';
import type { History } from './history.ts';
import type { Sealer } from './seal.ts';
import { highest, lowest } from './span.ts';

/** Rows of one step. A document may be a thousand times a point. */
const step: Record<Kind, number> = { ts: 500, 'ts/blob': 50 };

type Named = { kind: Kind; id: string };

export const retentions = (db: Sqlite): Retention[] =>
  db.prepare<[], Retention>('SELECT kind, name AS id, keepMs, maxBytes FROM retention ORDER BY kind, name').all();

/** Sets what is kept of a series; null and null: everything. */
export function retainer(db: Sqlite) {
  const set = db.prepare('INSERT OR REPLACE INTO retention (kind, name, keepMs, maxBytes) VALUES (?, ?, ?, ?)');
  const forget = db.prepare('DELETE FROM retention WHERE kind = +? AND name = +?');
  return ({ kind, id, keepMs, maxBytes }: Retention): void => {
    if (keepMs === null && maxBytes === null) forget.run(kind, id);
    else set.run(kind, id, keepMs, maxBytes);
  };
}

const idOf = (db: Sqlite) =>
  db.prepare<[string, string], number>('SELECT id FROM series WHERE kind = +? AND name = +?').pluck();

type Parts = { entries: History; sealer: Sealer };

/** Removes the oldest entries up to a key, a step of them or a block. Returns how many; 0: none is left. */
export function trimmer(db: Sqlite, { entries: all, sealer }: Parts) {
  const find = idOf(db);
  const oldest = `SELECT series, timestamp, seq FROM entry
    WHERE series = +@series AND (timestamp, seq) <= (@time, @seq) ORDER BY timestamp, seq LIMIT +@step`;
  const documents = db.prepare(`DELETE FROM document WHERE seq IN (SELECT seq FROM (${oldest}))`);
  const entries = db.prepare(`DELETE FROM entry WHERE (series, timestamp, seq) IN (${oldest})`);
  return ({ kind, id, until: [time, seq] }: Omit<Trim, 'do'>): number => {
    const series = find.get(kind, id) ?? -1;
    const [block] = all.sealed.along([series, lowest, lowest, time, seq], true);
    if (block)
      return sealer.erase([series, lowest, lowest, ...earlier([time, seq], [block.toTime, block.toSeq])], everything);
    const parameters = { series, time, seq, step: step[kind] };
    if (kind === 'ts/blob') documents.run(parameters);
    return entries.run(parameters).changes;
  };
}

const everything = { filter: null };
const earlier = (a: EntryKey, b: EntryKey): EntryKey => (a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]) ? a : b);

/** Entries that one look goes through. */
const looked = 5_000;

/** Bytes of an entry, about: what it takes in the file with the key and the row around it. */
const size: Record<Kind, string> = {
  ts: 'SELECT timestamp, seq, 32 + coalesce(octet_length(spelling), 0) AS bytes FROM entry',
  'ts/blob': 'SELECT timestamp, seq, 64 + octet_length(document.text) AS bytes FROM entry JOIN document USING (seq)',
};

/** Goes from the newest entry back, part by part, to where the bytes that are kept end. A block is kept whole, or goes. */
export function measurer(db: Sqlite, { sealed }: History) {
  const find = idOf(db);
  const tail = `WHERE series = +@series AND (timestamp, seq) < (@time, @seq) AND (timestamp, seq) > (@fromTime, @fromSeq)
    ORDER BY timestamp DESC, seq DESC LIMIT ${looked}`;
  type Row = { timestamp: number; seq: number; bytes: number };
  const statements = {
    ts: db.prepare<object, Row>(`${size.ts} ${tail}`),
    'ts/blob': db.prepare<object, Row>(`${size['ts/blob']} ${tail}`),
  };
  return ({ kind, id }: Named, maxBytes: number, from?: { at: EntryKey; bytes: number }): Overflow => {
    const series = find.get(kind, id) ?? -1;
    const [time, seq] = from?.at ?? [highest, highest];
    const block = sealed.newestBefore(series, [time, seq]);
    const { toTime: fromTime, toSeq: fromSeq } = block ?? { toTime: lowest, toSeq: lowest };
    let bytes = from?.bytes ?? 0;
    const rows = statements[kind].all({ series, time, seq, fromTime, fromSeq });
    for (const row of rows) {
      bytes += row.bytes;
      if (bytes > maxBytes) return { until: [row.timestamp, row.seq] };
    }
    const last = rows.at(-1);
    if (last && rows.length === looked) return { next: { at: [last.timestamp, last.seq], bytes } };
    if (!block) return {};
    bytes += block.bytes;
    if (bytes > maxBytes) return { until: [block.toTime, block.toSeq] };
    return { next: { at: [block.fromTime, block.fromSeq], bytes } };
  };
}
