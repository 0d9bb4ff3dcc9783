/** A token is good for what it names, for whom it names, while it is valid; everything else is refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import jwt from 'jsonwebtoken';
import {
  driverStore,
  hrefOf,
  installApp,
  installDriver,
  endRig,
  startRig,
  tokenOf,
  urlOf,
  withToken,
  type Inside,
  type Rig,
} from './rig/index.ts';

let rig: Rig;
let app: Inside;
let token: string;
const allowed = urlOf(driverStore, '/ts/temperature/latest');

beforeAll(async () => {
  rig = await startRig();
  await installDriver(rig);
  app = await installApp(rig, 'app-probe');
  await installApp(rig, 'app-other');
  token = await tokenOf(app, driverStore, '/ts/temperature/*');
}, 240_000);
afterAll(() => endRig(rig), 60_000);

const statusOf = async (url: string, used: string, method = 'GET', inside = app): Promise<number | string> => {
  const body = method === 'POST' ? { value: 9 } : undefined;
  const [answer] = await inside.ask([withToken(used, { url, method }, body)]);
  return answer?.status ?? answer?.error ?? 'nothing';
};
const refused = [401, 403];

test('it opens its own path', async () => expect(await statusOf(allowed, token)).toBe(200));

test.each([
  ['another path', urlOf(driverStore, '/ts/secret/latest'), 'GET'],
  ['a sibling that begins alike', urlOf(driverStore, '/ts/temperatures/latest'), 'GET'],
  ['the path above', urlOf(driverStore, '/ts/temperature'), 'GET'],
  ['the catalogue', urlOf(driverStore, '/cat'), 'GET'],
  ['another method on the path', urlOf(driverStore, '/ts/temperature/at/1'), 'POST'],
  ['deletion', urlOf(driverStore, '/ts/temperature/latest'), 'DELETE'],
  ['another store, even the app’s own', urlOf('app-probe-core-store', '/ts/temperature/latest'), 'GET'],
  ['the arbiter', urlOf('arbiter', '/cat'), 'GET'],
])('it does not open %s', async (_what, url, method) => {
  expect(refused).toContain(await statusOf(url, token, method));
});

test.each([
  '/ts/secret/../temperature/latest',
  '/ts/temperature%2f..%2fsecret/latest',
  '//ts/temperature/latest',
  '/TS/temperature/latest',
  '/ts/temperature/latest/',
])('another spelling is never read more generously: %s', async (path) => {
  const status = await statusOf(`https://${driverStore}:8080${path}`, token);
  expect([400, 401, 403, 404]).toContain(status);
});

test('it does not become an observation of another path, nor a write', async () => {
  const [answer] = await app.ask([
    withToken(token, { url: urlOf(driverStore, '/ts/secret'), headers: { accept: 'text/event-stream' } }),
  ]);
  expect(refused).toContain(answer?.status);
});

test('expired, tampered, unsigned and foreign-key tokens are no tokens', async () => {
  const db = new DatabaseSync(join(rig.databox.stateDir, 'arbiter.sqlite'), { readOnly: true });
  const row = db.prepare('SELECT secret FROM component WHERE name = ?').get(driverStore) as { secret: Uint8Array };
  db.close();
  const secret = Buffer.from(row.secret);
  const claims = jwt.verify(token, secret, { algorithms: ['HS256'] }) as jwt.JwtPayload;
  const sign = (changes: object, key: Buffer = secret) =>
    jwt.sign({ ...claims, ...changes }, key, { algorithm: 'HS256' });
  expect(await statusOf(allowed, sign({}))).toBe(200); // the test's own signature is as good as the arbiter's
  const hour = 3_600;
  const now = Math.floor(Date.now() / 1_000);
  const [header = '', body = '', signature = ''] = token.split('.');
  const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const endless = Object.fromEntries(Object.entries(claims).filter(([name]) => name !== 'exp'));
  const forgeries: [string, string][] = [
    ['expired', sign({ iat: now - 2 * hour, exp: now - hour })],
    ['not yet valid', sign({ iat: now + hour, exp: now + 2 * hour })],
    ['without an end, for the door that needs one', jwt.sign(endless, secret, { algorithm: 'HS256' })],
    ['with an unknown grant', sign({ grant: 999_999 })],
    ['for another component', sign({ sub: 'app-other' })],
    ['foreign key', sign({}, Buffer.alloc(32, 7))],
    ['empty key', jwt.sign(claims, 'x', { algorithm: 'HS256' })],
    ['another algorithm', jwt.sign(claims, secret, { algorithm: 'HS512' })],
    ['alg none', `${base64({ alg: 'none', typ: 'JWT' })}.${body}.`],
    ['alg none with the signature', `${base64({ alg: 'none', typ: 'JWT' })}.${body}.${signature}`],
    ['tampered claims', `${header}.${base64({ ...claims, path: '/*' })}.${signature}`],
    ['cut signature', `${header}.${body}.${signature.slice(0, -4)}`],
    ['no signature', `${header}.${body}.`],
    ['extra segment', `${token}.x`],
    ['not a token', 'x'.repeat(10_000)],
    ['nothing', ''],
  ];
  for (const [what, forged] of forgeries) {
    expect([what, await statusOf(allowed, forged)]).toEqual([what, 401]);
  }
}, 60_000);

test('a key is nobody else’s: used from another component it gets nothing', async () => {
  const key = readFileSync(join(rig.databox.runDir, 'secrets/app-probe/ARBITER_TOKEN'), 'utf8');
  const ask = { method: 'POST', url: urlOf('arbiter', '/token') };
  const route = { target: driverStore, path: '/ts/temperature/*', method: 'GET' };
  const asked = withToken(key, ask, route);
  const [own] = await app.ask([asked]);
  const [stolen] = await rig.inside('app-other').ask([asked]);
  expect([own?.status, stolen?.status]).toEqual([200, 401]);
});

test('a token is nobody else’s either', async () => {
  const other = rig.inside('app-other');
  const its = await tokenOf(other, driverStore, '/ts/temperature/*');
  expect(await statusOf(allowed, its, 'GET', other)).toBe(200); // its own works from there
  expect(await statusOf(allowed, token, 'GET', other)).toBe(401);
});

test('nothing is minted beyond the agreement', async () => {
  const routes = [
    { target: driverStore, path: '/ts/secret/*', method: 'GET' },
    { target: driverStore, path: '/*', method: 'GET' },
    { target: driverStore, path: '/ts/temperature/*', method: 'POST' },
    { target: 'app-other-core-store', path: '/cat', method: 'GET' },
    { target: 'export-service', path: '/export', method: 'POST' },
    {
      target: 'export-service',
      path: '/export',
      method: 'POST',
      caveats: [{ destination: 'https://evil.example.test/' }],
    },
  ];
  for (const route of routes) expect([route, (await app.token(route)).status]).toEqual([route, 403]);
  expect(await rig.databox.admin.read<{ datasources: { href: string }[] }>('/components/app-probe/sla')).toMatchObject({
    datasources: [{ href: hrefOf('temperature') }],
  });
});
