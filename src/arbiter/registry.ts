import { createHash, createSecretKey, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto';
import { type Changes, createChanges } from '../base/changes.ts';
import type { Ip } from '../base/ipv4.ts';
import type { Log } from '../base/log.ts';
import { openDatabase } from '../base/sqlite.ts';
import type { Caveat } from './caveats.ts';
import type { Claims, Grant, Route } from './judge.ts';
import { migrations, statements } from './sql.ts';

export type ComponentType = 'app' | 'driver' | 'store' | 'system';

/** `address` absent: it never calls over the network, so no key or token of it works from anywhere. */
export type Registration = { name: string; type: ComponentType; key: string; address?: Ip | undefined };

type Component = { name: string; type: ComponentType; key: Buffer; address: Ip | undefined; secret: KeyObject };

/**
 * All that is known at one moment. A change commits to the file, then a new book replaces the old one in one
 * assignment; tokens verified under the old book are forgotten with it, so nothing outlives the grant it came from.
 */
export type Book = {
  /** Oldest registration first. */
  readonly components: ReadonlyMap<string, Component>;
  readonly grants: ReadonlyMap<number, Grant>;
  readonly grantsOf: ReadonlyMap<string, readonly Grant[]>;
  /** What tokens said whose signature was checked under this book. */
  readonly verified: Map<string, Claims>;
};

const digest = (key: string): Buffer => createHash('sha256').update(key).digest();

/** The components whose key this is. Every key is compared, in constant time, whoever matched before. */
export function holdersOf(book: Book, key: string): Component[] {
  const given = digest(key);
  return [...book.components.values()].filter((component) => timingSafeEqual(component.key, given));
}

export function openRegistry(file: string, log: Log) {
  const db = openDatabase(file, migrations);
  const sql = statements(db);
  const changes = createChanges(db, { what: 'permissions', log });
  const { book, change, withdraw } = booksOf(sql, changes);
  return {
    book,
    problems: changes.problems,
    register({ name, type, key, address }: Registration): void {
      change(() => {
        sql.removeComponent.run(name);
        if (address !== undefined) sql.freeAddress.run(address);
        sql.addComponent.run(name, type, digest(key), randomBytes(32), address ?? null);
      });
    },
    locate(name: string, address: Ip): void {
      change(() => {
        // Whoever had this address before has left it: its keys and tokens must not work from the newcomer's place.
        sql.freeAddress.run(address);
        sql.locate.run(address, name);
      });
    },
    remove: (name: string): void => withdraw({ component: name }, () => sql.removeComponent.run(name)),
    addGrant(component: string, { method, path, target }: Route, caveats: readonly Caveat[]): void {
      change(() => sql.addGrant.run(component, method, path, target, JSON.stringify(caveats)));
    },
    removeGrants: (ids: readonly number[]): void =>
      withdraw({ grants: ids }, () => ids.forEach((id) => sql.removeGrant.run(id))),
    [Symbol.dispose]: () => void db.close(),
  };
}

function bookOf(sql: Statements): Book {
  return {
    components: new Map(sql.components().map((row) => [row.name, componentOf(row)])),
    ...indexed(sql.grants()),
    verified: new Map(),
  };
}

/** The book in force, and the two ways to another. */
function booksOf(sql: Statements, changes: Changes) {
  let book = bookOf(sql);
  // The new book is read before the commit: what cannot be read was not granted either.
  const replaced = (work: () => unknown) => () => {
    work();
    return bookOf(sql);
  };
  return {
    book: () => book,
    change: (work: () => unknown): void => void (book = changes.commit(replaced(work))),
    /** What the disk does not take is taken away all the same: from the book at once, and from the file with the next change. */
    withdraw: (gone: Gone, work: () => unknown): void => {
      try {
        book = changes.take(replaced(work));
      } catch (err) {
        book = without(book, gone);
        throw err;
      }
    },
  };
}

type Statements = ReturnType<typeof statements>;
type Gone = { component?: string; grants?: readonly number[] };

function without({ components, grants }: Book, { component, grants: ids = [] }: Gone): Book {
  const left = [...grants.values()].filter((grant) => grant.component !== component && !ids.includes(grant.id));
  return {
    components: new Map([...components].filter(([name]) => name !== component)),
    ...indexed(left),
    verified: new Map(),
  };
}

const indexed = (grants: readonly Grant[]): Pick<Book, 'grants' | 'grantsOf'> => ({
  grants: new Map(grants.map((grant) => [grant.id, grant])),
  grantsOf: Map.groupBy(grants, (grant) => grant.component),
});

export type Registry = ReturnType<typeof openRegistry>;

const componentOf = (row: { name: string; type: ComponentType; key: Buffer; secret: Buffer; address: Ip | null }) => ({
  name: row.name,
  type: row.type,
  key: row.key,
  address: row.address ?? undefined,
  secret: createSecretKey(row.secret),
});
