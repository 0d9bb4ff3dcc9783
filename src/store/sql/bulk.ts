import type { Sqlite } from '../../base/sqlite.ts';
import type { Entry } from '../entries.ts';
import type { Batch } from '../operations.ts';
import type { Point } from '../point.ts';
import type { Columns } from '../columns.ts';
import type { Interner } from './intern.ts';
import type { Sealer } from './seal.ts';

/** Entries of one series, each with a number of its own in the order of insertion. */
export type Bulk = Pick<Batch, 'kind' | 'series'> & { entries: readonly Entry[]; now: number };

/** Writes many entries inside the caller's transaction, as one after the other would be written. */
export function bulkWriter(db: Sqlite, { interned, sealer }: Parts) {
  const points = pointsWriter(db, { interned, sealer });
  const documents = documentsWriter(db);
  return ({ kind, series, entries, now }: Bulk): void => {
    if (entries.length === 0) return;
    const place = { series: interned.series(kind, series), seq: interned.nextSeq(entries.length) };
    if (kind === 'ts') points(place, entries, now);
    else documents(place, entries, now);
  };
}

type Parts = { interned: Interner; sealer: Sealer };
type Place = { series: number; seq: number };

/** A large batch in order of time is history already: it is sealed as it comes. */
function pointsWriter(db: Sqlite, { interned, sealer }: Parts) {
  const insert = inserter(db, 'entry (series, timestamp, seq, value, tag, spelling)');
  return (place: Place, entries: readonly Entry[], now: number): void => {
    const columns = columnsOf(place, entries, { now, interned });
    if (sealer.takes(place.series, columns)) return;
    const { times, seqs, values, tags, spellings } = columns;
    insert(entries, (row, _entry, at) => {
      row.push(place.series, times[at] as number, seqs[at] as number, values[at] as number);
      row.push(tags[at] === 0 ? null : (tags[at] as number), spellings.get(at) ?? null);
    });
    sealer.note(place.series, entries.length);
  };
}

type With = { now: number; interned: Interner };

function columnsOf({ seq }: Place, entries: readonly Entry[], { now, interned }: With): Columns {
  const [times, seqs, values, tags] = [0, 1, 2, 3].map(() => new Float64Array(entries.length)) as [Float64Array, Float64Array, Float64Array, Float64Array]; // prettier-ignore
  const spellings = new Map<number, string>();
  let last: Point['tag'] = null;
  let lastId = 0;
  for (const [at, { timestamp, point }] of entries.entries()) {
    if (point === null) throw new Error('an entry of a numeric series has a number');
    const { value, tag, spelling } = point;
    times[at] = timestamp ?? now;
    seqs[at] = seq + at;
    values[at] = value;
    // Mostly that of the entry before.
    if (tag && (tag.name !== last?.name || tag.text !== last.text)) lastId = interned.tag(tag.name, tag.text);
    last = tag ?? last;
    tags[at] = tag ? lastId : 0;
    if (spelling !== null) spellings.set(at, spelling);
  }
  return { times, seqs, values, tags, spellings };
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
