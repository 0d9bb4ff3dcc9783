/**
 * The original's integration test, step by step, through the owner's HTTPS with a plain client. The two manifests are
 * the original's own; their images are our examples, under the names that those manifests lead to.
 */
import { readFileSync } from 'node:fs';
import {
  addresses,
  loadExampleImages,
  password,
  endRig,
  startRig,
  until,
  type Owner,
  type Rig,
} from '../abuse/rig/index.ts';

let rig: Rig;
let owner: Owner;
const [driver, app] = ['driver-os-monitor', 'app-os-monitor'] as const;
const ok = '{"status": 200}';

beforeAll(async () => {
  rig = await startRig({ databox: false });
  await loadExampleImages(rig);
}, 240_000);
afterAll(() => endRig(rig), 60_000);

type Datasource = { clientid: string; type: string; [member: string]: unknown };
type Manifest = { datasources?: Datasource[]; [member: string]: unknown };
const fixture = (name: string): Manifest =>
  JSON.parse(readFileSync(new URL(`../fixtures/manifests/${name}-manifest.json`, import.meta.url), 'utf8')) as Manifest;

/** As the original's manager serialised it: absent lists are null. */
const driverManifest: Manifest = {
  ...fixture(driver),
  ...{ datasources: null, packages: null, 'export-whitelist': null, 'external-whitelist': null },
} as unknown as Manifest;

/** With a ready-made item for each datasource, as its page posts it. */
const appManifest: Manifest = {
  ...fixture(app),
  datasources: (fixture(app).datasources ?? []).map((datasource) => ({
    ...datasource,
    hypercat: itemOf(datasource.type),
  })),
};

function itemOf(id: string) {
  const kind = id.endsWith('Structured') ? 'ts' : 'ts/blob';
  const rels = {
    'urn:X-hypercat:rels:hasDescription:en': id,
    'urn:X-hypercat:rels:isContentType': 'application/json',
    'urn:X-databox:rels:hasVendor': 'Databox Inc.',
    'urn:X-databox:rels:hasType': id,
    'urn:X-databox:rels:hasDatasourceid': id,
    'urn:X-databox:rels:hasStoreType': kind,
  };
  const metadata = Object.entries(rels).map(([rel, val]) => ({ rel, val }));
  return { 'item-metadata': metadata, href: `tcp://${driver}-core-store:5555/${kind}/${id}` };
}

const post = (action: string, body: unknown) => owner.post(`/core-ui/ui/api/${action}`, body);

async function connect(): Promise<void> {
  owner = rig.owner();
  const answer = await owner.login(password);
  expect([answer.status, answer.text]).toEqual([200, 'connected']);
  expect(answer.headers['set-cookie']?.[0]).toMatch(/^__Host-.*HttpOnly/);
}

async function install(): Promise<void> {
  for (const manifest of [driverManifest, appManifest]) {
    const answer = await post('install', { manifest });
    expect([answer.status, answer.text]).toEqual([200, ok]);
  }
}

/** The picture and the numbers, as soon as the app has them. */
async function shows(): Promise<void> {
  const picture = async () => {
    const answer = await owner.get(`/${app}/ui/mem.png`);
    return answer.status === 200 ? answer : undefined;
  };
  const { body } = await until('the app’s picture', picture, { timeoutMs: 60_000, everyMs: 300 });
  expect(body.subarray(0, 8)).toEqual(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'));
  const stats = await owner.get(`/${app}/ui/stats`);
  expect(stats.status).toBe(200);
  expect(stats.text).toContain('"mem":{"min":');
}

test('1–3: started with a password, it lets the owner in', async () => {
  await rig.databox.start({ 'manager.flush-slas': true });
  await connect();
  expect((await owner.get('/')).status).toBe(200);
}, 60_000);

test('without the cookie or with a wrong password nobody is', async () => {
  const stranger = rig.owner();
  expect((await stranger.login('wrong password')).status).toBe(401);
  const paths = ['/', '/core-ui/ui/api/containerStatus', `/${app}/ui/stats`, '/core-ui/ui/api/dataSources'];
  for (const path of paths) expect([path, (await stranger.get(path)).status]).toEqual([path, 401]);
});

test('4–7: driver and app installed one right after the other; the app shows what it read', async () => {
  await install();
  await shows();
}, 120_000);

test('the API lists what runs and what there is', async () => {
  const status = JSON.parse((await owner.get('/core-ui/ui/api/containerStatus')).text) as unknown[];
  for (const [name, type] of [
    [driver, 'driver'],
    [app, 'app'],
  ]) {
    const running = { name, type, desiredState: 'running', state: 'running', status: 'running' };
    expect(status).toContainEqual(expect.objectContaining(running));
  }
  const items = JSON.parse((await owner.get('/core-ui/ui/api/dataSources')).text) as { href: string }[];
  expect(items.map(({ href }) => href).sort()).toEqual((appManifest.datasources ?? []).map(hrefOf).sort());
});

const hrefOf = ({ type }: Datasource): string => itemOf(type).href;

test('a page of another origin may change nothing; a script that names none may', async () => {
  const headers = { origin: 'https://evil.example.test', 'sec-fetch-site': 'cross-site' };
  const refused = await owner.post('/core-ui/ui/api/restart', { name: app }, headers);
  expect(refused.status).toBe(403);
  const own = { origin: `https://${addresses.box.lan}`, 'sec-fetch-site': 'same-origin' };
  expect((await owner.post('/core-ui/ui/api/restart', { name: 'nobody' }, own)).status).toBe(404);
});

test('8: restarted, both work again', async () => {
  for (const name of [driver, app]) expect((await post('restart', { name })).text).toBe(ok);
  await shows();
}, 120_000);

test('9: uninstalled, both are gone', async () => {
  for (const name of [driver, app]) expect((await post('uninstall', { name })).text).toBe(ok);
  const none = async () => ((await rig.engine.containers()).length === 0 ? true : undefined);
  await until('the containers to go', none, { timeoutMs: 60_000 });
  expect((await owner.get(`/${app}/ui/stats`)).status).toBe(404);
}, 90_000);

test('10: installed anew, they work', async () => {
  await install();
  await shows();
}, 120_000);

test('11–12: stopped and started without flushing, everything is restored; the old session is not', async () => {
  expect(await rig.databox.kill('SIGTERM')).toBe(0);
  expect(await rig.engine.containers()).toEqual([]);
  await rig.databox.start();
  expect((await owner.get('/')).status).toBe(401);
  await connect();
  await shows();
}, 180_000);

test('no secret of the run stands in the log', () => {
  const log = rig.databox.log();
  expect(log.length).toBeGreaterThan(0);
  expect(log).not.toContain(password);
  expect(log).not.toMatch(/BEGIN [A-Z ]*PRIVATE KEY|eyJ[\w-]{10,}\./);
});
