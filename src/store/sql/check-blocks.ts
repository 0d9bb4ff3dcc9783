/** Whether the blocks of a file from elsewhere are such as a store seals: what they hold is sent as it is. */
import type { Sqlite } from '../../base/sqlite.ts';
import { decode, type Columns } from '../columns.ts';
import type { Block } from './blocks.ts';

type Whole = Block & { series: number; data: Uint8Array };

export function areBlocksOurs(db: Sqlite, longestSpelling: number): boolean {
  if (db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'block'`).get() === undefined) return true; // of an older version
  const all = db.prepare<[], Whole>('SELECT * FROM block ORDER BY series, fromTime, fromSeq');
  const isSeries = db.prepare<[number]>(`SELECT 1 FROM series WHERE id = +? AND kind = 'ts'`);
  const isTag = db.prepare<[number]>('SELECT 1 FROM tag WHERE id = +?');
  const given = db.prepare<[], number>(`SELECT value FROM counter WHERE name = 'seq'`).pluck().get() ?? -1;
  let before: Whole | undefined;
  for (const block of all.iterate()) {
    if (before?.series === block.series && !isAfter(block, before)) return false;
    before = block;
    const columns = unpacked(block.data);
    if (!columns || isSeries.get(block.series) === undefined) return false;
    if (!areInOrder(columns, block) || columns.seqs.some((seq) => !Number.isSafeInteger(seq) || seq < 0 || seq > given))
      return false;
    if (!columns.values.every(Number.isFinite) || !areSpellings(columns, longestSpelling)) return false;
    if (![...new Set(columns.tags)].every((tag) => tag === 0 || isTag.get(tag) !== undefined)) return false;
  }
  return true;
}

const isAfter = ({ fromTime, fromSeq }: Block, { toTime, toSeq }: Block): boolean =>
  fromTime > toTime || (fromTime === toTime && fromSeq > toSeq);

/** In order, and as the row beside them says. */
function areInOrder({ times, seqs }: Columns, block: Block): boolean {
  const last = times.length - 1;
  return (
    times.length === block.entries &&
    times[0] === block.fromTime &&
    seqs[0] === block.fromSeq &&
    times[last] === block.toTime &&
    seqs[last] === block.toSeq &&
    times.every((time, at) => {
      if (!Number.isSafeInteger(time)) return false;
      const before = times[at - 1];
      return (
        before === undefined || before < time || (before === time && (seqs[at - 1] as number) < (seqs[at] as number))
      );
    })
  );
}

const areSpellings = ({ spellings, times }: Columns, longest: number): boolean =>
  [...spellings].every(([at, text]) => at >= 0 && at < times.length && text.length <= longest && isJson(text));

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function unpacked(data: Uint8Array): Columns | undefined {
  try {
    return decode(data);
  } catch {
    return undefined;
  }
}
