import Database from 'better-sqlite3';
import { closeSync, openSync } from 'node:fs';

/**
 * Copies a database that is being written, as of now, into a file that is not there yet (0600).
 *
 * One read transaction: it holds up no writer and sees all that is committed. The log of what is written meanwhile cannot
 * be folded in before it ends; so the copy goes to this disk and not through a slow reader. What was deleted is not in it.
 */
export function copyDatabase(file: string, into: string): void {
  closeSync(openSync(into, 'wx', 0o600));
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    db.prepare('VACUUM INTO ?').run(into);
  } finally {
    db.close();
  }
}
