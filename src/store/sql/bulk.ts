import type { Sqlite } from '../../base/sqlite.ts';
import type { Columns } from '../columns.ts';
import type { Entry } from '../entries.ts';
import type { Points } from '../point.ts';
import { countOf, type Several } from '../several.ts';
import type { Interner } from './intern.ts';
import type { Sealer } from './seal.ts';

/** Entries of one series, each with a number of its own in the order of insertion. */
export type Bulk = { series: string; now: number } & Several;

/** Writes many entries inside the caller's transaction, as one after the other would be written. */
export function bulkWriter(db: Sqlite, { interned, sealer }: Parts) {
  const points = pointsWriter(db, { interned, sealer });
  const documents = documentsWriter(db);
  return (bulk: Bulk): void => {
    const count = countOf(bulk);
    if (count === 0) return;
    const { kind, series, now } = bulk;
    const place = { series: interned.series(kind, series), seq: interned.nextSeq(count) };
    if (kind === 'ts') points(place, bulk.points, now);
    else documents(place, bulk.entries, now);
  };
}

type Parts = { interned: Interner; sealer: Sealer };
type Place = { series: number; seq: number };

/** A large batch in order of time is history already: it is sealed as it comes. */
function pointsWriter(db: Sqlite, { interned, sealer }: Parts) {
  const insert = inserter(db, 'entry (series, timestamp, seq, value, tag, spelling)');
  return (place: Place, points: Points, now: number): void => {
    const columns = columnsOf(place, points, { now, interned });
    if (sealer.takes(place.series, columns)) return;
    const { times, seqs, values, tags, spellings } = columns;
    insert(times.length, (row, at) => {
      row.push(place.series, times[at] as number, seqs[at] as number, values[at] as number);
      row.push(tags[at] === 0 ? null : (tags[at] as number), spellings.get(at) ?? null);
    });
    sealer.note(place.series, times.length);
  };
}

type With = { now: number; interned: Interner };

function columnsOf({ seq }: Place, points: Points, { now, interned }: With): Columns {
  const { values, names, spellings } = points;
  const ids = [0, ...names.map(({ name, text }) => interned.tag(name, text))];
  return {
    times: points.times.map((time) => (Number.isNaN(time) ? now : time)),
    seqs: new Float64Array(values.length).map((_, at) => seq + at),
    values,
    tags: Float64Array.from(points.tags, (place) => ids[place] as number),
    spellings,
  };
}

function documentsWriter(db: Sqlite) {
  const insert = inserter(db, 'entry (series, timestamp, seq)');
  const insertText = inserter(db, 'document (seq, text)');
  return ({ series, seq }: Place, entries: readonly Entry[], now: number): void => {
    const entry = (at: number): Entry => entries[at] as Entry;
    insert(entries.length, (row, at) => void row.push(series, entry(at).timestamp ?? now, seq + at));
    insertText(entries.length, (row, at) => void row.push(seq + at, entry(at).text));
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
  return (count: number, fill: (row: Value[], at: number) => void): void => {
    let values: Value[] = [];
    const whole = count - (count % rowsAtOnce);
    for (let at = 0; at < count; at++) {
      fill(values, at);
      if (at < whole && (at + 1) % rowsAtOnce !== 0) continue;
      (at < whole ? many : one)?.run(values);
      values = [];
    }
  };
}
