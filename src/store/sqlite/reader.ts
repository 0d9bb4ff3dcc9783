/** The storage reader thread: read-only connections, so that a long read never holds up a write. */
import Database from 'better-sqlite3';
import type { Sqlite } from '../../base/sqlite.ts';
import { serveWorker } from '../../base/worker.ts';
import { reader, type Reader } from '../sql/read.ts';
import { failureOf } from './failures.ts';
import type { ReaderHandlers } from './protocol.ts';

/** Pages that SQLite keeps of each store: enough for a long read to go through its entries twice. */
const cacheKib = 4_000;

type Opened = { reader: Reader; inOne: <T>(work: () => T) => T };
const stores = new Map<string, Opened & { db: Sqlite }>();

function readerOf({ store, file }: { store: string; file: string }): Opened {
  const known = stores.get(store);
  if (known) return known;
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    db.pragma(`cache_size = -${cacheKib}`);
    const run = db.transaction((work: () => unknown) => work());
    const opened = { db, reader: reader(db), inOne: <T>(work: () => T): T => run(work) as T };
    stores.set(store, opened);
    return opened;
  } catch (err) {
    db.close();
    throw err;
  }
}

/**
 * One transaction for each question: entries may be sealed meanwhile, and would be found twice or not at all. It begins after
 * the question came, so it sees all that anybody was told is on disk.
 */
function attempt<T>(store: { store: string; file: string }, work: (to: Reader) => T): T {
  try {
    const { reader, inOne } = readerOf(store);
    return inOne(() => work(reader));
  } catch (err) {
    throw failureOf(err);
  }
}

const handlers: ReaderHandlers = {
  close({ store }) {
    stores.get(store)?.db.close();
    stores.delete(store);
  },
  read: ({ question, next, ...store }) => attempt(store, (to) => to.read(question, next)),
  overflow: ({ about, ...store }) => attempt(store, (to) => to.overflow(about, about.maxBytes, about.from)),
  datasources: (store) => attempt(store, (to) => to.datasources()),
};

serveWorker(handlers);
