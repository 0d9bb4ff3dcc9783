/** Small answers, in work that has a bound whatever lies in the store; what may take more is for the readers. */
import type { Sqlite } from '../../base/sqlite.ts';
import type { Reply } from '../engine.ts';
import { nearBytes, type End, type Near } from '../near.ts';
import { tagOf } from '../precondition.ts';
import type { Row } from './loose.ts';
import { nearBlocks } from './near-blocks.ts';
import { entryText, orderOf, separator } from './page.ts';

/** undefined: it is too far away. */
export type NearReader = (question: Near) => Reply | undefined;

/** The questions of `near.ts`, on a connection that need not write: answered as `reader` does. */
export function nearReader(db: Sqlite): NearReader {
  const value = nearValue(db);
  const entries = nearEntries(db);
  return (question) => (question.do === 'value' ? value(question) : entries(question));
}

function nearValue(db: Sqlite) {
  const find = db.prepare<[number, string, string, string], { data: string | Buffer | null; tag: Buffer }>(
    'SELECT iif(octet_length(data) <= ?, data, NULL) AS data, tag FROM kv WHERE format = +? AND id = +? AND key = +?',
  );
  return ({ format, id, key }: Extract<Near, { do: 'value' }>): Reply | undefined => {
    const found = find.get(nearBytes, format, id, key);
    if (found === undefined) return { whole: format === 'json' ? '{}' : '' };
    return found.data === null ? undefined : { whole: found.data, tag: tagOf(format, found.tag) };
  };
}

type Entries = Extract<Near, { do: 'entries' }>;

function nearEntries(db: Sqlite) {
  const idOf = db.prepare<[string, string], number>('SELECT id FROM series WHERE kind = +? AND name = +?').pluck();
  const rowsOf = nearRows(db);
  const withBlock = nearBlocks(db);
  const endOf = (end: End): Row[] | undefined => {
    const rows = rowsOf(end);
    return rows && end.kind === 'ts' ? withBlock(end, rows) : rows;
  };
  // One transaction: an entry may be sealed between two statements, and would be found twice or not at all.
  return db.transaction(({ selection: { kind, series, pick }, lines }: Entries): Reply | undefined => {
    const { by, n } = pick;
    const forward = by === 'first';
    const most = Math.floor(nearBytes / Math.max(1, n * series.length));
    const found: Row[] = [];
    for (const name of series) {
      const id = idOf.get(kind, name);
      const rows = id === undefined ? [] : endOf({ series: id, kind, forward, n, most });
      if (!rows) return undefined;
      found.push(...rows);
    }
    if (series.length > 1) found.sort(orderOf(forward));
    return { part: found.map(entryText).join(separator(lines)), next: null };
  });
}

type Guarded = Row & { isLong: 0 | 1 };
type Asked = Pick<End, 'series' | 'n' | 'most'>;

/** A long text is not even read: its length is told by its head. */
const short = (column: string): string => `iif(octet_length(${column}) <= @most, ${column}, NULL)`;
const isLong = (...columns: string[]): string =>
  columns.map((column) => `ifnull(octet_length(${column}) > @most, 0)`).join(' OR ');
const atEnd = (order: 'ASC' | 'DESC'): string =>
  `WHERE entry.series = +@series ORDER BY entry.timestamp ${order}, entry.seq ${order} LIMIT +@n`;

/** Those that lie in rows, in reading order; undefined: one is too long. */
function nearRows(db: Sqlite) {
  const prepare = (order: 'ASC' | 'DESC') => ({
    ts: db.prepare<Asked, Guarded>(
      `SELECT timestamp, seq, value, ${short('tag.name')} AS name, ${short('tag.text')} AS text, ${short('spelling')} AS data,
         ${isLong('tag.name', 'tag.text', 'spelling')} AS isLong
       FROM entry LEFT JOIN tag ON tag.id = entry.tag ${atEnd(order)}`,
    ),
    'ts/blob': db.prepare<Asked, Guarded>(
      `SELECT timestamp, seq, NULL AS value, NULL AS name, NULL AS text, ${short('document.text')} AS data,
         ${isLong('document.text')} AS isLong
       FROM entry JOIN document USING (seq) ${atEnd(order)}`,
    ),
  });
  const [oldest, newest] = [prepare('ASC'), prepare('DESC')];
  return ({ kind, forward, series, n, most }: End): Row[] | undefined => {
    const rows = (forward ? oldest : newest)[kind].all({ series, n, most });
    return rows.some((row) => row.isLong) ? undefined : rows;
  };
}
