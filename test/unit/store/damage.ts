/** Pages of a store's file that are lost. */
import { readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';

const pageBytes = 4_096;

/** Overwrites every page of a closed database but the first, its schema, and the table `retention`: what is read when it is opened. */
export function damagePages(file: string): void {
  const db = new Database(file, { readonly: true });
  const kept = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'retention'").pluck().get() as number;
  db.close();
  const bytes = readFileSync(file);
  for (let page = 2; page <= bytes.length / pageBytes; page++) {
    if (page !== kept) bytes.fill(0xff, (page - 1) * pageBytes, page * pageBytes);
  }
  writeFileSync(file, bytes);
}

/** Overwrites the page of a closed database that holds its oldest entries, among those of numeric series that are rows. */
export function damageOldest(file: string): void {
  const db = new Database(file, { readonly: true });
  const leaves = "SELECT pageno FROM dbstat WHERE name = 'entry' AND pagetype = 'leaf' ORDER BY path";
  const page = db.prepare<[], number>(leaves).pluck().get();
  db.close();
  if (page === undefined) throw new Error('there are too few entries to fill a page');
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0xff, (page - 1) * pageBytes, page * pageBytes));
}
