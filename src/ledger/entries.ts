/** entries — the chains on disk: what is appended is in the file and under the head before it counts as written. */
import type { Sqlite } from '../base/sqlite.ts';
import { emptyHead, genesis, hashOf, type Head, type Heads } from './chain.ts';
import { chainOf, type Entry, type Looking, type NewEntry } from './entry.ts';
import { openSecret, readHeads, writeHeads, type Places } from './files.ts';
import { entryRowOf, entryStatements, type EntryStatements } from './sql.ts';

/** Entries that a chain keeps, and how many go at once when there are more. */
const mostKept = 100_000;
const atOnce = 1_000;

/** A chain as it goes on. `next`: the number of its next entry; more than one beyond the head when something is wrong. */
type Going = { head: Head; next: number };
export type Stamped = NewEntry & { at: number };

export type Entries = {
  /** On disk, and under the head, when this returns; or nothing is. */
  append(entries: readonly Stamped[]): void;
  /** Newest first. */
  list(o: Looking): Entry[];
  readonly secret: Buffer;
  readonly sql: EntryStatements;
};

type Book = Pick<Entries, 'secret' | 'sql'> & { db: Sqlite; places: Places; most: number; going: Map<string, Going> };

/**
 * Goes on where the head says that each chain ends, and where a kill left entries beyond it. Where the file says
 * otherwise it goes on all the same, and the gap stays for verification to find.
 */
export function openEntries(db: Sqlite, places: Places, { most = mostKept } = {}): Entries {
  const { secret, isNew } = openSecret(places);
  const sql = entryStatements(db);
  const heads = readHeads(places, secret);
  const isFresh = heads === undefined && isNew && sql.lastId() === 0;
  const chains = new Set([...sql.chains(), ...Object.keys(heads ?? {})]);
  const going = new Map([...chains].map((chain) => [chain, resumed({ sql, secret }, chain, heads?.[chain])]));
  const book: Book = { db, places, most, secret, sql, going };
  const own = { component: 'owner', at: Date.now() };
  if (isFresh) append(book, [{ ...own, kind: 'begin' }]);
  else if (!heads) append(book, [{ ...own, kind: 'unsealed' }]);
  return {
    ...{ secret, sql },
    append(entries) {
      append(book, entries);
      trim(book, new Set(entries.map(chainOf)));
    },
    list: (o) => sql.list(o),
  };
}

/** Follows what is authentic beyond the head: only the box can have written that. */
function resumed({ sql, secret }: Pick<Book, 'sql' | 'secret'>, chain: string, head: Head = emptyHead): Going {
  let { seq, hash } = head;
  for (let more = true; more;) {
    const rows = sql.after(chain, seq, atOnce).map(entryRowOf);
    more = rows.length === atOnce;
    for (const row of rows) {
      if (row?.seq !== seq + 1 || row.hash !== hashOf(secret, hash, row)) {
        return { head: { ...head, seq, hash }, next: Math.max(seq, sql.lastSeq(chain)) + 1 };
      }
      ({ seq, hash } = row);
    }
  }
  return { head: { ...head, seq, hash }, next: seq + 1 };
}

function append(book: Book, entries: readonly Stamped[]): void {
  const { db, places, secret, sql, going } = book;
  const after = new Map(going);
  db.transaction(() => {
    let id = sql.lastId();
    for (const entry of entries) {
      const chain = chainOf(entry);
      const { head, next } = after.get(chain) ?? { head: emptyHead, next: 1 };
      const row = rowOf(entry, { id: ++id, chain, seq: next });
      const hash = hashOf(secret, head.hash, row);
      sql.add.run({ ...row, hash });
      after.set(chain, { head: { ...head, seq: next, hash }, next: next + 1 });
    }
  }).immediate();
  for (const [chain, end] of after) going.set(chain, end);
  writeHeads(places, secret, headsOf(going));
}

const rowOf = ({ at, kind, component, target = '', path = '', facts = {} }: Stamped, place: Place) => ({
  ...place,
  ...{ at, kind, component, target, path, facts: JSON.stringify(facts) },
});
type Place = { id: number; chain: string; seq: number };

const headsOf = (going: ReadonlyMap<string, Going>): Heads =>
  Object.fromEntries([...going].map(([chain, { head }]) => [chain, head]));

/** The head says first what is dropped: a kill in between leaves more than it promises, and not less. */
function trim({ db, places, most, secret, sql, going }: Book, chains: ReadonlySet<string>): void {
  const over = [...chains].flatMap((chain) => {
    const { head, next } = going.get(chain) ?? { head: emptyHead, next: 1 };
    const dropped = head.from.seq + atOnce;
    if (head.seq - head.from.seq <= most + atOnce) return [];
    const last = sql.after(chain, dropped - 1, 1).map(entryRowOf)[0];
    const from = { seq: dropped, hash: last?.seq === dropped ? last.hash : genesis };
    going.set(chain, { head: { ...head, from }, next });
    return [{ chain, dropped }];
  });
  if (over.length === 0) return;
  writeHeads(places, secret, headsOf(going));
  db.transaction(() => over.forEach(({ chain, dropped }) => sql.drop.run(chain, dropped))).immediate();
}
