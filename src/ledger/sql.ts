/** The ledger's data model: counts of uses by minute, hour and day, and chained entries. */
import { z } from 'zod';
import { Failure } from '../base/errors.ts';
import type { Sqlite } from '../base/sqlite.ts';
import { AccessShape, kinds, type AccessRow, type Entry, type Looking } from './entry.ts';

/**
 * `access` counts uses of a source within `span` ms from `at`; all times are ms since the Unix epoch. `entry.hash` covers
 * all other columns and the hash before it in its chain.
 */
export const migrations = [
  `CREATE TABLE source (
     id         INTEGER PRIMARY KEY,
     component  TEXT NOT NULL,
     store      TEXT NOT NULL,
     datasource TEXT NOT NULL,
     UNIQUE (component, store, datasource)
   ) STRICT;
   CREATE TABLE access (
     span          INTEGER NOT NULL,
     at            INTEGER NOT NULL,
     source        INTEGER NOT NULL REFERENCES source (id),
     reads         INTEGER NOT NULL,
     writes        INTEGER NOT NULL,
     read_bytes    INTEGER NOT NULL,
     written_bytes INTEGER NOT NULL,
     refused       INTEGER NOT NULL,
     first         INTEGER NOT NULL,
     last          INTEGER NOT NULL,
     PRIMARY KEY (span, at, source)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE entry (
     id        INTEGER PRIMARY KEY AUTOINCREMENT,
     chain     TEXT NOT NULL,
     seq       INTEGER NOT NULL,
     at        INTEGER NOT NULL,
     kind      TEXT NOT NULL,
     component TEXT NOT NULL,
     target    TEXT NOT NULL,
     path      TEXT NOT NULL,
     facts     TEXT NOT NULL,
     hash      TEXT NOT NULL,
     UNIQUE (chain, seq)
   ) STRICT;
   CREATE INDEX entry_component ON entry (component, id);`,
];
/** Of the part's file; one that counts further is refused. */
export const ledgerVersion = migrations.length;

const SourceRow = z.object({ id: z.int(), component: z.string(), store: z.string(), datasource: z.string() });
/** As it lies in the file; whether it is as it was written is for verification to say. */
const EntryRow = z.object({
  ...{ id: z.int(), chain: z.string(), seq: z.int(), at: z.int(), kind: z.enum(kinds) },
  ...{ component: z.string(), target: z.string(), path: z.string(), facts: z.string(), hash: z.string() },
});
export type EntryRow = z.infer<typeof EntryRow>;
const Facts = z.record(z.string(), z.unknown());

const rowsOf = <T>(rows: unknown[], row: z.ZodType<T>): T[] => {
  const parsed = z.array(row).safeParse(rows);
  if (parsed.success) return parsed.data;
  throw new Failure('database.damaged', 'the ledger holds a row that Databox did not write: databox audit verify');
};

/** Counts. Prepared once, when the file opens. */
export function accessStatements(db: Sqlite) {
  const sources = db.prepare('SELECT * FROM source WHERE component = +? LIMIT 100000');
  const spans = db.prepare(`${rowsWhere} ORDER BY access.at DESC, access.span LIMIT +@limit`);
  const sums = db.prepare(`${sumsWhere} ORDER BY last DESC LIMIT +@limit`);
  return {
    sourcesOf: (component: string) => rowsOf(sources.all(component), SourceRow),
    addSource: db.prepare('INSERT INTO source (component, store, datasource) VALUES (@component, @store, @datasource)'),
    add: db.prepare(
      `INSERT INTO access VALUES
         (@span, @at, @source, @reads, @writes, @readBytes, @writtenBytes, @refused, @first, @last) ${merging}`,
    ),
    fold: db.prepare(
      `INSERT INTO access
         SELECT @to, at - at % @to, source, sum(reads), sum(writes), sum(read_bytes), sum(written_bytes), sum(refused),
                min(first), max(last)
           FROM access WHERE span = +@span AND at < @before GROUP BY source, at - at % @to ${merging}`,
    ),
    drop: db.prepare('DELETE FROM access WHERE span = +@span AND at < @before'),
    dropSources: db.prepare('DELETE FROM source WHERE id NOT IN (SELECT source FROM access)'),
    spans: (o: Looking): AccessRow[] => rowsOf(spans.all(asked(o)), AccessShape),
    sums: (o: Looking): AccessRow[] => rowsOf(sums.all(asked(o)), AccessShape),
  };
}

