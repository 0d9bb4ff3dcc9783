import { readFileSync } from 'node:fs';
import { type Box, startBox } from './box.ts';
import { statusOf } from './far-side.ts';

const fixture = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(`test/fixtures/manifests/${name}-manifest.json`, 'utf8')) as Record<string, unknown>;
const app = fixture('app-os-monitor');
const driver = fixture('driver-os-monitor');

let box: Box;
let cookie: string;
beforeAll(async () => {
  box = await startBox({ manifests: [app, driver] });
  cookie = await box.logIn();
});
afterAll(() => box[Symbol.asyncDispose]());
beforeEach(() => {
  box.manager.calls.length = 0;
  box.appstore.calls.length = 0;
});
const get = async (path: string) => {
  const reply = await box.ask(path, { headers: { cookie } });
  return [reply.status, JSON.parse(reply.body)] as [number, unknown];
};
const post = (path: string, body: unknown) =>
  box.ask(path, { method: 'POST', headers: { cookie }, body: typeof body === 'string' ? body : JSON.stringify(body) });

describe('/core-ui/ui/api', () => {
  test('install answers to the byte, after the check and before the install', async () => {
    const manifest = {
      ...driver,
      datasources: null,
      packages: null,
      'export-whitelist': null,
      'external-whitelist': null,
    };
    const reply = await post('/core-ui/ui/api/install', { manifest });
    expect([reply.status, reply.body]).toEqual([200, '{"status": 200}']);
    expect(box.manager.calls).toEqual([
      { name: 'check', argument: { manifest } },
      { name: 'install', argument: { manifest } },
    ]);
  });
  test.each(['uninstall', 'restart'])('%s answers to the byte', async (verb) => {
    expect((await post(`/core-ui/ui/api/${verb}`, { name: 'app-x' })).body).toBe('{"status": 200}');
    expect(box.manager.calls.map(({ name }) => name)).toEqual([verb]);
  });
  test('revoke and allow name one line of the agreement', async () => {
    await post('/core-ui/ui/api/revoke', { name: 'app-x', datasource: 'loadavg1' });
    await post('/core-ui/ui/api/allow', { name: 'app-x', host: 'api.example' });
    expect(box.manager.calls).toEqual([
      { name: 'revoke', argument: { name: 'app-x', line: { datasource: 'loadavg1' } } },
      { name: 'allow', argument: { name: 'app-x', line: { host: 'api.example' } } },
    ]);
    expect((await post('/core-ui/ui/api/revoke', { name: 'app-x' })).status).toBe(400);
  });
  test.each([
    ['install', '{"manifest":', 400],
    ['install', {}, 400],
    ['install', { manifest: { name: '../x' } }, 400],
    ['install', { manifest: 'x'.repeat(600_000) }, 413],
    ['install', '['.repeat(100_000), 400],
    ['uninstall', { name: 'app-absent' }, 404],
    ['restart', { name: 7 }, 400],
    ['restart', 'null', 400],
    ['nothing', {}, 404],
  ])('%s of %j is refused in JSON that says why', async (verb, body, status) => {
    const reply = await post(`/core-ui/ui/api/${verb}`, body);
    expect(reply.status).toBe(status);
    expect(JSON.parse(reply.body)).toEqual(
      expect.objectContaining({ status, error: expect.any(String) as string, code: expect.any(String) as string }),
    );
    expect(box.manager.calls.filter(({ name }) => name === 'install')).toEqual([]);
  });
  test('reads', async () => {
    const [status, list] = await get('/core-ui/ui/api/containerStatus');
    expect([status, (list as unknown[])[0]]).toEqual([
      200,
      expect.objectContaining({
        name: 'app-x',
        type: 'app',
        desiredState: 'running',
        state: 'running',
        status: 'running',
      }),
    ]);
    expect(await get('/core-ui/ui/api/dataSources')).toEqual([200, []]);
    expect(await get('/core-ui/ui/api/appStore')).toEqual([
      200,
      { apps: ['app-os-monitor'], drivers: ['driver-os-monitor'] },
    ]);
    expect(await get('/core-ui/ui/api/manifest/app-os-monitor')).toEqual([
      200,
      expect.objectContaining({ name: 'app-os-monitor' }),
    ]);
    expect(await get('/core-ui/ui/api/manifest/none')).toEqual([
      404,
      expect.objectContaining({ code: 'manifest.unknown' }),
    ]);
    expect(await get('/core-ui/ui/api/permissions/app-x')).toMatchObject([200, { name: 'app-x' }]);
  });
  test('drivers that could feed an app are those that provide a type it asks for and are not installed', async () => {
    const offered = async () =>
      ((await get('/core-ui/ui/api/drivers/app-os-monitor'))[1] as { name: string }[]).map(({ name }) => name);
    expect(await offered()).toEqual(['driver-os-monitor']);
    box.manager.components.push(statusOf('driver-os-monitor', { type: 'driver' }));
    expect(await offered()).toEqual([]);
    box.manager.components.pop();
    expect(await get('/core-ui/ui/api/drivers/driver-os-monitor')).toEqual([200, []]);
  });
  test('U07 is matched letter by letter', async () => {
    for (const path of ['/core-ui/ui/API/restart', '/Core-UI/ui/api/restart', '/core-ui/ui/api/RESTART']) {
      expect((await post(path, { name: 'app-x' })).status).toBe(404);
    }
    expect(box.manager.calls).toEqual([]);
  });
});

describe('/app-store/ui/api', () => {
  test('takes manifests and repositories, and syncs', async () => {
    const store = { name: 'Mine', giturl: 'https://github.com/u/r' };
    const each = [
      ['addManifest', app],
      ['addStore', store],
      ['removeStore', store],
      ['refresh', ''],
    ] as const;
    for (const [verb, body] of each) {
      expect([verb, (await post(`/app-store/ui/api/${verb}`, body)).body]).toEqual([verb, '{"status": 200}']);
    }
    expect((await box.ask('/app-store/ui/api/refresh', { headers: { cookie } })).body).toBe('{"status": 200}');
    expect(box.appstore.calls).toEqual([
      { name: 'add', argument: 'app-os-monitor' },
      { name: 'addRepository', argument: { name: 'Mine', url: 'https://github.com/u/r' } },
      { name: 'sync', argument: null },
      { name: 'removeRepository', argument: 'https://github.com/u/r' },
      { name: 'sync', argument: null },
      { name: 'sync', argument: null },
      { name: 'sync', argument: null },
    ]);
  });
  test('refuses what is no manifest', async () => {
    const reply = await post('/app-store/ui/api/addManifest', { name: 'x' });
    expect([reply.status, JSON.parse(reply.body)]).toEqual([
      400,
      expect.objectContaining({ status: 400, code: 'manifest.invalid' }),
    ]);
  });
});
