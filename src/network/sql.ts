/** sql — the address book's tables. */
import type { Sqlite } from '../base/sqlite.ts';

export const migrations = [
  `CREATE TABLE pool (id INTEGER PRIMARY KEY CHECK (id = 1), cidr TEXT NOT NULL) STRICT;
   CREATE TABLE network (name TEXT PRIMARY KEY, subnet TEXT NOT NULL UNIQUE) STRICT;
   CREATE TABLE service (name TEXT PRIMARY KEY, address TEXT NOT NULL UNIQUE) STRICT;
   CREATE TABLE spoofed (
     since INTEGER PRIMARY KEY AUTOINCREMENT,
     network TEXT NOT NULL REFERENCES network ON DELETE CASCADE,
     peer TEXT NOT NULL,
     address TEXT NOT NULL,
     UNIQUE (network, peer),
     UNIQUE (network, address)
   ) STRICT;`,
];
/** Of the part's file; one that counts further is refused. */
export const networkVersion = migrations.length;

export const statements = (db: Sqlite) => ({
  pool: db.prepare<[], string>('SELECT cidr FROM pool').pluck(),
  setPool: db.prepare<[string]>('INSERT OR REPLACE INTO pool (id, cidr) VALUES (1, ?)'),
  networks: db.prepare<[], { name: string; subnet: string }>(
    'SELECT name, subnet FROM network ORDER BY name LIMIT 65536',
  ),
  addNetwork: db.prepare<[string, string]>('INSERT INTO network (name, subnet) VALUES (?, ?)'),
  dropNetwork: db.prepare<[string]>('DELETE FROM network WHERE name = ?'),
  services: db.prepare<[], { name: string; address: string }>('SELECT name, address FROM service LIMIT 256'),
  addService: db.prepare<[string, string]>('INSERT INTO service (name, address) VALUES (?, ?)'),
  dropService: db.prepare<[string]>('DELETE FROM service WHERE name = ?'),
  spoofed: db.prepare<[string], { since: number; peer: string; address: string }>(
    'SELECT since, peer, address FROM spoofed WHERE network = ? ORDER BY since LIMIT 256',
  ),
  addSpoofed: db.prepare<[string, string, string]>('INSERT INTO spoofed (network, peer, address) VALUES (?, ?, ?)'),
  dropSpoofed: db.prepare<[string, string]>('DELETE FROM spoofed WHERE network = ? AND peer = ?'),
  clear: [db.prepare('DELETE FROM network'), db.prepare('DELETE FROM service')],
});
