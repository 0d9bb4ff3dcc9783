/** A ledger in a folder of its own, and its files as somebody finds them who can write them. */
import Database from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silent } from '../../../src/base/log.ts';
import { openDatabase } from '../../../src/base/sqlite.ts';
import { openEntries } from '../../../src/ledger/entries.ts';
import { placesIn } from '../../../src/ledger/files.ts';
import { startLedger, type Ledger, type NewEntry, type Verdict } from '../../../src/ledger/index.ts';
import { migrations } from '../../../src/ledger/sql.ts';
import { verify } from '../../../src/ledger/verify.ts';

export function folder() {
  const dir = mkdtempSync(join(tmpdir(), 'dbx-ledger-'));
  return { dir, file: join(dir, 'ledger.sqlite'), [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

/** What the ledger's thread does with its files, in this one: a thread for each of a test's starts takes its time. */
export async function withEntries<T>(
  dir: string,
  work: (desk: EntriesDesk) => T | Promise<T>,
  options?: { most: number },
): Promise<T> {
  const places = placesIn(dir);
  const db = openDatabase(places.database, migrations);
  try {
    const entries = openEntries(db, places, options);
    return await work({
      record: (...all) => entries.append(all.map((entry) => ({ ...entry, at: Date.now() }))),
      verify: () => verify({ sql: entries.sql, secret: entries.secret, places }),
    });
  } finally {
    db.close();
  }
}
type EntriesDesk = { record: (...entries: NewEntry[]) => void; verify: () => Promise<Verdict> };

/** Opens the ledger, has it do something, and stops it. */
export async function withLedger<T>(dir: string, work: (ledger: Ledger) => Promise<T>): Promise<T> {
  await using ledger = startLedger({ dir, log: silent });
  return await work(ledger);
}

/** Changes the file of a ledger that does not run. */
export function edit(file: string, ...statements: string[]): void {
  const db = new Database(file);
  try {
    for (const statement of statements) db.exec(statement);
  } finally {
    db.close();
  }
}
