import Database from 'better-sqlite3';
import { statSync } from 'node:fs';
import { appIp, codeOf, house, newFile, open, otherIp, reading, store, tokenFor, use } from './house.ts';

const works = (arbiter: ReturnType<typeof house>, token: string, change: Partial<typeof use> = {}): string =>
  codeOf(() => arbiter.verify(token, { ...use, ...change }));

test.each([
  ['T07 from another app’s address', { caller: otherIp }],
  ['T07 from the house', { caller: '192.168.1.20' }],
  ['T07 from no address', { caller: '' }],
])('%s: 401, also when the token was just accepted', (_, change) => {
  using arbiter = house();
  const token = tokenFor(arbiter);
  expect([works(arbiter, token), works(arbiter, token, change), works(arbiter, token)]).toEqual([
    'ok',
    'token.invalid',
    'ok',
  ]);
});

test.each([
  ['T05 another store', { target: 'other-store' }],
  ['T05 another method', { method: 'POST' }],
  ['T05 delete', { method: 'DELETE' }],
  ['T05 another datasource', { path: '/ts/light/latest' }],
  ['T06 a sibling that shares the prefix', { path: '/ts/temperature/latest' }],
  ['T06 another case', { path: '/ts/TEMP/latest' }],
  ['T06 matrix parameter', { path: '/ts/temp;a=b/latest' }],
  ['the path without what the wildcard stands for', { path: '/ts/temp' }],
])('%s: 403', (_, change) => {
  using arbiter = house();
  expect(works(arbiter, tokenFor(arbiter), change)).toBe('token.forbidden');
});

test.each(['/ts/temp/../light/latest', '/ts/temp//latest', '/ts/temp/latest/', '/ts/temp/%2e%2e/x', '/ts/temp/.'])(
  'T06 %s is decided on no path at all: 400',
  (path) => {
    using arbiter = house();
    expect(works(arbiter, tokenFor(arbiter), { path })).toBe('path.invalid');
  },
);

test('T08 after revoke the token is dead, also when the same is granted again and a new token works', () => {
  using arbiter = house();
  const token = tokenFor(arbiter);
  expect(works(arbiter, token)).toBe('ok');
  expect(arbiter.revoke('app', reading)).toMatchObject([{ id: 1, component: 'app', ...reading }]);
  expect(works(arbiter, token)).toBe('token.invalid');
  expect(codeOf(() => tokenFor(arbiter))).toBe('permission.refused');
  expect(arbiter.grant('app', reading, []).id).toBe(2);
  expect([works(arbiter, token), works(arbiter, tokenFor(arbiter))]).toEqual(['token.invalid', 'ok']);
});

test.each([
  ['uninstall and reinstall', (arbiter: ReturnType<typeof house>) => arbiter.remove('app')],
  ['re-registration', () => {}],
])('T08 after %s the old token stays dead and the new one works', (_, before) => {
  using arbiter = house();
  const token = tokenFor(arbiter);
  before(arbiter);
  arbiter.register({ name: 'app', type: 'app', key: 'new key', address: appIp });
  expect(arbiter.grants('app')).toEqual([]);
  expect(works(arbiter, token)).toBe('token.invalid');
  arbiter.grant('app', reading, []);
  expect([works(arbiter, token), works(arbiter, tokenFor(arbiter))]).toEqual(['token.invalid', 'ok']);
});

test('T08 after the target’s secret rotated, tokens for it are dead; the grant lives on', () => {
  using arbiter = house();
  const token = tokenFor(arbiter);
  expect(works(arbiter, token)).toBe('ok');
  arbiter.register({ name: store, type: 'store', key: 'store key' });
  expect([works(arbiter, token), works(arbiter, tokenFor(arbiter))]).toEqual(['token.invalid', 'ok']);
});

test('T08 a restart keeps living tokens alive and dead ones dead', () => {
  const file = newFile();
  const before = house(file);
  const [dead, alive] = [tokenFor(before), before.grant('app', { ...reading, method: 'POST' }, [])];
  before.revoke('app', reading);
  const living = before.mint('app', { ...reading, method: 'POST', caveats: [] }, 'rest');
  before[Symbol.dispose]();
  using after = open(file);
  expect(works(after, dead)).toBe('token.invalid');
  expect(after.verify(living, { ...use, method: 'POST' }).grant).toBe(alive.id);
  expect(after.grant('app', reading, []).id).toBeGreaterThan(alive.id);
});

test('T08 grant ids are not given again after the newest was removed and the process restarted', () => {
  const file = newFile();
  const before = house(file);
  const token = tokenFor(before);
  before.revoke('app', reading);
  before[Symbol.dispose]();
  using after = open(file);
  after.grant('app', reading, []);
  expect(works(after, token)).toBe('token.invalid');
});

test('N13 an address that another component received takes no token of its former holder', () => {
  using arbiter = house();
  const token = tokenFor(arbiter);
  arbiter.locate('other', appIp);
  expect(works(arbiter, token)).toBe('token.invalid');
  arbiter.locate('app', '10.196.9.2');
  expect(works(arbiter, token, { caller: '10.196.9.2' })).toBe('ok');
});

test('T03 the file is for its owner alone, keys are not in it, each secret has 256 bits of its own', () => {
  const file = newFile();
  house(file)[Symbol.dispose]();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const db = new Database(file);
  const rows = db.prepare('SELECT key, secret FROM component').all() as { key: Buffer; secret: Buffer }[];
  expect(new Set(rows.map(({ secret }) => secret.toString('hex'))).size).toBe(4);
  expect(rows.every(({ secret }) => secret.length === 32)).toBe(true);
  expect(rows.some(({ key }) => key.includes('app key'))).toBe(false);
  db.close();
});

test.each([
  ['empty', Buffer.alloc(0)],
  ['default', Buffer.alloc(32)],
  ['short', Buffer.alloc(16, 1)],
])('T03 an %s secret stops the start', (_, secret) => {
  const file = newFile();
  house(file)[Symbol.dispose]();
  const db = new Database(file);
  db.pragma('ignore_check_constraints = ON');
  db.prepare('UPDATE component SET secret = ? WHERE name = ?').run(secret, store);
  db.close();
  expect(codeOf(() => open(file))).toBe('database.damaged');
});
