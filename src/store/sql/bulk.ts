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

function pointsWriter(db: Sqlite, interned: Interner) {
  const insert = inserter(db, 'entry (series, timestamp, seq, value, tag, spelling)');
  return ({ series, seq }: Place, entries: readonly Entry[], now: number): void => {
    insert(entries, (row, { timestamp, point }, at) => {
      if (point === null) throw new Error('an entry of a numeric series has a number');
      const { value, tag, spelling } = point;
      row.push(
        series,
        timestamp ?? now,
        seq + at,
        value,
        tag === null ? null : interned.tag(tag.name, tag.text),
        spelling,
      );
    });
  };
}

function documentsWriter(db: Sqlite) {
  const insert = inserter(db, 'entry (series, timestamp, seq)');
  const insertText = inserter(db, 'document (seq, text)');
  return ({ series, seq }: Place, entries: readonly Entry[], now: number): void => {
    insert(entries, (row, { timestamp }, at) => void row.push(series, timestamp ?? now, seq + at));
    insertText(entries, (row, { text }, at) => void row.push(seq + at, text));
  };
}

/** Rows of one statement: a call costs more than a row, and beyond this the statement costs more than the calls. */
const rowsAtOnce = 100;
type Value = number | string | null;

/** @param into  a table and its columns */
function inserter(db: Sqlite, into: string) {
  const row = `(${into.split(',').fill('?').join()})`;
  const [many, one] = [rowsAtOnce, 1].map((rows) =>
    db.prepare<[Value[]]>(`INSERT INTO ${into} VALUES ${new Array(rows).fill(row).join()}`),
  );
  /** @param fill  appends the values of an entry's row */
  return (entries: readonly Entry[], fill: (row: Value[], entry: Entry, at: number) => void): void => {
    let values: Value[] = [];
    const whole = entries.length - (entries.length % rowsAtOnce);
    for (const [at, entry] of entries.entries()) {
      fill(values, entry, at);
      if (at < whole && (at + 1) % rowsAtOnce !== 0) continue;
      (at < whole ? many : one)?.run(values);
      values = [];
    }
  };
}
