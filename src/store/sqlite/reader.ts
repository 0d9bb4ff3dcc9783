/** The storage reader thread: read-only connections, so that a long read never holds up a write. */
import Database from 'better-sqlite3';
import { Failure } from '../../base/errors.ts';
import type { Sqlite } from '../../base/sqlite.ts';
import { serveWorker } from '../../base/worker.ts';
import { reader, type Reader } from '../sql/read.ts';
import { failureOf } from './failures.ts';
import type { ReaderHandlers } from './protocol.ts';

const stores = new Map<string, { db: Sqlite; reader: Reader }>();

function storeOf(name: string): Reader {
  const store = stores.get(name);
  if (store) return store.reader;
  throw new Failure('store.unknown', 'the store is closed');
}

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (err) {
    throw failureOf(err);
  }
}

const handlers: ReaderHandlers = {
  open: ({ store, file }) =>
    attempt(() => {
      const db = new Database(file, { readonly: true, fileMustExist: true });
      try {
        stores.set(store, { db, reader: reader(db) });
      } catch (err) {
        db.close();
        throw err;
      }
    }),
  close({ store }) {
    stores.get(store)?.db.close();
    stores.delete(store);
  },
  // Outside a transaction each statement sees all that is committed: what a writer was told is on disk is read.
  read: ({ store, question, next }) => attempt(() => storeOf(store).read(question, next)),
  datasources: ({ store }) => attempt(() => storeOf(store).datasources()),
};

serveWorker(handlers);
