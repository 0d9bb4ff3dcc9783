/** The arbiter's data model: who exists, with which key and secret, and who may do what. */
import { z } from 'zod';
import { Failure } from '../base/errors.ts';
import { methods } from '../base/names.ts';
import type { Sqlite } from '../base/sqlite.ts';
import { Caveats } from './caveats.ts';

/**
 * `component.id` orders the catalogue and `permission.id` is signed into tokens: AUTOINCREMENT, so that a removed one is
 * never given again. An address belongs to one component. `key` is the SHA-256 of the component's key; `secret` signs
 * tokens for this component as a target.
 */
export const migrations = [
  `CREATE TABLE component (
     id      INTEGER PRIMARY KEY AUTOINCREMENT,
     name    TEXT NOT NULL UNIQUE,
     type    TEXT NOT NULL CHECK (type IN ('app', 'driver', 'store', 'system')),
     key     BLOB NOT NULL CHECK (length(key) = 32),
     secret  BLOB NOT NULL CHECK (length(secret) = 32),
     address TEXT UNIQUE
   ) STRICT;
   CREATE TABLE permission (
     id        INTEGER PRIMARY KEY AUTOINCREMENT,
     component TEXT NOT NULL REFERENCES component (name) ON DELETE CASCADE,
     method    TEXT NOT NULL CHECK (method IN ('GET', 'POST', 'DELETE')),
     path      TEXT NOT NULL,
     target    TEXT NOT NULL,
     caveats   TEXT NOT NULL,
     UNIQUE (component, method, path, target, caveats)
   ) STRICT;`,
];
/** Of the part's file; one that counts further is refused. */
export const arbiterVersion = migrations.length;

const Bytes32 = z.instanceof(Buffer).refine((bytes) => bytes.length === 32 && bytes.some((byte) => byte !== 0));
const ComponentRow = z.object({
  id: z.int(),
  name: z.string(),
  type: z.enum(['app', 'driver', 'store', 'system']),
  key: Bytes32,
  secret: Bytes32,
  address: z.ipv4().nullable(),
});
const GrantRow = z.object({
  id: z.int(),
  component: z.string(),
  method: z.enum(methods),
  path: z.string(),
  target: z.string(),
  caveats: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(Caveats),
});

/** No box has more; a file that does is not read into memory. */
const mostRows = 100_000;

/** Prepared once, when the file opens. */
export function statements(db: Sqlite) {
  const components = db.prepare(`SELECT * FROM component ORDER BY id LIMIT ${mostRows}`);
  const grants = db.prepare(`SELECT * FROM permission ORDER BY id LIMIT ${mostRows}`);
  return {
    components: () => rowsOf(components.all(), ComponentRow),
    grants: () => rowsOf(grants.all(), GrantRow),
    addComponent: db.prepare('INSERT INTO component (name, type, key, secret, address) VALUES (?, ?, ?, ?, ?)'),
    removeComponent: db.prepare('DELETE FROM component WHERE name = ?'),
    freeAddress: db.prepare('UPDATE component SET address = NULL WHERE address = ?'),
    locate: db.prepare('UPDATE component SET address = ? WHERE name = ?'),
    addGrant: db.prepare(
      `INSERT INTO permission (component, method, path, target, caveats) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (component, method, path, target, caveats) DO NOTHING`,
    ),
    removeGrant: db.prepare('DELETE FROM permission WHERE id = ?'),
  };
}

/** @throws Failure `database.damaged`: an emptied secret must stop the start, not sign tokens */
function rowsOf<T>(rows: unknown[], row: z.ZodType<T>): T[] {
  const parsed = z.array(row).safeParse(rows);
  if (parsed.success) return parsed.data;
  throw new Failure('database.damaged', 'the arbiter’s database holds a row that Databox did not write');
}
