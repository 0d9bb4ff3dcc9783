/** Pages of a store's file that are lost: all but those that are read when it is opened. */
import { readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';

const pageBytes = 4_096;

/** Overwrites every page of a closed database but the first, which is its schema, and the table `retention`. */
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
