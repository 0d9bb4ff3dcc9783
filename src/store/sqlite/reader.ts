/** The storage reader thread: read-only connections, so that a long read never holds up a write. */
import Database from 'better-sqlite3';
import type { Sqlite } from '../../base/sqlite.ts';
import { serveWorker } from '../../base/worker.ts';
import { reader, type Reader } from '../sql/read.ts';
import { failureOf } from './failures.ts';
import type { ReaderHandlers } from './protocol.ts';

/** Pages that SQLite keeps of each store: enough for a long read to go through its entries twice. */
const cacheKib = 4_000;

const stores = new Map<string, { db: Sqlite; reader: Reader }>();

function readerOf({ store, file }: { store: string; file: string }): Reader {
  const known = stores.get(store);
  if (known) return known.reader;
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    db.pragma(`cache_size = -${cacheKib}`);
    const opened = { db, reader: reader(db) };
    stores.set(store, opened);
    return opened.reader;
  } catch (err) {
    db.close();
    throw err;
  }
}

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (err) {
    throw failureOf(err);
  }
}

const handlers: ReaderHandlers = {
  close({ store }) {
    stores.get(store)?.db.close();
    stores.delete(store);
  },
  // Outside a transaction each statement sees all that is committed: what a writer was told is on disk is read.
  read: ({ question, next, ...store }) => attempt(() => readerOf(store).read(question, next)),
  overflow: ({ about, ...store }) => attempt(() => readerOf(store).overflow(about, about.maxBytes, about.from)),
  datasources: (store) => attempt(() => readerOf(store).datasources()),
};

serveWorker(handlers);
