/** What makes rows of a numeric series a block, and takes entries out of blocks again. */
import type { Sqlite } from '../../base/sqlite.ts';
import { encode, mostEntries, type Columns } from '../columns.ts';
import type { EntryKey } from '../engine.ts';
import type { Selection } from '../operations.ts';
import { isWithin, type Block } from './blocks.ts';
import type { History } from './history.ts';
import { inSpan, keysOf, type Span, wholeOf } from './span.ts';

/** When entries are sealed. */
export type Sealing = {
  /** Entries of a batch that are worth a block of their own. */
  batch: number;
  /** Rows that become one block, the oldest of a series. */
  rows: number;
  /** The newest rows of a series, which stay rows. */
  keep: number;
};
export const usualSealing: Sealing = { batch: 256, rows: 4_096, keep: 4_096 };

/** Times beyond this are not sealed: the step from one to the next might be no whole number that a double can be. */
const furthest = 2 ** 52;
/** Blocks among rows that one step looks behind. */
const mostBlocks = 8;

export type Sealer = ReturnType<typeof sealer>;

type Parts = { entries: History; blocks: Writer; loose: ReturnType<typeof looseColumns>; limits: Sealing };

/** All of it inside the caller's transaction. */
export function sealer(db: Sqlite, entries: History, limits: Sealing) {
  const parts: Parts = { entries, blocks: blockWriter(db), loose: looseColumns(db), limits };
  const { sealed, tags } = entries;
  const due = dueSeries(db, limits.rows);
  return {
    /** A batch in order of time, in a place where no block is. Returns whether it was sealed; else it must become rows. */
    takes(series: number, columns: Columns): boolean {
      const { times } = columns;
      if (times.length < limits.batch || times.length > mostEntries || !isOrdered(times)) return false;
      if (sealed.has(spanOf(series, columns))) return false;
      parts.blocks.put(series, columns);
      return true;
    },
    /** Rows were added. */
    note: due.note,
    /** Whether there may be rows to seal. */
    isDue: due.is,
    /** Seals some of them, of one series. */
    step: (): void => due.some((series) => sealOldest(parts, series)),
    /** Takes what a span selects out of blocks. Returns how many entries. */
    erase(span: Span, chosen: Pick<Selection, 'filter'>): number {
      const matches = chosen.filter ? tags.matcher(chosen) : undefined;
      // All of them first: a block that is written again would be found again.
      const touched = [...sealed.along(span, true)];
      return touched.reduce((sum, block) => sum + eraseFrom(parts, block, { span, matches }), 0);
    },
  };
}

/** Which series may have rows to seal. Of a file that was just opened nobody knows, and who opens it does not look. */
function dueSeries(db: Sqlite, rows: number) {
  const ids = db.prepare<[], number>(`SELECT id FROM series WHERE kind = 'ts'`).pluck();
  const counts = new Map<number, number>();
  let isAny = true;
  let isNew = true;
  return {
    is: (): boolean => isAny,
    note: (series: number, added: number): void => {
      const count = (counts.get(series) ?? 0) + added;
      counts.set(series, count);
      isAny ||= count >= rows;
    },
    /** @param seal  returns the rows that wait for more of their kind, or nothing once it sealed some */
    some(seal: (series: number) => number | undefined): void {
      if (isNew) for (const id of ids.all()) counts.set(id, Infinity);
      isNew = false;
      for (const [series, count] of counts) {
        if (count < rows) continue;
        const waiting = seal(series);
        if (waiting === undefined) return;
        counts.set(series, waiting);
      }
      isAny = false;
    },
  };
}

/** Makes the oldest rows that lie in one piece a block. When there are not so many, returns how many wait for more. */
function sealOldest({ entries, blocks, loose, limits }: Parts, series: number): number | undefined {
  const newest = entries.rows.edge(wholeOf(series), false, limits.keep);
  if (!newest) return 0;
  let [, ...from] = wholeOf(series).slice(0, 3) as [number, ...EntryKey];
  for (let tries = 0; tries < mostBlocks; tries++) {
    const found = loose.read([series, ...from, ...newest], limits.rows);
    if (found.times.length < limits.rows) return found.times.length;
    const [block] = entries.sealed.along(spanOf(series, found), true);
    const free = block === undefined ? limits.rows : found.times.findIndex((_, at) => !isKeyBefore(found, at, block));
    if (free >= limits.batch || block === undefined) {
      const chosen = picked(found, (at) => at < free);
      blocks.put(series, chosen);
      loose.remove(spanOf(series, chosen));
      return undefined;
    }
    from = [block.toTime, block.toSeq + 1];
  }
  return 0;
}

