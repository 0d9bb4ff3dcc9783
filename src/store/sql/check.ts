/** Whether a file that came from elsewhere is a store as this Databox would have written it: nothing in it is run. */
import Database from 'better-sqlite3';
import { Failure } from '../../base/errors.ts';
import type { Sqlite } from '../../base/sqlite.ts';
import { readItem } from '../catalogue.ts';
import { catalogueLimits, defaultBodyBytes } from '../limits.ts';
import { areBlocksOurs } from './check-blocks.ts';
import { migrations } from './schema.ts';

/**
 * @returns the version of the file
 * @throws Failure `database.newer`, `backup.invalid` (`fault`: what SQLite finds damaged); what the disk says
 */
export function checkStore(file: string): number {
  try {
    return checked(file);
  } catch (err) {
    const { code = '', message = '' } = err as { code?: string; message?: string };
    if (err instanceof Failure || !/^SQLITE_(CORRUPT|NOTADB|ERROR)/.test(code)) throw err;
    throw invalid('its database is damaged', { fault: message });
  }
}

function checked(file: string): number {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    // Before anything is read: what its schema says is not carried out, and no page is taken for more than it is.
    for (const guard of ['trusted_schema = OFF', 'cell_size_check = ON', 'mmap_size = 0']) db.pragma(guard);
    const version = checkForm(db);
    const faults = db.pragma('integrity_check(1)', { simple: true });
    if (faults !== 'ok') throw invalid('its database is damaged', { fault: String(faults).slice(0, 200) });
    checkContent(db, version);
    return version;
  } finally {
    db.close();
  }
}

/** The marks of the file, and its schema to the letter: a trigger or a view of somebody else's would run as ours. */
function checkForm(db: Sqlite): number {
  const version = Number(db.pragma('user_version', { simple: true }));
  const known = migrations.length;
  if (version > known) {
    const sentence = `the backup is of version ${version}, as a newer Databox made it; this one knows ${known}`;
    throw new Failure('database.newer', sentence, { version, known });
  }
  if (version < 1 || db.pragma('application_id', { simple: true }) !== 0) throw invalid('its database is no store');
  const ours = new Database(':memory:');
  try {
    for (const sql of migrations.slice(0, version)) ours.exec(sql);
    if (schemaOf(db) !== schemaOf(ours)) throw invalid('its database has another schema than that of a store');
  } finally {
    ours.close();
  }
  return version;
}

const schemaOf = (db: Sqlite): string =>
  JSON.stringify(
    db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name, tbl_name LIMIT 1000').all(),
  );

/** What the integrity check does not know: JSON that is sent as it is, sizes, the number that the next entry gets. */
function checkContent(db: Sqlite, version: number): void {
  const { items, bytes } = catalogueLimits;
  const limits = { items, bytes, longest: defaultBodyBytes };
  const isStrange = db.prepare(strange).pluck().get(limits) !== 0;
  // Opened for reading only, SQLite's check passes over what a CHECK forbids.
  if (isStrange || (version >= tagged && db.prepare(strangeTags).pluck().get() !== 0)) {
    throw invalid('its database holds what no store would have kept');
  }
  if (!areBlocksOurs(db, defaultBodyBytes)) throw invalid('its sealed history is damaged');
  const catalogue = db.prepare<[], { href: string; item: string }>('SELECT href, item FROM catalogue');
  for (const { href, item } of catalogue.iterate()) {
    if (hrefOf(item) !== href) throw invalid('its catalogue holds what no store would have taken');
  }
}

/** The version since which values have a tag. */
const tagged = 3;
const strangeTags = `SELECT EXISTS (SELECT 1 FROM kv WHERE typeof(tag) <> 'blob' OR length(tag) <> 16)`;

const strange = `
  SELECT EXISTS (SELECT 1 FROM document WHERE octet_length(text) > @longest OR NOT json_valid(text))
      OR EXISTS (SELECT 1 FROM kv
                 WHERE octet_length(data) > @longest OR format NOT IN ('json', 'text', 'binary')
                    OR typeof(data) <> iif(format = 'json', 'text', 'blob') OR (format = 'json' AND NOT json_valid(data)))
      OR EXISTS (SELECT 1 FROM entry
                 WHERE spelling IS NOT NULL AND (octet_length(spelling) > @longest OR NOT json_valid(spelling)))
      OR EXISTS (SELECT 1 FROM tag WHERE octet_length(name) + octet_length(text) > @longest)
      OR (SELECT count(*) > @items OR coalesce(sum(octet_length(item)), 0) > @bytes FROM catalogue)
      OR coalesce((SELECT value FROM counter WHERE name = 'seq'), -1)
         < max(coalesce((SELECT max(seq) FROM entry), 0), coalesce((SELECT max(seq) FROM document), 0))`;

function hrefOf(text: string): string | undefined {
  try {
    return readItem(JSON.parse(text)).href;
  } catch {
    return undefined;
  }
}

/** @param facts  `fault`: what the integrity check found */
const invalid = (why: string, facts: { fault?: string } = {}): Failure =>
  new Failure('backup.invalid', `this is no backup of a store: ${why}`, facts);
