/** O09: random requests, valid and not, from the API description: never a defect, never a hang, refusals as documented. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { loadConfig } from '../../../src/base/config.ts';
import { silent } from '../../../src/base/log.ts';
import { startDesk } from '../../../src/dev.ts';
import { wish } from '../manager/minting.ts';
import { app, startAdminBox } from '../manager/web/admin-box.ts';
import { startBox } from '../manager/web/box.ts';
import { readDocument } from './document.ts';
import { hammer, seed, share, needsOthers } from './hammer.ts';
import type { Request, Samples } from './requests.ts';

beforeAll(() => console.info(`O09: DATABOX_FUZZ_SEED=${seed} repeats this run`));

const destination = 'https://export.example.org/in';

const opened = (socket: Duplex, event: string): Promise<Duplex> =>
  new Promise((resolve, reject) => socket.once(event, () => resolve(socket)).once('error', reject));

const memoryMiB = (): number => process.memoryUsage().rss / 2 ** 20;

async function startFuzzedDesk() {
  await using up = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'databox-fuzz-'));
  up.defer(() => rmSync(dir, { recursive: true, force: true }));
  const stop = new AbortController();
  up.defer(() => stop.abort());
  writeFileSync(
    join(dir, 'app-fuzz.json'),
    JSON.stringify({ ...app, name: 'app-fuzz', 'export-whitelist': [{ url: destination, description: '' }] }),
  );
  const flags = {
    'state.dir': join(dir, 'state'),
    'appstore.repositories': [dir, `${process.cwd()}/examples/driver-os-monitor`],
    'network.upstream': '127.0.0.1:9',
  };
  const desk = up.use(await startDesk({ config: loadConfig({ flags }), log: silent, signal: stop.signal, port: 0 }));
  const way = up.move();
  return { url: desk.url, port: Number(new URL(desk.url).port), [Symbol.asyncDispose]: () => way.disposeAsync() };
}

/** Tokens of the desk, each asked for once. */
function tokensOf(url: string) {
  const known = new Map<string, Promise<string>>();
  const mint = async (asked: object): Promise<string> => {
    const reply = await fetch(`${url}/arbiter/token`, {
      method: 'POST',
      headers: { 'x-api-key': 'dev-app-fuzz' },
      body: JSON.stringify(asked),
    });
    return reply.ok ? reply.text() : 'none.for.this';
  };
  return async ({ template, method, path, parsed }: Request): Promise<string[]> => {
    if (template.startsWith('/arbiter/')) return ['x-api-key: dev-app-fuzz'];
    if (template.startsWith('/app-store/')) return [];
    const isExport = template.startsWith('/export-service/');
    const uri = (parsed as { uri?: string } | undefined)?.uri ?? '';
    const asked = isExport
      ? {
          target: 'export-service',
          path: path.slice('/export-service'.length),
          method: 'POST',
          caveats: [{ destination: uri }],
        }
      : { target: 'driver-os-monitor-core-store', path: '/*', method };
    const key = JSON.stringify(asked);
    known.set(key, known.get(key) ?? mint(asked));
    return [`x-api-key: ${await known.get(key)}`];
  };
}

const component = { path: { name: 'driver-x' } };
const whole = { body: { manifest: app } };
const repository = { name: 'Nowhere', url: 'https://nowhere.invalid/nowhere.git' };
const adminSamples: Samples = {
  'POST /review': whole,
  'POST /components': whole,
  'POST /replace': whole,
  'DELETE /components/{name}': component,
  'POST /components/{name}/restart': component,
  'POST /components/{name}/token': { path: { name: 'app-y' }, body: wish },
  'GET /components/{name}/logs': component,
  'GET /components/{name}/sla': component,
  'POST /network/connect': { body: { name: 'app-y', peers: ['arbiter', 'api.example.org'] } },
  'POST /network/disconnect': { body: { name: 'app-y', ip: '10.196.1.2/24' } },
  'POST /network/restart': { body: { name: 'app-y', old_ip: '10.196.1.2', new_ip: '10.196.1.2' } },
  'POST /network/privileged': { body: { src_ip: '10.196.1.254' } },
  'GET /stores/{store}/{path}': { path: { store: 'driver-x-core-store', path: 'ts/loadavg1/latest' } },
  'GET /backups/{store}': { path: { store: 'driver-x-core-store' } },
  'POST /retention/{store}': {
    path: { store: 'driver-x-core-store' },
    body: { path: '/ts/loadavg1', keepMs: 9_000_000_000_000, maxBytes: null },
  },
  'POST /backups/{store}': { path: { store: 'driver-x-core-store' } },
  'POST /repositories': { body: repository },
  'DELETE /repositories': { body: { url: repository.url } },
  'POST /manifests': { body: { ...app, name: 'app-mine' } },
};

