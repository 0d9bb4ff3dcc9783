import type { Statement } from 'better-sqlite3';
import type { Sqlite } from '../../base/sqlite.ts';
import type { Kind } from '../operations.ts';

/** Names remembered at once; past it memory is emptied rather than allowed to grow with a hostile driver's tags. */
const remembered = 20_000;
/** Insertion numbers reserved by one row update. A crash leaves a gap, which nothing minds. */
const block = 100_000;

export type Interner = {
  series: (kind: Kind, name: string) => number;
  tag: (name: string, text: string) => number;
  /** The first of as many numbers in a row. They rise for the life of the file, also over restarts. */
  nextSeq: (count?: number) => number;
  forget: () => void;
};

/** Small numbers for names that repeat, given out inside the caller's transaction. */
export function interner(db: Sqlite): Interner {
  const series = names({
    find: db.prepare('SELECT id FROM series WHERE kind = +? AND name = +?'),
    add: db.prepare('INSERT INTO series (kind, name) VALUES (?, ?)'),
  });
  const tags = names({
    find: db.prepare('SELECT id FROM tag WHERE name = +? AND text = +?'),
    add: db.prepare('INSERT INTO tag (name, text) VALUES (?, ?)'),
  });
  const reserve = db.prepare<[number], number>('UPDATE counter SET value = value + ? RETURNING value').pluck();
  let next = 0;
  let end = 0;
  return {
    series: series.idOf,
    tag: tags.idOf,
    nextSeq(count = 1) {
      if (next + count > end) {
        end = reserve.get(block) as number;
        next = end - block;
      }
      next += count;
      return next - count;
    },
    forget() {
      series.forget();
      tags.forget();
      next = end = 0;
    },
  };
}

type Pair = [first: string, second: string];

function names({ find, add }: { find: Statement<Pair, { id: number }>; add: Statement<Pair> }) {
  const known = new Map<string, number>();
  const idOf = (first: string, second: string): number => {
    // The length keeps ('a', 'bc') and ('ab', 'c') apart, whatever letters they have.
    const name = `${first.length} ${first}${second}`;
    const hit = known.get(name);
    if (hit !== undefined) return hit;
    const id = find.get(first, second)?.id ?? Number(add.run(first, second).lastInsertRowid);
    if (known.size >= remembered) known.clear();
    known.set(name, id);
    return id;
  };
  return { idOf, forget: () => known.clear() };
}
