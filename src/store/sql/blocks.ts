/**
 * Sealed history: stretches of a numeric series that lie in one blob each, as columns, beside the rows. Blocks of a series never
 * overlap; rows may lie anywhere, also between the entries of a block.
 */
import type { Sqlite } from '../../base/sqlite.ts';
import { decode, sharedRoom, type Columns, type Room } from '../columns.ts';
import type { EntryKey } from '../engine.ts';
import { highest, keysOf, type Span } from './span.ts';

export type Block = { id: number; fromTime: number; fromSeq: number; toTime: number; toSeq: number; entries: number };
/** The entries of a block that a span has: from one place to before another. */
export type Slice = { columns: Columns; from: number; to: number };

/** Unpacked blocks that are remembered: the newest of a series is asked for again and again. */
const remembered = 8;

export type Blocks = ReturnType<typeof blocks>;

export function blocks(db: Sqlite) {
  const both = { ASC: finder(db, 'ASC'), DESC: finder(db, 'DESC') };
  const newest = db.prepare<[number, ...EntryKey], Block & { bytes: number }>(
    `SELECT id, fromTime, fromSeq, toTime, toSeq, entries, octet_length(data) AS bytes FROM block
     WHERE series = +? AND (fromTime, fromSeq) < (?, ?) ORDER BY fromTime DESC, fromSeq DESC LIMIT 1`,
  );
  const { kept, passing } = opener(db);
  const sliceOf = (columns: Columns, block: Block, span: Span): Slice => {
    if (isWithin(block, span)) return { columns, from: 0, to: block.entries };
    const [, fromTime, fromSeq, toTime, toSeq] = span;
    return { columns, from: placeOf(columns, fromTime, fromSeq), to: placeOf(columns, toTime, toSeq + 1) };
  };
  return {
    /** Those that have, or may have, entries of a span; in reading order, and as they are asked for. */
    along: (span: Span, forward: boolean): Iterable<Block> => both[forward ? 'ASC' : 'DESC'].iterate(keysOf(span)),
    has: (span: Span): boolean => both.ASC.get(keysOf(span)) !== undefined,
    /** The last one that begins before a key, and what it takes. */
    newestBefore: (series: number, at: EntryKey) => newest.get(series, ...at),
    slice: (block: Block, span: Span): Slice => sliceOf(kept(block), block, span),
    /** The same, good until this is asked again: of many that are gone through, none is left as garbage. */
    passingSlice: (block: Block, span: Span): Slice => sliceOf(passing(block), block, span),
  };
}

/** The last one that begins before a span may reach into it; none before that does. */
const finder = (db: Sqlite, order: 'ASC' | 'DESC') =>
  db.prepare<object, Block>(
    `SELECT id, fromTime, fromSeq, toTime, toSeq, entries FROM block
     WHERE series = +@series AND (fromTime, fromSeq) <= (@toTime, @toSeq) AND (toTime, toSeq) >= (@fromTime, @fromSeq)
       AND fromTime >= ifnull((SELECT fromTime FROM block WHERE series = +@series AND (fromTime, fromSeq) <= (@fromTime, @fromSeq)
                               ORDER BY fromTime DESC, fromSeq DESC LIMIT 1), @fromTime)
     ORDER BY fromTime ${order}, fromSeq ${order}`,
  );

/** Of all stores that this thread reads. */
const room = sharedRoom();

function opener(db: Sqlite): Record<'kept' | 'passing', (block: Block) => Columns> {
  const dataOf = db.prepare<[number], Uint8Array>('SELECT data FROM block WHERE id = +?').pluck();
  const known = new Map<number, Columns>();
  const read = ({ id, entries }: Block, room?: Room): Columns => {
    const data = dataOf.get(id);
    if (data === undefined) throw new Error('a block is gone within one transaction');
    return unpacked(data, entries, room);
  };
  return {
    kept(block) {
      const { id } = block;
      const hit = known.get(id);
      if (hit) return hit;
      const columns = read(block);
      const oldest = known.keys().next();
      if (known.size >= remembered && !oldest.done) known.delete(oldest.value);
      known.set(id, columns);
      return columns;
    },
    passing: (block) => known.get(block.id) ?? read(block, room),
  };
}

/** @throws with SQLite's code for a damaged file */
function unpacked(data: Uint8Array, entries: number, room?: Room): Columns {
  try {
    return decode(data, { entries, room });
  } catch (cause) {
    throw Object.assign(new Error('sealed entries are damaged', { cause }), { code: 'SQLITE_CORRUPT' });
  }
}

/** Whether a span has all of a block. */
export const isWithin = (block: Block, [, fromTime, fromSeq, toTime, toSeq]: Span): boolean =>
  !isBefore(block.fromTime, block.fromSeq, fromTime, fromSeq) && !isBefore(toTime, toSeq, block.toTime, block.toSeq);

/** The key (time, seq) before the key (otherTime, otherSeq). */
// eslint-disable-next-line max-params
const isBefore = (time: number, seq: number, otherTime: number, otherSeq: number): boolean =>
  time < otherTime || (time === otherTime && seq < otherSeq);

/** The place of the first entry that is not before a key. */
function placeOf({ times, seqs }: Columns, time: number, seq: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(times[middle] as number, seqs[middle] as number, time, seq)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What of a span lies before a block, within its keys, and behind it; undefined where there is nothing. */
export function divide(span: Span, block: Block): { before: Span | undefined; inside: Span; after: Span | undefined } {
  const [series, fromTime, fromSeq, toTime, toSeq] = span;
  const startsBefore = isBefore(fromTime, fromSeq, block.fromTime, block.fromSeq);
  const endsAfter = isBefore(block.toTime, block.toSeq, toTime, toSeq);
  const [insideFrom, insideTo] = [
    startsBefore ? ([block.fromTime, block.fromSeq] as const) : ([fromTime, fromSeq] as const),
    endsAfter ? ([block.toTime, block.toSeq] as const) : ([toTime, toSeq] as const),
  ];
  return {
    before: startsBefore ? [series, fromTime, fromSeq, block.fromTime, block.fromSeq - 1] : undefined,
    inside: [series, ...insideFrom, ...insideTo],
    after: endsAfter ? [series, block.toTime, Math.min(block.toSeq + 1, highest), toTime, toSeq] : undefined,
  };
}
