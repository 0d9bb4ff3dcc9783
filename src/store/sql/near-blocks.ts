/** Of small answers, the entries that lie in blocks. */
import type { Sqlite } from '../../base/sqlite.ts';
import { decode, type Columns } from '../columns.ts';
import { nearBlock, type End } from '../near.ts';
import type { Row } from './loose.ts';
import { orderOf } from './page.ts';

type Found = { id: number; fromTime: number; fromSeq: number; toTime: number; toSeq: number; entries: number };

/** The same with those of the block at this end, where it reaches so far; undefined: it is too large, or not enough. */
export function nearBlocks(db: Sqlite) {
  const prepare = (order: 'ASC' | 'DESC') =>
    db.prepare<[number], Found>(
      `SELECT id, fromTime, fromSeq, toTime, toSeq, entries FROM block
       WHERE series = +? ORDER BY fromTime ${order}, fromSeq ${order} LIMIT 2`,
    );
  const [oldest, newest] = [prepare('ASC'), prepare('DESC')];
  const columnsOf = opener(db);
  const tagOf = db.prepare<[number, number], { name: string; text: string }>(
    'SELECT name, text FROM tag WHERE id = +? AND max(octet_length(name), octet_length(text)) <= ?',
  );
  return (end: End, rows: Row[]): Row[] | undefined => {
    const { series, forward, n, most } = end;
    const [block, another] = (forward ? oldest : newest).all(series);
    if (!block || isBehind(block, rows, end)) return rows;
    const isEnough = block.entries >= n || !another;
    const columns = isEnough && block.entries <= nearBlock.entries ? columnsOf(block.id) : undefined;
    const sealed = columns && sealedRows(columns, end, (id) => tagOf.get(id, most));
    return sealed && [...rows, ...sealed].sort(orderOf(forward)).slice(0, n);
  };
}

/** Whether all that is asked for lies in rows before the first entry of a block, in reading order. */
function isBehind({ fromTime, fromSeq, toTime, toSeq }: Found, rows: readonly Row[], { forward, n }: End): boolean {
  const last = rows[n - 1];
  if (!last) return n === 0;
  const [time, seq] = forward ? [fromTime, fromSeq] : [toTime, toSeq];
  const isEarlier = last.timestamp === time ? last.seq < seq : last.timestamp < time;
  return isEarlier === forward;
}

/** The last one that was unpacked: who shows what is new asks for it again and again. A block never changes. */
function opener(db: Sqlite): (id: number) => Columns | undefined {
  const dataOf = db
    .prepare<[number, number], Uint8Array>('SELECT data FROM block WHERE id = +? AND octet_length(data) <= ?')
    .pluck();
  let known: { id: number; columns: Columns | undefined } | undefined;
  return (id) => {
    if (known?.id === id) return known.columns;
    const data = dataOf.get(id, nearBlock.bytes);
    known = { id, columns: data && unpacked(data) };
    return known.columns;
  };
}

/** undefined also of what is damaged: a reader says so. */
function unpacked(data: Uint8Array): Columns | undefined {
  try {
    return decode(data, { entries: nearBlock.entries, maxOutputLength: nearBlock.bytes });
  } catch {
    return undefined;
  }
}

type Tag = { name: string; text: string };

function sealedRows(columns: Columns, { forward, n, most }: End, tagOf: (id: number) => Tag | undefined) {
  const { times, seqs, values, tags, spellings } = columns;
  const count = Math.min(n, times.length);
  const known = new Map<number, Tag | undefined>();
  const rows: Row[] = [];
  for (let step = 0; step < count; step++) {
    const at = forward ? step : times.length - 1 - step;
    const id = tags[at] as number;
    if (id !== 0 && !known.has(id)) known.set(id, tagOf(id));
    const tag = known.get(id);
    const data = spellings.get(at) ?? null;
    if ((id !== 0 && !tag) || (data !== null && data.length > most)) return undefined;
    const key = { timestamp: times[at] as number, seq: seqs[at] as number };
    rows.push({ ...key, value: values[at] as number, name: tag?.name ?? null, text: tag?.text ?? null, data });
  }
  return rows;
}
