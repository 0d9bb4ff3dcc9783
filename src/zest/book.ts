/** book — what the doors of all targets remember over a restart. */
import { openDatabase } from '../base/sqlite.ts';
import { migrations, statements, type Keys, type Row } from './sql.ts';
import { newKeys } from './sockets.ts';

export type Book = Disposable & {
  of(target: string): Page;
  /** The target is gone for good: whoever observed it is forgotten, and so is the key that they know. */
  forget(target: string): void;
};

/** Of one target. Each change is on disk when it returns. */
export type Page = {
  /** Of the push socket; made at the first call. */
  keys(): Promise<Keys>;
  rows(): Row[];
  add(row: Row): void;
  remove(identity: string): void;
};

/**
 * @param file  SQLite file, or `:memory:`
 * @throws Failure `database.newer`
 */
export function openBook(file: string): Book {
  const db = openDatabase(file, migrations);
  const sql = statements(db);
  return {
    of: (target) => ({
      async keys() {
        const known = sql.keys(target);
        if (known) return known;
        const keys = await newKeys();
        // Another door of the target may have been quicker.
        const meanwhile = sql.keys(target);
        if (meanwhile) return meanwhile;
        sql.addKeys(target, keys);
        return keys;
      },
      rows: () => sql.rows(target),
      add: (row) => sql.add(target, row),
      remove: (identity) => sql.remove(target, identity),
    }),
    forget: (target) => sql.forget(target),
    [Symbol.dispose]: () => void db.close(),
  };
}
