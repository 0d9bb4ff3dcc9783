import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    using records = openRecords(file);
    records.intend({ name: 'app-x', what: 'install', data: 'delete' });
    expect(records.slas()).toEqual([]);
    records.save(sla);
  }
  using again = openRecords(file);
  expect(again.slas()).toEqual([sla]);
  expect(again.intents()).toEqual([]);
});

test('M11 an intent that nobody ended is there after a restart, and forgetting ends it', () => {
  const file = join(dir, 'b.sqlite');
  {
    using records = openRecords(file);
    records.save(sla);
    records.intend({ name: 'app-x', what: 'uninstall', data: 'keep' });
  }
  using again = openRecords(file);
  expect(again.intents()).toEqual([{ name: 'app-x', what: 'uninstall', data: 'keep' }]);
  again.forget('app-x', 'keep');
  expect([again.intents(), again.slas()]).toEqual([[], []]);
});

test('a component keeps its key while it is installed and its uid for ever; uids are never shared', () => {
  using records = openRecords(':memory:');
  const [x, y] = [records.component('app-x', () => 'k1'), records.component('app-y', () => 'k2')];
  expect(x.uid).not.toBe(y.uid);
  expect(records.component('app-x', () => 'k3')).toEqual(x);
  records.forget('app-x', 'delete');
  expect(records.component('app-z', () => 'k4').uid).not.toBe(x.uid);
  expect(records.component('app-x', () => 'k5')).toEqual({ key: 'k5', uid: x.uid });
});

test('kept data is remembered until it is deleted', () => {
  using records = openRecords(':memory:');
  records.component('app-x', () => 'k');
  expect(records.hasKept('app-x')).toBe(false);
  records.forget('app-x', 'keep');
  expect(records.hasKept('app-x')).toBe(true);
  records.forget('app-x', 'delete');
  expect(records.hasKept('app-x')).toBe(false);
});

test('a fact is made once', () => {
  using records = openRecords(':memory:');
  expect([records.fact('box', () => 'a'), records.fact('box', () => 'b')]).toEqual(['a', 'a']);
});