test('O09 stores, arbiter, export service and desk', async () => {
  await using desk = await startFuzzedDesk();
  const before = memoryMiB();
  const never = await hammer(
    {
      described: readDocument('src/openapi.json'),
      connect: () => opened(connectTcp(desk.port, '127.0.0.1'), 'connect'),
      host: 'localhost',
      proof: tokensOf(desk.url),
      samples: {
        'POST /app-store/manifests': { body: { ...app, name: 'app-new' } },
        'POST /arbiter/token': { body: { target: 'driver-os-monitor-core-store', path: '/*', method: 'GET' } },
        'POST /export-service/export': { body: { uri: destination, data: '{"a":1}' } },
        'POST /export-service/lp/export': { body: { uri: destination, data: '{"a":1}' } },
      },
      skip: needsOthers.map((operation) => operation.replace(' ', ' /{store}')),
    },
    share(1_400, 30_000),
  );
  expect(never).toEqual([]);
  expect(memoryMiB() - before).toBeLessThan(400);
  expect((await fetch(`${desk.url}/openapi.json`)).status).toBe(200);
}, 1_800_000);

test('O09 the owner’s HTTPS', async () => {
  await using box = await startBox({ manifests: [app] });
  let cookie = await box.logIn();
  let wasEnded = false;
  const never = await hammer(
    {
      described: readDocument('src/manager/web/owner.openapi.json'),
      connect: () =>
        opened(
          connectTls({
            host: '127.0.0.1',
            port: box.owner.httpsPort,
            ca: box.authority.pem,
            checkServerIdentity: () => undefined,
          }),
          'secureConnect',
        ),
      host: '127.0.0.1',
      async proof({ target }) {
        if (wasEnded) cookie = await box.logIn();
        wasEnded = /logout/i.test(target);
        return [`cookie: ${cookie}`];
      },
      // A wrong password makes the next one wait; guessing.test.ts is about that.
      skip: ['GET /core-ui/ui/api/connect'],
      samples: {
        'POST /core-ui/ui/api/install': { body: { manifest: app } },
        'POST /core-ui/ui/api/review': { body: { manifest: app } },
        'POST /core-ui/ui/api/uninstall': { body: { name: 'app-x' } },
        'POST /core-ui/ui/api/restart': { body: { name: 'app-x' } },
        'POST /app-store/ui/api/addManifest': { body: app },
      },
    },
    share(300, 12_000),
  );
  expect(never).toEqual([]);
  expect((await box.ask('/core-ui/ui/')).status).toBe(200);
}, 1_800_000);

test('O09 the admin socket', async () => {
  await using box = await startAdminBox();
  const never = await hammer(
    {
      described: readDocument('src/manager/web/admin.openapi.json'),
      connect: () => opened(connectTcp(box.admin.path), 'connect'),
      host: 'localhost',
      proof: () => Promise.resolve([]),
      prepare({ method, target }) {
        if (method === 'DELETE' && target === '/repositories') box.parts.appstore.addRepository(repository);
      },
      // Does not end: authors.test.ts is about that.
      skip: ['GET /watch/{store}/{path}'],
      samples: adminSamples,
    },
    share(300, 8_000),
  );
  // No random body is a backup: each was refused.
  expect(never).toEqual(['POST /backups/{store}']);
  expect((await box.ask('GET', '/status')).status).toBe(200);
}, 1_800_000);
