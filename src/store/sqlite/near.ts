/**
 * Read-only connections of the main thread, one for each store that is asked small questions. Whatever does not go well here is
 * asked of a reader thread as well: only its word is told, so a damaged store is found damaged in one way.
 */
import Database from 'better-sqlite3';
import type { Sqlite } from '../../base/sqlite.ts';
import type { Reply } from '../engine.ts';
import { isNear } from '../near.ts';
import type { Read } from '../operations.ts';
import { nearReader, type NearReader } from '../sql/near.ts';
import { failureOf } from './failures.ts';

/** Pages that SQLite keeps of each store: the way to the newest entries. */
const cacheKib = 512;

export type NearReading = Disposable & {
  /** From here on this store may be read; its file is there. */
  add(store: string, file: string): void;
  /** Its file is closed. */
  drop(store: string): void;
  /** An answer that sees every change whose write has resolved; undefined: ask a reader. */
  read(store: string, question: Read, isContinued: boolean): Reply | undefined;
};

export function createNearReading(): NearReading {
  const stores = new Map<string, Opened>();
  const drop = (store: string): void => {
    stores.get(store)?.db.close();
    stores.delete(store);
  };
  /** What the disk says ends it, until the store is opened anew: the main thread must not wait for a disk that fails. */
  const attempt = <T>(store: string, work: () => T): T | undefined => {
    try {
      return work();
    } catch (err) {
      if (failureOf(err) === err) throw err;
      drop(store);
      return undefined;
    }
  };
  return {
    add: (store, file) => attempt(store, () => void stores.set(store, open(file))),
    drop,
    read(store, question, isContinued) {
      const opened = stores.get(store);
      if (!opened || !isNear(question, isContinued)) return undefined;
      return attempt(store, () => opened.read(question));
    },
    [Symbol.dispose]: () => [...stores.keys()].forEach(drop),
  };
}

type Opened = { db: Sqlite; read: NearReader };

function open(file: string): Opened {
  // Who holds the file is not waited for.
  const db = new Database(file, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    db.pragma(`cache_size = -${cacheKib}`);
    return { db, read: nearReader(db) };
  } catch (err) {
    db.close();
    throw err;
  }
}
