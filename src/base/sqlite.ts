import Database from 'better-sqlite3';
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from './errors.ts';

export type Sqlite = Database.Database;

/**
 * Opens a database file for writing with the promise that a commit is on disk: WAL, `synchronous=FULL`.
 * @param migrations SQL scripts, never edited once released; `PRAGMA user_version` counts those already run
 * @throws Failure `database.newer` for a file that a newer version wrote
 */
export function openDatabase(file: string, migrations: readonly string[]): Sqlite {
  if (file !== ':memory:') makePrivate(file);
  const db = new Database(file);
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    migrate(db, migrations);
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

function migrate(db: Sqlite, migrations: readonly string[]): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version > migrations.length) {
    throw new Failure('database.newer', `${db.name} is of version ${version}; this Databox knows ${migrations.length}`);
  }
  db.transaction(() => {
    for (const sql of migrations.slice(version)) db.exec(sql);
    db.pragma(`user_version = ${migrations.length}`);
  }).exclusive();
}
