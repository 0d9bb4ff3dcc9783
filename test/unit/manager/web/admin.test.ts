import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Failure } from '../../../../src/base/errors.ts';
import { startAdmin } from '../../../../src/manager/web/index.ts';
import { type AdminBox, app, hrefs, startAdminBox } from './admin-box.ts';

let box: AdminBox;
beforeAll(async () => (box = await startAdminBox()));
afterAll(() => box[Symbol.asyncDispose]());
beforeEach(() => {
  box.manager.calls.length = 0;
  box.networkCalls.length = 0;
});
const get = async (path: string) => (await box.ask('GET', path)).json();

describe('the socket', () => {
  test('is for root alone', () => expect(statSync(box.admin.path).mode & 0o777).toBe(0o600));
  test('is refused to a second Databox, and the first one keeps it', async () => {
    await expect(startAdmin(box.parts)).rejects.toMatchObject({ code: 'databox.running' });
    expect((await box.ask('GET', '/status')).status).toBe(200);
  });
  test('that a crash left behind is replaced, and goes with its process', async () => {
    const runDir = join(box.dir, 'crashed');
    const config = { 'run.dir': runDir };
    const first = await startAdmin({ ...box.parts, config });
    await first[Symbol.asyncDispose]();
    writeFileSync(first.path, '');
    chmodSync(first.path, 0o644);
    await using second = await startAdmin({ ...box.parts, config });
    expect(statSync(second.path).isSocket()).toBe(true);
    await second[Symbol.asyncDispose]();
    expect(() => statSync(second.path)).toThrow('ENOENT');
  });
});

describe('components', () => {
  test('status and list', async () => {
    expect(await get('/status')).toMatchObject({ healthy: false, problems: ['the rules were flushed'] });
    expect(await get('/components')).toEqual([
      expect.objectContaining({ name: 'app-y' }),
      expect.objectContaining({ name: 'driver-x' }),
    ]);
    expect(await get('/datasources')).toEqual([expect.objectContaining({ href: hrefs[0] })]);
  });
  test('an install reports each step and its end', async () => {
    const reply = await box.ask('POST', '/components', { manifest: app, choices: { LOAD: hrefs[0] } });
    expect([reply.status, reply.type]).toEqual([200, 'application/x-ndjson']);
    const lines = reply.body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    const steps = [
      { step: 'network', message: 'Making a network' },
      { step: 'container', message: 'Starting a container' },
    ];
    expect(lines).toEqual([...steps, { done: true }]);
    expect(box.manager.calls.map(({ name }) => name)).toEqual(['check', 'install', 'install ended']);
    expect(box.manager.calls[1]?.argument).toEqual({ manifest: app, choices: { LOAD: hrefs[0] } });
  });
  test('an install that fails half-way says so in its last line', async () => {
    box.manager.given.installFailure = new Failure('image.missing', 'no image', { image: 'x' });
    const reply = await box.ask('POST', '/components', { name: 'app-x' });
    box.manager.given.installFailure = undefined;
    const [last] = reply.body.trim().split('\n').slice(-1);
    expect(JSON.parse(last ?? '')).toEqual({
      problem: expect.objectContaining({ code: 'image.missing', image: 'x' }) as unknown,
    });
  });
  test.each([[{}], [{ name: 'a', manifest: {} }], [{ name: 7 }], ['x']])(
    'an install of %j is refused',
    async (body) => {
      expect((await box.ask('POST', '/components', body)).status).toBe(400);
      expect(box.manager.calls).toEqual([]);
    },
  );
  test('uninstall keeps data unless told otherwise', async () => {
    expect((await box.ask('DELETE', '/components/driver-x')).status).toBe(200);
    expect((await box.ask('DELETE', '/components/driver-x?data=delete')).status).toBe(200);
    expect((await box.ask('DELETE', '/components/driver-x?data=burn')).status).toBe(400);
    expect((await box.ask('DELETE', '/components/absent')).status).toBe(404);
    expect(box.manager.calls.map(({ argument }) => argument)).toEqual([
      { name: 'driver-x', options: { data: 'keep' } },
      { name: 'driver-x', options: { data: 'delete' } },
    ]);
  });
  test('restart, agreement, revoke and allow', async () => {
    expect((await box.ask('POST', '/components/driver-x/restart')).status).toBe(200);
    expect(await get('/components/driver-x/sla')).toMatchObject({ name: 'driver-x', revoked: { hosts: [] } });
    await box.ask('POST', '/components/app-y/revoke', { datasource: 'LOAD' });
    await box.ask('POST', '/components/app-y/allow', { destination: 'https://a.example/' });
    expect((await box.ask('POST', '/components/app-y/revoke', { datasource: 'a', host: 'b' })).status).toBe(400);
    expect(box.manager.calls).toEqual([
      { name: 'restart', argument: 'driver-x' },
      { name: 'revoke', argument: { name: 'app-y', line: { datasource: 'LOAD' } } },
      { name: 'allow', argument: { name: 'app-y', line: { destination: 'https://a.example/' } } },
    ]);
  });
  test('logs end, or are followed until the reader leaves', async () => {
    expect((await box.ask('GET', '/components/app-y/logs')).body).toContain('hello from app-y');
    expect((await box.ask('GET', '/components/absent/logs')).status).toBe(404);
    const socket = connect(box.admin.path);
    socket.write('GET /components/app-y/logs?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n');
    let text = '';
    socket.on('data', (part: Buffer) => (text += part.toString()));
    while (!text.includes('hello from')) await once(socket, 'data');
    socket.destroy();
    while (!box.manager.calls.some(({ name }) => name === 'logs ended')) await new Promise(setImmediate);
  });
});

