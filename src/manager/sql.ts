/** sql — the manager's data model: agreements, each component's key and uid, unfinished work. */
import { z } from 'zod';
import { createChanges } from '../base/changes.ts';
import type { Log } from '../base/log.ts';
import { openDatabase, readDatabase, type Sqlite } from '../base/sqlite.ts';
import { hasStore } from './grants.ts';
import { Sla } from './sla.ts';

const migrations = [
  `CREATE TABLE agreement (
     name TEXT PRIMARY KEY,
     sla TEXT NOT NULL
   ) STRICT;
   -- uid: of its own, never given to another name, so that what one left on disk another cannot read.
   CREATE TABLE component (
     name TEXT PRIMARY KEY,
     key TEXT NOT NULL,
     uid INTEGER NOT NULL UNIQUE,
     -- 1: it was uninstalled and its store's data was kept.
     kept INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE TABLE intent (
     name TEXT PRIMARY KEY,
     what TEXT NOT NULL,
     data TEXT NOT NULL
   ) STRICT;
   CREATE TABLE fact (
     name TEXT PRIMARY KEY,
     value TEXT NOT NULL
   ) STRICT;`,
  // Of the agreement whose data was kept; '' where an earlier version kept it and did not note whose it was.
  `ALTER TABLE component ADD COLUMN origin TEXT NOT NULL DEFAULT '';`,
];
/** Of the part's file; one that counts further is refused. */
export const managerVersion = migrations.length;

/** The first of uids that no distribution assigns (systemd's UIDS-GIDS: above container ranges, below 2³¹). */
const firstUid = 1_900_000_000;

const Intent = z.object({ name: z.string(), what: z.enum(['install', 'uninstall']), data: z.enum(['keep', 'delete']) });
/** Work that, found at start, ends with the component gone; `data` says what becomes of its store. */
export type Intent = z.infer<typeof Intent>;
const Component = z.object({ key: z.string(), uid: z.number() });
export type ComponentFacts = z.infer<typeof Component>;

export type Records = Disposable & {
  slas(): Sla[];
  /** Commits the agreement and ends the intent of its name. */
  save(sla: Sla): void;
  /**
   * Ends the intent and the agreement of a name, and forgets its key.
   * @param data whether its store's data is kept, and with it the agreement's origin
   */
  forget(name: string, data: 'keep' | 'delete'): void;
  /** The origin of an earlier install of this name whose data was kept; '' when nobody noted it. */
  keptFrom(name: string): string | undefined;
  intend(intent: Intent): void;
  intents(): Intent[];
  /** Key and uid of a component; made when it has none, with this key. */
  component(name: string, newKey: () => string): ComponentFacts;
  /** A value that is made once. */
  fact(name: string, make: () => string): string;
  /** What is wrong with the file, as sentences for the owner. */
  problems(): string[];
};

const Row = z.object({ sla: z.string().transform((text) => Sla.parse(JSON.parse(text))) });
const statements = (db: Sqlite) => ({
  slas: db.prepare('SELECT sla FROM agreement ORDER BY name LIMIT 10000'),
  save: db.prepare('INSERT INTO agreement (name, sla) VALUES (?, ?) ON CONFLICT DO UPDATE SET sla = excluded.sla'),
  forget: db.prepare('DELETE FROM agreement WHERE name = ?'),
  component: db.prepare('SELECT key, uid FROM component WHERE name = ?'),
  newKey: db.prepare('UPDATE component SET key = ? WHERE name = ?'),
  sla: db.prepare('SELECT sla FROM agreement WHERE name = ?'),
  loseKey: db.prepare("UPDATE component SET key = '' WHERE name = ?"),
  keep: db.prepare('UPDATE component SET kept = 1, origin = ? WHERE name = ?'),
  keepNothing: db.prepare("UPDATE component SET kept = 0, origin = '' WHERE name = ?"),
  kept: db.prepare<[string], { origin: string }>('SELECT origin FROM component WHERE name = ? AND kept = 1'),
  nextUid: db.prepare<[], { uid: number }>(`SELECT coalesce(max(uid) + 1, ${firstUid}) AS uid FROM component`),
  addComponent: db.prepare('INSERT INTO component (name, key, uid) VALUES (?, ?, ?)'),
  intend: db.prepare('INSERT OR REPLACE INTO intent (name, what, data) VALUES (@name, @what, @data)'),
  intents: db.prepare('SELECT name, what, data FROM intent ORDER BY name LIMIT 10000'),
  endIntent: db.prepare('DELETE FROM intent WHERE name = ?'),
  fact: db.prepare<[string], { value: string }>('SELECT value FROM fact WHERE name = ?'),
  addFact: db.prepare('INSERT INTO fact (name, value) VALUES (?, ?)'),
});

