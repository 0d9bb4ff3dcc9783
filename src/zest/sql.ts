/** The Zest doors' data model: the key pair of each push socket, and who observes what. */
import { z } from 'zod';
import { Failure } from '../base/errors.ts';
import type { Sqlite } from '../base/sqlite.ts';
import { formats } from './codec.ts';
import { modes } from './service.ts';

/**
 * `router` has a row for each target: clients keep the key that they were told, and no client asks again after a restart.
 * `observation` keeps the token, which is judged again when the target comes back; `answer` is the wait for what a function
 * answers. `until` is in ms since the Unix epoch.
 */
export const migrations = [
  `CREATE TABLE router (
     target    TEXT PRIMARY KEY,
     publicKey TEXT NOT NULL CHECK (length(publicKey) = 40),
     secretKey TEXT NOT NULL CHECK (length(secretKey) = 40)
   ) STRICT;
   CREATE TABLE observation (
     target   TEXT NOT NULL,
     identity TEXT NOT NULL,
     mode     TEXT NOT NULL CHECK (mode IN ('data', 'audit', 'notification', 'answer')),
     path     TEXT NOT NULL,
     format   TEXT NOT NULL CHECK (format IN ('json', 'text', 'binary')),
     host     TEXT NOT NULL,
     token    TEXT NOT NULL,
     caller   TEXT NOT NULL,
     until    INTEGER,
     PRIMARY KEY (target, identity)
   ) STRICT, WITHOUT ROWID;`,
];
/** Of the part's file; one that counts further is refused. */
export const zestVersion = migrations.length;

const Keys = z.object({ publicKey: z.string().length(40), secretKey: z.string().length(40) });
export type Keys = z.infer<typeof Keys>;

const Row = z.object({
  identity: z.string(),
  mode: z.enum([...modes, 'answer']),
  path: z.string(),
  format: z.enum(formats),
  host: z.string(),
  token: z.string(),
  caller: z.string(),
  until: z.number().nullable(),
});
export type Row = z.infer<typeof Row>;

/** No target has more (observations.ts). */
const mostRows = 100_000;

/** Prepared once, when the file opens. */
export function statements(db: Sqlite) {
  const keys = db.prepare('SELECT publicKey, secretKey FROM router WHERE target = ?');
  const rows = db.prepare(
    `SELECT identity, mode, path, format, host, token, caller, until
     FROM observation WHERE target = ? ORDER BY identity LIMIT ${mostRows}`,
  );
  const addKeys = db.prepare('INSERT INTO router (target, publicKey, secretKey) VALUES (?, ?, ?)');
  const add = db.prepare(
    `INSERT INTO observation (target, identity, mode, path, format, host, token, caller, until)
     VALUES (@target, @identity, @mode, @path, @format, @host, @token, @caller, @until)
     ON CONFLICT (target, identity) DO UPDATE SET
       mode = excluded.mode, path = excluded.path, format = excluded.format, host = excluded.host,
       token = excluded.token, caller = excluded.caller, until = excluded.until`,
  );
  const remove = db.prepare('DELETE FROM observation WHERE target = ? AND identity = ?');
  const forgetRows = db.prepare('DELETE FROM observation WHERE target = ?');
  const forgetKeys = db.prepare('DELETE FROM router WHERE target = ?');
  return {
    keys(target: string): Keys | undefined {
      const row = keys.get(target);
      return row === undefined ? undefined : checked(Keys, row);
    },
    addKeys: (target: string, { publicKey, secretKey }: Keys) => void addKeys.run(target, publicKey, secretKey),
    rows: (target: string): Row[] => checked(z.array(Row), rows.all(target)),
    add: (target: string, row: Row) => void add.run({ target, ...row }),
    remove: (target: string, identity: string) => void remove.run(target, identity),
    forget: db.transaction((target: string) => {
      forgetRows.run(target);
      forgetKeys.run(target);
    }),
  };
}

function checked<T>(schema: z.ZodType<T>, rows: unknown): T {
  const parsed = schema.safeParse(rows);
  if (parsed.success) return parsed.data;
  throw new Failure('database.damaged', 'the database of the Zest doors holds a row that Databox did not write');
}
