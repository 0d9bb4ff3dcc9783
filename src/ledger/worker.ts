/** The ledger's thread: the only one that opens its file. */
import { mkdirSync } from 'node:fs';
import { Failure } from '../base/errors.ts';
import { openDatabase } from '../base/sqlite.ts';
import { dataOfWorker, serveWorker } from '../base/worker.ts';
import { openCounts, type Count, type Counts } from './counts.ts';
import { openEntries, type Entries, type Stamped } from './entries.ts';
import type { AccessRow, Entry, Looking, Verdict } from './entry.ts';
import { placesIn } from './files.ts';
import { migrations } from './sql.ts';
import { verify } from './verify.ts';

export type LedgerHandlers = {
  count(rows: readonly Count[]): void;
  append(entries: readonly Stamped[]): Promise<void>;
  accesses(o: Looking & { each: boolean }): AccessRow[];
  entries(o: Looking): Entry[];
  /** About sendings, after the entry of this number. */
  sent(after: number): Entry[];
  verify(o: null): Promise<Verdict>;
  /** Folds the log into the file. */
  close(o: null): void;
};

const places = placesIn(dataOfWorker<{ dir: string }>().dir);
type Book = { counts: Counts; entries: Entries; close: () => void };
let opened: Book | undefined;

/** With the first question; one that fails is asked anew by the next. */
function book(): Book {
  if (opened) return opened;
  mkdirSync(dataOfWorker<{ dir: string }>().dir, { recursive: true, mode: 0o700 });
  const db = openDatabase(places.database, migrations);
  try {
    opened = { counts: openCounts(db), entries: openEntries(db, places), close: () => db.close() };
    return opened;
  } catch (err) {
    db.close();
    throw err;
  }
}

/** @throws Failure `ledger.unavailable` for whatever the disk or the file says */
function told<T>(work: (book: Book) => T): T {
  try {
    return work(book());
  } catch (err) {
    throw failureOf(err);
  }
}

const failureOf = (err: unknown): Failure =>
  err instanceof Failure
    ? err
    : new Failure(
        'ledger.unavailable',
        `the access ledger cannot be used: ${(err as Error).message}`,
        {},
        { cause: err },
      );

type Waiting = { entries: readonly Stamped[]; resolve: () => void; reject: (failure: Error) => void };
let waiting: Waiting[] = [];

/** Everything that waits in one commit: all of it, or nothing. */
function appendWaiting(): void {
  const batch = waiting;
  waiting = [];
  try {
    told(({ entries }) => entries.append(batch.flatMap((one) => one.entries)));
    for (const { resolve } of batch) resolve();
  } catch (err) {
    for (const { reject } of batch) reject(err as Failure);
  }
}

serveWorker({
  count: (rows) => told(({ counts }) => counts.add(rows)),
  append: (entries) =>
    new Promise<void>((resolve, reject) => {
      if (waiting.push({ entries, resolve, reject }) === 1) setImmediate(appendWaiting);
    }),
  accesses: ({ each, ...o }) => told(({ counts }) => (each ? counts.spans(o) : counts.sums(o))),
  entries: (o) => told(({ entries }) => entries.list(o)),
  sent: (after) => told(({ entries: { sql } }) => sql.sent(after, 1_000)),
  verify: () =>
    told(({ entries: { sql, secret } }) => verify({ sql, secret, places })).catch((err: unknown) => {
      throw failureOf(err);
    }),
  close() {
    opened?.close();
    opened = undefined;
  },
} satisfies LedgerHandlers);