describe('data', () => {
  test('stores and what a GET of a path answers', async () => {
    expect(await get('/stores')).toEqual([
      expect.objectContaining({
        name: 'driver-x-core-store',
        datasources: [{ id: 'loadavg1', kind: 'ts', entries: 2, keepMs: null, maxBytes: null }],
      }),
    ]);
    expect(await get('/stores/driver-x-core-store/ts/loadavg1/latest')).toEqual([
      expect.objectContaining({ data: expect.objectContaining({ value: 0.5 }) as unknown }),
    ]);
    expect(await get('/stores/absent/ts/x/latest')).toMatchObject({ code: 'store.unknown' });
    expect((await box.ask('GET', '/stores/driver-x-core-store/ts/..%2f..%2fx/latest')).status).toBe(400);
  });
  test('exports are filtered by what is known of them', async () => {
    expect(await get('/exports?component=app-y&since=0&limit=5')).toEqual([]);
    expect((await box.ask('GET', '/exports?limit=-1')).status).toBe(400);
    expect((await box.ask('GET', '/exports?colour=red')).status).toBe(400);
  });
  test('manifests and repositories', async () => {
    const [shop] = (await get('/repositories')) as { broken: unknown[] }[];
    expect(shop?.broken).toHaveLength(1);
    expect(await get('/manifests?search=load')).toEqual([expect.objectContaining({ warnings: [] })]);
    expect(await get('/manifests?search=weather')).toEqual([]);
    expect((await box.ask('POST', '/manifests', { ...app, name: 'app-mine' })).status).toBe(201);
    expect(await get('/manifests')).toHaveLength(2);
    expect((await box.ask('POST', '/repositories', { name: 'x', url: 'ext::sh' })).status).toBe(400);
    expect((await box.ask('POST', '/repositories/sync')).json()).toHaveLength(1);
  });
});

describe('the five calls of the original network service', () => {
  const post = async (call: string, body: unknown) => {
    const reply = await box.ask('POST', `/network/${call}`, body);
    return [reply.status, reply.json()];
  };
  test('status', async () => expect((await box.ask('GET', '/network/status')).body).toBe('active'));
  test('connect names services, components and outside hosts', async () => {
    expect(
      await post('connect', { name: 'app-y', peers: ['arbiter', 'driver-x-core-store', 'app-y', 'api.example'] }),
    ).toEqual([200, {}]);
    const ports = [
      { protocol: 'tcp', port: 80 },
      { protocol: 'tcp', port: 443 },
    ];
    expect(box.networkCalls).toEqual([
      {
        name: 'connect app-y',
        argument: [
          { kind: 'service', name: 'arbiter' },
          { kind: 'service', name: 'driver-x-core-store' },
          { kind: 'component', name: 'app-y' },
          { kind: 'external', host: 'api.example', ports },
        ],
      },
    ]);
  });
  test('disconnect wants an address with its prefix length, as it did', async () => {
    expect(await post('disconnect', { name: 'app-y', ip: '10.196.1.2/24' })).toEqual([200, {}]);
    expect((await post('disconnect', { name: 'app-y', ip: '10.196.1.2' }))[0]).toBe(400);
    expect(box.networkCalls).toHaveLength(1);
  });
  test('restart and privileged accept what is true and refuse the rest', async () => {
    expect(await post('restart', { name: 'app-y', old_ip: '10.196.1.2', new_ip: '10.196.1.2' })).toEqual([200, {}]);
    expect((await post('restart', { name: 'app-y', old_ip: '10.196.1.2', new_ip: '10.196.1.9' }))[0]).toBe(403);
    expect((await post('restart', { name: 'absent', old_ip: '10.196.1.2', new_ip: '10.196.1.2' }))[0]).toBe(404);
    expect(await post('privileged', { src_ip: '10.196.1.254' })).toEqual([200, {}]);
    expect((await post('privileged', { src_ip: '10.196.1.2' }))[0]).toBe(403);
  });
});

test('stop answers first', async () => {
  expect((await box.ask('POST', '/stop')).status).toBe(202);
  expect(box.stops).toEqual(['stop']);
});

test('what is not there is a problem', async () => {
  expect((await box.ask('GET', '/nothing')).json()).toMatchObject({ status: 404, code: 'path.unknown' });
  expect((await box.ask('GET', '/STATUS')).status).toBe(404);
});
