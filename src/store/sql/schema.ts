/**
 * The file of one store. Entries of all series lie in one tree, ordered as they are read: by series, time and
 * insertion. `seq` numbers insertions over the whole store, so that joined series have one order among ties.
 * Only tags and numbers lie in that tree; JSON documents lie beside it, so that it stays dense. History is sealed into blocks.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE series (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name)) STRICT;
  CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL, UNIQUE (name, text)) STRICT;
  CREATE TABLE entry (
    series INTEGER NOT NULL,
    timestamp INTEGER NOT NULL, -- ms since the Unix epoch
    seq INTEGER NOT NULL,
    value REAL,                 -- numeric series
    tag INTEGER,
    spelling TEXT,              -- the posted text where it is not the usual one
    PRIMARY KEY (series, timestamp, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE document (seq INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT; -- blob series: minified JSON
  CREATE TABLE kv (
    seq INTEGER PRIMARY KEY,
    format TEXT NOT NULL,
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    data ANY NOT NULL,          -- TEXT for json, BLOB for text and binary: bytes as they came
    UNIQUE (format, id, key)
  ) STRICT;
  CREATE TABLE catalogue (seq INTEGER PRIMARY KEY, href TEXT NOT NULL UNIQUE, item TEXT NOT NULL) STRICT;
  CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO counter VALUES ('seq', 0);
  `,
  `
  CREATE TABLE retention (      -- what the owner keeps of a series; one that is not here, for ever
    kind TEXT NOT NULL CHECK (kind IN ('ts', 'ts/blob')),
    name TEXT NOT NULL,
    keepMs INTEGER CHECK (keepMs > 0),
    maxBytes INTEGER CHECK (maxBytes >= 0),
    PRIMARY KEY (kind, name)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE kv RENAME TO untagged;
  CREATE TABLE kv (
    seq INTEGER PRIMARY KEY,
    format TEXT NOT NULL,
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    tag BLOB NOT NULL CHECK (length(tag) = 16), -- random: another one for each change of the data
    data ANY NOT NULL,          -- as before
    UNIQUE (format, id, key)
  ) STRICT;
  INSERT INTO kv SELECT seq, format, id, key, randomblob(16), data FROM untagged ORDER BY seq;
  DROP TABLE untagged;
  `,
  `
  CREATE TABLE block (          -- sealed entries of a numeric series (columns.ts); those of a series do not overlap
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    series INTEGER NOT NULL,
    fromTime INTEGER NOT NULL,  -- the first entry, and the last
    fromSeq INTEGER NOT NULL,
    toTime INTEGER NOT NULL,
    toSeq INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    data BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX place ON block (series, fromTime, fromSeq, toTime, toSeq, entries);
  `,
];
/** Of a store's file; one that counts further is refused. */
export const storeVersion = migrations.length;