type Erased = { span: Span; matches: ((tag: number) => boolean) | undefined };

function eraseFrom({ entries, blocks }: Parts, block: Block, { span, matches }: Erased): number {
  if (!matches && isWithin(block, span)) {
    blocks.drop(block);
    return block.entries;
  }
  const { columns, from, to } = entries.sealed.slice(block, span);
  const goes = (at: number): boolean => at >= from && at < to && (!matches || matches(columns.tags[at] as number));
  const rest = picked(columns, (at) => !goes(at));
  const gone = block.entries - rest.times.length;
  if (gone === 0) return 0;
  blocks.drop(block);
  if (rest.times.length > 0) blocks.put(span[0], rest);
  return gone;
}

type Writer = ReturnType<typeof blockWriter>;

function blockWriter(db: Sqlite) {
  const add = db.prepare(
    'INSERT INTO block (series, fromTime, fromSeq, toTime, toSeq, entries, data) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const drop = db.prepare<[number]>('DELETE FROM block WHERE id = +?');
  return {
    put: (series: number, columns: Columns): void =>
      void add.run(...spanOf(series, columns), columns.times.length, encode(columns)),
    drop: ({ id }: Block): void => void drop.run(id),
  };
}

function spanOf(series: number, { times, seqs }: Columns): Span {
  const last = times.length - 1;
  return [series, times[0] as number, seqs[0] as number, times[last] as number, seqs[last] as number];
}

function isKeyBefore({ times, seqs }: Columns, at: number, { fromTime, fromSeq }: Block): boolean {
  const time = times[at] as number;
  return time < fromTime || (time === fromTime && (seqs[at] as number) < fromSeq);
}

function isOrdered(times: Float64Array): boolean {
  if ((times[0] as number) < -furthest || (times.at(-1) as number) > furthest) return false;
  return times.every((time, at) => at === 0 || (times[at - 1] as number) <= time);
}

/** The entries at some places. Loops: functions for each of thousands take as long as the rest of a step. */
function picked(columns: Columns, isWanted: (at: number) => boolean): Columns {
  const { times, seqs, values, tags, spellings } = columns;
  const places = new Int32Array(times.length);
  let count = 0;
  for (let at = 0; at < times.length; at++) if (isWanted(at)) places[count++] = at;
  if (count === times.length) return columns;
  const chosen = (numbers: Float64Array): Float64Array => {
    const some = new Float64Array(count);
    for (let at = 0; at < count; at++) some[at] = numbers[places[at] as number] as number;
    return some;
  };
  const spelled = new Map<number, string>();
  for (let at = 0; at < count; at++) {
    const spelling = spellings.get(places[at] as number);
    if (spelling !== undefined) spelled.set(at, spelling);
  }
  return {
    times: chosen(times),
    seqs: chosen(seqs),
    values: chosen(values),
    tags: chosen(tags),
    spellings: spelled,
  };
}

type Loose = [timestamp: number, seq: number, value: number, tag: number | null, spelling: string | null];

/** Rows as columns, oldest first. */
function looseColumns(db: Sqlite) {
  const select = db
    .prepare<object, Loose>(
      `SELECT timestamp, seq, value, tag, spelling FROM entry WHERE ${inSpan}
       AND timestamp BETWEEN -${furthest} AND ${furthest} ORDER BY timestamp, seq LIMIT +@limit`,
    )
    .raw();
  const remove = db.prepare(`DELETE FROM entry WHERE ${inSpan}`);
  return {
    read(span: Span, limit: number): Columns {
      const found = select.all({ ...keysOf(span), limit });
      const column = (): Float64Array => new Float64Array(found.length);
      const [times, seqs, values, tags] = [column(), column(), column(), column()];
      const spellings = new Map<number, string>();
      for (let at = 0; at < found.length; at++) {
        const row = found[at] as Loose;
        times[at] = row[0];
        seqs[at] = row[1];
        values[at] = row[2];
        tags[at] = row[3] ?? 0;
        if (row[4] !== null) spellings.set(at, row[4]);
      }
      return { times, seqs, values, tags, spellings };
    },
    remove: (span: Span): void => void remove.run(keysOf(span)),
  };
}
