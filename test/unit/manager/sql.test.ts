import Database from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silent } from '../../../src/base/log.ts';
import { openRecords } from '../../../src/manager/sql.ts';
import { agree, manifestOf } from './fixtures.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'records-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const sla = agree(manifestOf());

test('an agreement that is saved ends its intent, and is there after a restart', () => {
  const file = join(dir, 'a.sqlite');
  {
    using records = openRecords(file, silent);
    records.intend({ name: 'app-x', what: 'install', data: 'delete' });
    expect(records.slas()).toEqual([]);
    records.save(sla);
  }
  using again = openRecords(file, silent);
  expect(again.slas()).toEqual([sla]);
  expect(again.intents()).toEqual([]);
});

test('M11 an intent that nobody ended is there after a restart, and forgetting ends it', () => {
  const file = join(dir, 'b.sqlite');
  {
    using records = openRecords(file, silent);
    records.save(sla);
    records.intend({ name: 'app-x', what: 'uninstall', data: 'keep' });
  }
  using again = openRecords(file, silent);
  expect(again.intents()).toEqual([{ name: 'app-x', what: 'uninstall', data: 'keep' }]);
  again.forget('app-x', 'keep');
  expect([again.intents(), again.slas()]).toEqual([[], []]);
});

test('a component keeps its key while it is installed and its uid for ever; uids are never shared', () => {
  using records = openRecords(':memory:', silent);
  const [x, y] = [records.component('app-x', () => 'k1'), records.component('app-y', () => 'k2')];
  expect(x.uid).not.toBe(y.uid);
  expect(records.component('app-x', () => 'k3')).toEqual(x);
  records.forget('app-x', 'delete');
  expect(records.component('app-z', () => 'k4').uid).not.toBe(x.uid);
  expect(records.component('app-x', () => 'k5')).toEqual({ key: 'k5', uid: x.uid });
});

const storing = agree(manifestOf({ 'resource-requirements': { store: 'core-store' } }), {
  origin: 'https://a.example/',
});

test('kept data is remembered with its origin until it is deleted', () => {
  using records = openRecords(':memory:', silent);
  records.component('app-x', () => 'k');
  records.save(storing);
  expect(records.keptFrom('app-x')).toBeUndefined();
  records.forget('app-x', 'keep');
  expect(records.keptFrom('app-x')).toBe('https://a.example/');
  // An install that failed, and one without a store, leave it to whom it was.
  records.forget('app-x', 'keep');
  records.save(sla);
  records.forget('app-x', 'keep');
  expect(records.keptFrom('app-x')).toBe('https://a.example/');
  records.forget('app-x', 'delete');
  expect(records.keptFrom('app-x')).toBeUndefined();
});

test('a component without a store leaves no data', () => {
  using records = openRecords(':memory:', silent);
  records.component('app-x', () => 'k');
  records.save(sla);
  records.forget('app-x', 'keep');
  expect(records.keptFrom('app-x')).toBeUndefined();
});

test('data that was kept before origins were noted is of none', () => {
  const file = join(dir, 'old.sqlite');
  {
    using records = openRecords(file, silent);
    records.component('app-x', () => 'k');
  }
  const db = new Database(file);
  db.exec('UPDATE component SET kept = 1; ALTER TABLE component DROP COLUMN origin; PRAGMA user_version = 1');
  db.close();
  using again = openRecords(file, silent);
  expect(again.keptFrom('app-x')).toBe('');
});

test('a fact is made once', () => {
  using records = openRecords(':memory:', silent);
  expect([records.fact('box', () => 'a'), records.fact('box', () => 'b')]).toEqual(['a', 'a']);
});
