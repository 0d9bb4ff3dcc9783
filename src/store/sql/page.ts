import type { Statement } from 'better-sqlite3';
import type { Sqlite } from '../../base/sqlite.ts';
import type { Selection } from '../operations.ts';
import { pointText } from '../point.ts';
import type { History } from './history.ts';
import type { Row } from './loose.ts';
import { inSpan, keysOf, type Span } from './span.ts';

const entriesPerPart = 1_000;
/** A part of a long reply is at most about this long, plus one document. */
const partBytes = 256 * 1024;

/** `entries` as JSON text in order; `next` are the spans that are left, null when none is. */
export type Page = { entries: string[]; next: Span[] | null };

/** Entries are minified JSON: none has a line break inside. */
export const separator = (lines: true | undefined): string => (lines ? '\n' : ',');

/** Reads the entries of spans in parts, so that neither a long series nor a slow caller fills memory. */
export function pager(db: Sqlite, entries: History) {
  const documents = { ASC: documentStatement(db, 'ASC'), DESC: documentStatement(db, 'DESC') };
  return (selection: Selection, spans: Span[], limit = entriesPerPart): Page => {
    const forward = selection.pick.by === 'first';
    const rowsOf = (span: Span): Iterable<Row> =>
      selection.kind === 'ts'
        ? entries.iterate(span, forward, selection)
        : documents[forward ? 'ASC' : 'DESC'].iterate(keysOf(span));
    const share = { entries: limit / spans.length, bytes: partBytes / spans.length };
    const heads = spans.map((span) => head(rowsOf(span), share));
    const { rows, last } = cut(merge(heads, orderOf(forward)), limit);
    return { entries: rows.map(entryText), next: last && beyond(spans, last, forward) };
  };
}

type Head = { rows: Row[]; whole: boolean };

/** The first rows of one span: this span's share of a part, and at least one. */
function head(rows: Iterable<Row>, share: { entries: number; bytes: number }): Head {
  const found: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (found.length >= share.entries || bytes >= share.bytes) return { rows: found, whole: false };
    found.push(row);
    bytes += 32 + (row.data?.length ?? 0);
  }
  return { rows: found, whole: true };
}

type Merged = { rows: Row[]; last: Row | null };

/** Each of many series gives at least one row, which may be more than a page has room for. */
const cut = ({ rows, last }: Merged, limit: number): Merged =>
  rows.length > limit ? { rows: rows.slice(0, limit), last: rows[limit - 1] as Row } : { rows, last };

type Order = (a: Row, b: Row) => number;
const inOrder: Order = (a, b) => a.timestamp - b.timestamp || a.seq - b.seq;
export const orderOf = (forward: boolean): Order => (forward ? inOrder : (a, b) => inOrder(b, a));

/** Joins heads in order, up to where one that goes on ends: what it has next may come before the others' rest. */
function merge(heads: Head[], order: Order): Merged {
  const rows = heads.length === 1 ? (heads[0] as Head).rows : heads.flatMap((part) => part.rows).sort(order);
  const ends = heads.filter((part) => !part.whole).map((part) => part.rows.at(-1) as Row);
  const last = ends.sort(order)[0];
  return last ? { rows: rows.filter((row) => order(row, last) <= 0), last } : { rows, last: null };
}

/** What of the spans lies behind a row, in reading order. */
const beyond = (spans: Span[], { timestamp, seq }: Row, forward: boolean): Span[] =>
  spans.map(([series, fromTime, fromSeq, toTime, toSeq]) =>
    forward ? [series, timestamp, seq + 1, toTime, toSeq] : [series, fromTime, fromSeq, timestamp, seq - 1],
  );

/** Runs along the tree in reading order and can stop anywhere. */
const documentStatement = (db: Sqlite, order: 'ASC' | 'DESC'): Statement<object, Row> =>
  db.prepare(
    `SELECT timestamp, seq, NULL AS value, NULL AS name, NULL AS text, document.text AS data
     FROM entry JOIN document USING (seq) WHERE ${inSpan} ORDER BY entry.timestamp ${order}, entry.seq ${order}`,
  );

export const entryText = ({ timestamp, value, name, text, data }: Row): string =>
  `{"timestamp":${timestamp},"data":${data ?? pointText(value as number, name === null ? null : { name, text: text as string })}}`;