export function openRecords(file: string, log: Log): Records {
  const db = openDatabase(file, migrations);
  const sql = statements(db);
  const { read, commit, problems } = createChanges(db, { what: 'agreements', log });
  return {
    slas: () =>
      read(() =>
        z
          .array(Row)
          .parse(sql.slas.all())
          .map(({ sla }) => sla),
      ),
    save: (sla) =>
      commit(() => {
        sql.save.run(sla.name, JSON.stringify(sla));
        sql.endIntent.run(sla.name);
      }),
    forget: (name, data) => commit(() => forget(sql, name, data)),
    keptFrom: (name) => read(() => sql.kept.get(name)?.origin),
    intend: (intent) => void commit(() => sql.intend.run(intent)),
    intents: () => read(() => z.array(Intent).parse(sql.intents.all())),
    component(name, newKey) {
      const found = read(() => Component.optional().parse(sql.component.get(name)));
      return found && found.key !== ''
        ? found
        : commit(() => newComponent(sql, { name, key: newKey(), uid: found?.uid }));
    },
    fact: (name, make) => read(() => sql.fact.get(name)?.value) ?? commit(() => newFact(sql, name, make())),
    problems,
    [Symbol.dispose]: () => void db.close(),
  };
}

type Statements = ReturnType<typeof statements>;

type New = { name: string; key: string; uid: number | undefined };

/** @param uid  that it had before */
function newComponent(sql: Statements, { name, key, uid }: New): ComponentFacts {
  const made = { key, uid: uid ?? sql.nextUid.get()?.uid ?? firstUid };
  if (uid !== undefined) sql.newKey.run(key, name);
  else sql.addComponent.run(name, key, made.uid);
  return made;
}

function newFact(sql: Statements, name: string, value: string): string {
  sql.addFact.run(name, value);
  return value;
}

export type BoxFacts = { /** The id that containers are labelled with. */ box: string | null; components: string[] };

/** What the file says, unchanged and of whatever version; nothing when it is not there or cannot be read. */
export const readBox = (file: string): BoxFacts =>
  readDatabase(file, (db) => {
    const box = db.prepare<[], { value: string }>("SELECT value FROM fact WHERE name = 'box'").get()?.value ?? null;
    const rows = db.prepare<[], { name: string }>('SELECT name FROM agreement ORDER BY name LIMIT 10000').all();
    return { box, components: rows.map(({ name }) => name) };
  }) ?? { box: null, components: [] };

/** Forgets whose data was kept, once no data is. */
export function keepNothing(file: string): void {
  const db = openDatabase(file, migrations);
  try {
    db.prepare("UPDATE component SET kept = 0, origin = ''").run();
  } finally {
    db.close();
  }
}

function forget(sql: Statements, name: string, data: 'keep' | 'delete'): void {
  const agreed = Row.optional().parse(sql.sla.get(name))?.sla;
  if (data === 'delete') sql.keepNothing.run(name);
  // One without a store leaves nothing, and takes over nothing that is there from before.
  else if (agreed && hasStore(agreed)) sql.keep.run(agreed.origin, name);
  sql.forget.run(name);
  sql.loseKey.run(name);
  sql.endIntent.run(name);
}
