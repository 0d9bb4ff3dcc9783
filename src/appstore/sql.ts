import { openDatabase, type Sqlite } from '../base/sqlite.ts';

const migrations = [
  `
  -- What the configuration (official) and the owner named; names win by official, then position.
  CREATE TABLE repository (
    url TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    official INTEGER NOT NULL,
    position INTEGER NOT NULL,
    commit_id TEXT,
    ref TEXT,
    synced_at INTEGER,
    problem TEXT
  ) STRICT;
  -- The files of the last sync that succeeded: manifest is JSON text; faults (a JSON list) when there is none.
  CREATE TABLE file (
    repository TEXT NOT NULL REFERENCES repository (url) ON DELETE CASCADE,
    file TEXT NOT NULL,
    manifest TEXT,
    faults TEXT,
    PRIMARY KEY (repository, file)
  ) STRICT;
  CREATE TABLE upload (name TEXT PRIMARY KEY, manifest TEXT NOT NULL, added_at INTEGER NOT NULL) STRICT;
  `,
];
/** Of the part's file; one that counts further is refused. */
export const appstoreVersion = migrations.length;

export type RepositoryRow = {
  url: string;
  name: string;
  official: 0 | 1;
  commit_id: string | null;
  ref: string | null;
  synced_at: number | null;
  problem: string | null;
};
export type FileRow = { file: string; manifest: string | null; faults: string | null };
export type UploadRow = { name: string; manifest: string };
export type Synced = { url: string; commit: string | null; ref: string | null; at: number; files: readonly FileRow[] };

const prepare = (db: Sqlite) => ({
  repositories: db.prepare<[], RepositoryRow>(
    `SELECT url, name, official, commit_id, ref, synced_at, problem FROM repository
     ORDER BY official DESC, position LIMIT 1000`,
  ),
  keep: db.prepare(
    `INSERT INTO repository (url, name, official, position)
     VALUES (@url, @name, @official, (SELECT coalesce(max(position), 0) + 1 FROM repository))
     ON CONFLICT (url) DO UPDATE SET name = @name, official = @official`,
  ),
  place: db.prepare('UPDATE repository SET position = ? WHERE url = ?'),
  forget: db.prepare('DELETE FROM repository WHERE url = ?'),
  found: db.prepare('UPDATE repository SET commit_id = ?, ref = ?, synced_at = ?, problem = NULL WHERE url = ?'),
  failed: db.prepare('UPDATE repository SET problem = ? WHERE url = ?'),
  files: db.prepare<[string], FileRow>(
    'SELECT file, manifest, faults FROM file WHERE repository = ? ORDER BY file LIMIT 1000',
  ),
  clear: db.prepare('DELETE FROM file WHERE repository = ?'),
  addFile: db.prepare('INSERT INTO file (repository, file, manifest, faults) VALUES (?, ?, ?, ?)'),
  uploads: db.prepare<[], UploadRow>('SELECT name, manifest FROM upload ORDER BY name LIMIT 10000'),
  upload: db.prepare('INSERT OR REPLACE INTO upload (name, manifest, added_at) VALUES (?, ?, ?)'),
  drop: db.prepare('DELETE FROM upload WHERE name = ?'),
});

/** The app store's memory: it offers what it knew last while a repository cannot be reached. */
export function openCatalogue(file: string) {
  const db = openDatabase(file, migrations);
  const sql = prepare(db);
  return {
    repositories: () => sql.repositories.all(),
    files: (url: string) => sql.files.all(url),
    uploads: () => sql.uploads.all(),
    keep: (row: { url: string; name: string; official: 0 | 1 }) => void sql.keep.run(row),
    forget: (url: string) => void sql.forget.run(url),
    /** Makes these the official ones, in this order; former ones that are no longer named are forgotten. */
    setOfficial: db.transaction((named: readonly { url: string; name: string }[]) => {
      for (const row of sql.repositories.all()) {
        if (row.official && !named.some(({ url }) => url === row.url)) sql.forget.run(row.url);
      }
      named.forEach((row, at) => {
        sql.keep.run({ ...row, official: 1 });
        sql.place.run(at, row.url);
      });
    }),
    /** Replaces what a repository holds, wholly; nothing happens if it was forgotten meanwhile. */
    record: db.transaction(({ url, commit, ref, at, files: rows }: Synced) => {
      if (sql.found.run(commit, ref, at, url).changes === 0) return;
      sql.clear.run(url);
      for (const { file, manifest, faults } of rows) sql.addFile.run(url, file, manifest, faults);
    }),
    fail: (url: string, problem: string) => void sql.failed.run(problem, url),
    upload: (name: string, manifest: string, at: number) => void sql.upload.run(name, manifest, at),
    drop: (name: string) => sql.drop.run(name).changes > 0,
    close: () => void db.close(),
  };
}
export type Catalogue = ReturnType<typeof openCatalogue>;
