import Database from 'better-sqlite3';
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { keepCopy } from './copies.ts';
import { Failure } from './errors.ts';

/**
 * Of statements that run often: a parameter that something is equal to, or that limits, is written `+@name`. Where it stands
 * bare, SQLite lets the plan depend on its value, and better-sqlite3, which clears what it bound after each run, has the
 * statement parsed and planned anew each time: that takes several times as long as a short read itself. Indexes serve both.
 */
export type Sqlite = Database.Database;

/**
 * Opens a database file for writing with the promise that a commit is on disk: WAL, `synchronous=FULL`.
 * @param migrations SQL scripts, never edited once released; `PRAGMA user_version` counts those already run
 * @param options.keepsCopy  whether an older file is copied before it is changed (copies.ts); default yes
 * @throws Failure `database.newer` for a file that a newer version wrote; `database.full` when there is no room for the copy
 */
export function openDatabase(file: string, migrations: readonly string[], { keepsCopy = true } = {}): Sqlite {
  if (file !== ':memory:') makePrivate(file);
  const db = new Database(file);
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    migrate(db, migrations, keepsCopy);
    return db;
  } catch (err) {
    db.close();
    throw err;
  }
}

/** Only Databox's own user reads it: it may hold secrets. SQLite gives its WAL and journal the same mode. */
function makePrivate(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
}

function migrate(db: Sqlite, migrations: readonly string[], keepsCopy: boolean): void {
  // Only a file as it was written, without a log beside it, can be copied as a file.
  if (versionOf(db) < migrations.length) db.pragma('wal_checkpoint(TRUNCATE)');
  db.transaction(() => {
    const version = versionOf(db);
    refuseNewer(db.name, version, migrations.length);
    if (keepsCopy && version > 0 && version < migrations.length && !db.memory) keepCopy(db.name, version);
    for (const sql of migrations.slice(version)) db.exec(sql);
    db.pragma(`user_version = ${migrations.length}`);
  }).exclusive();
}

const versionOf = (db: Sqlite): number => Number(db.pragma('user_version', { simple: true }));

function refuseNewer(file: string, version: number, known: number): void {
  if (version <= known) return;
  const sentence = `${file} is of version ${version}, as a newer Databox wrote it; this one knows ${known}`;
  throw new Failure('database.newer', sentence, { file, version, known });
}

/**
 * Looks at a database file without changing it; one that is absent or that SQLite cannot read is not looked at: the part
 * that opens it tells.
 * @throws Failure `database.newer`
 */
export function checkDatabase(file: string, known: number): void {
  refuseNewer(file, fileVersion(file) ?? 0, known);
}

/** @returns undefined for a file that is absent or that SQLite cannot read */
export const fileVersion = (file: string): number | undefined => readDatabase(file, versionOf);

/** What `read` finds in a database file, which stays as it is; `undefined` when it is not there or not readable. */
export function readDatabase<T>(file: string, read: (db: Sqlite) => T): T | undefined {
  let db: Sqlite | undefined;
  try {
    db = new Database(file, { readonly: true, fileMustExist: true });
    return read(db);
  } catch {
    return undefined;
  } finally {
    db?.close();
  }
}