const merging = `ON CONFLICT (span, at, source) DO UPDATE SET
   reads = reads + excluded.reads, writes = writes + excluded.writes, refused = refused + excluded.refused,
   read_bytes = read_bytes + excluded.read_bytes, written_bytes = written_bytes + excluded.written_bytes,
   first = min(first, excluded.first), last = max(last, excluded.last)`;

/** Every condition is a parameter that may be NULL. A name is the last segment of a datasource, or all of it. */
const matches = (column: string): string =>
  `(@datasource IS NULL OR ${column} = +@datasource OR substr(${column}, -length(@datasource) - 1) = '/' || @datasource)`;
const looking = `WHERE (@component IS NULL OR component = +@component) AND (@store IS NULL OR store = +@store)
   AND last >= @since AND ${matches('datasource')}`;
const rowsWhere = `SELECT component, store, datasource, at, span, reads, writes, read_bytes AS readBytes, written_bytes AS writtenBytes,
     refused, first, last FROM access JOIN source ON source.id = access.source ${looking}`;
const sumsWhere = `SELECT component, store, datasource, min(at) AS at, max(at + span) - min(at) AS span, sum(reads) AS reads,
     sum(writes) AS writes, sum(read_bytes) AS readBytes, sum(written_bytes) AS writtenBytes, sum(refused) AS refused,
     min(first) AS first, max(last) AS last
   FROM access JOIN source ON source.id = access.source ${looking} GROUP BY source`;

const asked = ({ component, datasource, store, since, limit }: Looking) => ({
  ...{ component: component ?? null, datasource: datasource ?? null, store: store ?? null },
  ...{ since: since ?? 0, limit: Math.min(limit ?? 1_000, 10_000) },
});

/** Entries. Prepared once, when the file opens. */
export function entryStatements(db: Sqlite) {
  const after = db.prepare('SELECT * FROM entry WHERE chain = +? AND seq > ? ORDER BY seq LIMIT +?');
  const chains = db.prepare<[], string>('SELECT DISTINCT chain FROM entry LIMIT 100000').pluck();
  const last = db.prepare<[string], number | null>('SELECT max(seq) FROM entry WHERE chain = +?').pluck();
  const lastId = db
    .prepare<[], number>(
      `SELECT max(ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'entry'), 0), ifnull((SELECT max(id) FROM entry), 0))`,
    )
    .pluck();
  const sent = db.prepare(`SELECT * FROM entry WHERE kind IN ('export', 'exported') AND id > ? ORDER BY id LIMIT +?`);
  const list = db.prepare(
    `SELECT * FROM entry WHERE (@component IS NULL OR component = +@component) AND (@store IS NULL OR target = +@store)
       AND at >= @since AND ${matches('path')} ORDER BY id DESC LIMIT +@limit`,
  );
  return {
    add: db.prepare(
      `INSERT INTO entry (id, chain, seq, at, kind, component, target, path, facts, hash)
         VALUES (@id, @chain, @seq, @at, @kind, @component, @target, @path, @facts, @hash)`,
    ),
    /** As they lie there, whoever wrote them. */
    after: (chain: string, seq: number, most: number): unknown[] => after.all(chain, seq, most),
    chains: (): string[] => chains.all(),
    lastSeq: (chain: string): number => last.get(chain) ?? 0,
    lastId: (): number => lastId.get() ?? 0,
    drop: db.prepare<[string, number]>('DELETE FROM entry WHERE chain = +? AND seq <= ?'),
    /** About sendings, oldest first. @throws Failure `database.damaged` for what is no entry */
    sent: (after: number, most: number): Entry[] => entriesOf(sent.all(after, most)),
    list: (o: Looking): Entry[] => entriesOf(list.all(asked(o))),
  };
}
export type EntryStatements = ReturnType<typeof entryStatements>;
export type AccessStatements = ReturnType<typeof accessStatements>;

/** @returns undefined for a row that is none of ours */
export const entryRowOf = (row: unknown): EntryRow | undefined => EntryRow.safeParse(row).data;

const entriesOf = (rows: unknown[]): Entry[] =>
  rowsOf(rows, EntryRow).map((row) => ({ ...row, facts: factsOf(row.facts) }));

function factsOf(text: string): Record<string, unknown> {
  try {
    return Facts.parse(JSON.parse(text));
  } catch {
    throw new Failure('database.damaged', 'the ledger holds an entry that Databox did not write: databox audit verify');
  }
}
