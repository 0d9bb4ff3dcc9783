/** A database as two versions of a program know it: the second changes every row. */
import Database from 'better-sqlite3';
import { openDatabase } from '../../../src/base/sqlite.ts';

const rows = 8_000;
const migrations = [
  `CREATE TABLE fact (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
   WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
   INSERT INTO fact SELECT i, 'of version 1, ' || hex(zeroblob(100)) FROM n;`,
  `UPDATE fact SET text = 'of version 2, ' || hex(zeroblob(100));`,
];

/** What a program of this version brings. */
export const migrationsOf = (version: number): string[] => migrations.slice(0, version);

/** A file of 2 MB as version 1 wrote it, with a row that is only in its log: nobody closed it. */
export function makeFile(file: string): void {
  const db = openDatabase(file, migrationsOf(1));
  db.pragma('wal_autocheckpoint = 0');
  db.exec(`INSERT INTO fact VALUES (${rows + 1}, 'of version 1, the last')`);
  db.close();
}

/** The version of a file, by its number and by every single row; throws when SQLite finds a fault in it. */
export function versionOf(file: string): { version: unknown; integrity: unknown; rows: unknown } {
  const db = new Database(file, { fileMustExist: true });
  try {
    const counted = db.prepare(`SELECT substr(text, 1, 12) AS version, count(*) AS rows FROM fact GROUP BY 1`).all();
    return {
      version: db.pragma('user_version', { simple: true }),
      integrity: db.pragma('integrity_check', { simple: true }),
      rows: counted,
    };
  } finally {
    db.close();
  }
}

/** What `versionOf` says of a file that is wholly of this version. */
export const wholly = (version: number) => ({
  version,
  integrity: 'ok',
  rows: [{ version: `of version ${version}`, rows: rows + 1 }],
});
