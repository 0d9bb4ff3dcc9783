/** Components of the original Databox on a real box: raw clients of its protocol, in containers, with what a container has. */
import { join } from 'node:path';
import { run } from '../../../src/base/run.ts';
import {
  appManifest,
  driver,
  driverManifest,
  driverStore,
  endRig,
  hrefOf,
  itemOf,
  placeOf,
  running,
  startRig,
  type Rig,
} from '../../abuse/rig/index.ts';
import { loadZestImage, startComponent, zestImage, type Answer, type Component } from './box.ts';

let rig: Rig;
let source: Component;
let app: Component;
beforeAll(async () => {
  rig = await startRig();
  await loadZestImage(rig);
  await rig.databox.admin.mustInstall({ manifest: { ...driverManifest(driver), 'docker-image': zestImage } });
  await running(rig, driver);
  source = startComponent(rig, driver);
}, 180_000);
afterAll(async () => {
  await Promise.allSettled([source, app].map((one) => one?.[Symbol.asyncDispose]()));
  await endRig(rig);
}, 60_000);

/** A token that must be given. */
async function tokenOf(who: Component, ...[target, method, path]: [string, string, string]): Promise<string> {
  const answer = await who.token(target, method, path);
  if (answer?.code !== 69) throw new Error(`no token for ${method} ${target}${path}: ${JSON.stringify(answer)}`);
  return answer.payload;
}
const codeOf = async (answer: Promise<Answer>): Promise<number | undefined> => (await answer)?.code;
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

async function installApp(name: string): Promise<Component> {
  const manifest = appManifest(name, { datasources: { TEMPERATURE: 'temperature' } });
  await rig.databox.admin.mustInstall({
    manifest: { ...manifest, 'docker-image': zestImage },
    choices: { TEMPERATURE: hrefOf('temperature') },
  });
  await running(rig, name);
  return startComponent(rig, name);
}
const write = async (value: number): Promise<void> => {
  const token = await tokenOf(source, driverStore, 'POST', '/ts/*');
  const said = await source.ask(driverStore, 'POST /ts/temperature', { token, body: `{"value":${value}}` });
  expect(said).toEqual({ code: 65, payload: '' });
};

test('a driver finds what the original gave it, and no file ends in a newline', async () => {
  const { hostname, env, secrets } = await source.find();
  expect(hostname).toBe(driver);
  expect(env).toMatchObject({
    DATABOX_ARBITER_ENDPOINT: 'tcp://arbiter:4444',
    DATABOX_LOCAL_NAME: driver,
    DATABOX_VERSION: '0.5.2',
    DATABOX_ZMQ_ENDPOINT: `tcp://${driverStore}:5555`,
    DATABOX_ZMQ_DEALER_ENDPOINT: `tcp://${driverStore}:5556`,
  });
  expect(Object.keys(secrets).sort()).toEqual(['ARBITER_TOKEN', 'DATABOX.pem', 'DATABOX_ROOT_CA', 'ZMQ_PUBLIC_KEY']);
  expect(secrets['ZMQ_PUBLIC_KEY']?.text).toMatch(/^[\x21-\x7e]{40}$/);
  expect(secrets['ARBITER_TOKEN']?.text).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  for (const { mode, text } of Object.values(secrets)) expect([mode, text.endsWith('\n')]).toEqual([0o400, false]);
});

test('it gets a token without an end, registers a datasource, writes and reads', async () => {
  const token = await tokenOf(source, driverStore, 'POST', '/*');
  expect(claimsOf(token)).toMatchObject({ door: 'zest', sub: driver, aud: driverStore });
  expect(claimsOf(token)).not.toHaveProperty('exp');
  for (const id of ['temperature', 'secret']) {
    const body = JSON.stringify(itemOf(driverStore, id));
    expect(await codeOf(source.ask(driverStore, 'POST /cat', { token, body }))).toBe(65);
    expect(await codeOf(source.ask(driverStore, `POST /ts/${id}`, { token, body: '{"value":1}' }))).toBe(65);
  }
  const read = await tokenOf(source, driverStore, 'GET', '/*');
  const latest = await source.ask(driverStore, 'GET /ts/temperature/latest', { token: read });
  expect(latest?.payload).toMatch(/^\[\{"timestamp":\d{13},"data":\{"value":1\}\}\]$/);
  expect((await source.arbiter('GET /cat'))?.payload).toContain(`tcp://${driverStore}:5555`);
});

test('an app finds its datasource, reads it, observes it, and is told', async () => {
  app = await installApp('app-old');
  const { env } = await app.find();
  const item = JSON.parse(env['DATASOURCE_TEMPERATURE'] ?? '') as { href: string };
  expect(item.href).toBe(hrefOf('temperature'));
  const token = await tokenOf(app, driverStore, 'GET', '/ts/temperature/*');
  expect(await codeOf(app.ask(driverStore, 'GET /ts/temperature/last/5', { token }))).toBe(69);
  const own = await tokenOf(app, driverStore, 'GET', '/ts/temperature');
  const { code, identity } = await app.observe(driverStore, '/ts/temperature', own);
  expect(code).toBe(69);
  await write(21);
  const told = await app.told(/ts\/temperature/);
  expect(told).toMatchObject({ told: identity, code: 69 });
  expect(told.payload).toMatch(/^\d{13} \/ts\/temperature json \{"value":21\}$/);
});

test('what was not agreed is refused: tokens, paths, methods, and what belongs to others', async () => {
  const other = await installApp('app-other');
  const mine = await tokenOf(app, driverStore, 'GET', '/ts/temperature/*');
  const asked = (who: Component, request: string, token: string) =>
    codeOf(who.ask(driverStore, request, { token, body: '{"value":1}' }));
  expect([
    await codeOf(app.token(driverStore, 'GET', '/ts/secret/latest')),
    await codeOf(app.token(driverStore, 'POST', '/ts/temperature')),
    await codeOf(app.token('app-other-core-store', 'GET', '/cat')),
    await codeOf(app.arbiter('POST /token', { token: 'guess', body: '{}' })),
    await codeOf(app.arbiter('POST /token', { token: '', body: '{}' })),
    await codeOf(app.arbiter('POST /cm/delete-container-info', { body: '{"name":"app-other"}' })),
    await asked(app, 'GET /ts/secret/latest', mine),
    await asked(app, 'POST /ts/temperature', mine),
    await asked(app, 'DELETE /ts/temperature/latest', mine),
    await asked(app, 'GET /ts/temperature/latest', ''),
    await asked(app, 'GET /ts/temperature/latest', 'forged'),
    await asked(other, 'GET /ts/temperature/latest', mine),
  ]).toEqual([129, 129, 129, 129, 129, 128, 129, 129, 129, 129, 129, 129]);
  const key = (await app.find()).secrets['ARBITER_TOKEN']?.text ?? '';
  expect(await codeOf(other.arbiter('GET /status', { token: key, host: 'app-old' }))).toBe(129);
  expect(await codeOf(app.arbiter('GET /status', { token: key }))).toBe(65);
  // Another's store has no name here, and its address leads nowhere.
  expect(await app.ask('app-other-core-store', 'GET /cat', { token: mine }, 1_000)).toBeNull();
  await other[Symbol.asyncDispose]();
});

test('only the addresses of agreed peers, at the ports that they have, lead to a door; a forged source does not', async () => {
  const here = await placeOf(rig, 'app-old');
  const there = await placeOf(rig, 'app-other');
  const within = await rig.inside('app-old').unleash();
  const tcp = (address: string, port: number, from?: string) => ({
    ...{ kind: 'tcp' as const, address, port, timeout: 1 },
    ...(from !== undefined && { from }),
  });
  const [arbiter = '', store = ''] = [here.peers.get('arbiter'), here.peers.get(driverStore)];
  const open = [tcp(arbiter, 4444), tcp(arbiter, 4445), tcp(store, 5555), tcp(store, 5556)];
  expect((await within.send(open)).map(({ answer }) => answer)).toEqual(open.map(() => 'connected'));
  await within.run(['ip', 'addr', 'add', `${there.address}/32`, 'dev', 'eth0']);
  const shut = [
    ...[tcp(arbiter, 5555), tcp(store, 4444), tcp(here.gateway, 5555), tcp(there.gateway, 4444)],
    ...[...there.peers.values()].map((address) => tcp(address, 5555)),
    ...[arbiter, store, ...there.peers.values()].flatMap((address) =>
      [4444, 5555].map((port) => tcp(address, port, there.address)),
    ),
  ];
  const met = await within.send(shut);
  await within.run(['ip', 'addr', 'del', `${there.address}/32`, 'dev', 'eth0']);
  expect(met.map(({ answer }) => answer)).not.toContain('connected');
});

test('after a kill of Databox the same programs go on: token, key and observation are as they were', async () => {
  const token = await tokenOf(app, driverStore, 'GET', '/ts/temperature/*');
  await rig.databox.kill('SIGKILL');
  await rig.databox.restart();
  expect(await codeOf(app.ask(driverStore, 'GET /ts/temperature/latest', { token }))).toBe(69);
  await write(22);
  expect((await app.told(/"?value\\?":22/)).payload).toMatch(/ \/ts\/temperature json \{"value":22\}$/);
}, 120_000);

test('a right that is taken back ends the observation and every token, and comes back only with a new one', async () => {
  const token = await tokenOf(app, driverStore, 'GET', '/ts/temperature/*');
  await rig.databox.admin.must('POST', '/components/app-old/revoke', { datasource: 'TEMPERATURE' });
  expect(await app.ask(driverStore, 'GET /ts/temperature/latest', { token }, 1_000)).toBeNull();
  expect(await codeOf(app.token(driverStore, 'GET', '/ts/temperature/*'))).toBe(129);
  await write(23);
  await rig.databox.admin.must('POST', '/components/app-old/allow', { datasource: 'TEMPERATURE' });
  expect(await codeOf(app.ask(driverStore, 'GET /ts/temperature/latest', { token }))).toBe(129);
  const again = await tokenOf(app, driverStore, 'GET', '/ts/temperature/*');
  const read = await app.ask(driverStore, 'GET /ts/temperature/latest', { token: again });
  expect(read?.payload).toContain('{"value":23}');
  await write(24);
  const mark = await app.observe(
    driverStore,
    '/ts/temperature',
    await tokenOf(app, driverStore, 'GET', '/ts/temperature'),
  );
  await write(25);
  expect((await app.told(/"?value\\?":25/)).told).toBe(mark.identity);
});

test('a store that is restored from a backup goes on for those who use it: nobody asks for anything again', async () => {
  const file = join(rig.house.dir, 'source.databox-backup');
  const token = await tokenOf(app, driverStore, 'GET', '/ts/temperature/*');
  const latest = async () => (await app.ask(driverStore, 'GET /ts/temperature/latest', { token }))?.payload;
  await owner('store', 'backup', driverStore, file);
  await write(26);
  expect((await app.told(/"?value\\?":26/)).code).toBe(69);
  await owner('store', 'restore', file, '--yes');
  expect(await latest()).toContain('{"value":25}');
  await write(27);
  expect((await app.told(/"?value\\?":27/)).payload).toMatch(/ \/ts\/temperature json \{"value":27\}$/);
  expect(await latest()).toContain('{"value":27}');
}, 60_000);

const owner = async (...argv: string[]): Promise<void> => {
  const [program = '', ...rest] = rig.databox.cli([...argv, '--run-dir', rig.databox.runDir]);
  await run(program, rest);
};

test('a program that begins anew inherits no observation; a store that goes takes its doors with it', async () => {
  await rig.databox.admin.must('POST', '/components/app-old/restart');
  await running(rig, 'app-old');
  await app[Symbol.asyncDispose]();
  app = startComponent(rig, 'app-old');
  const token = await tokenOf(app, driverStore, 'GET', '/ts/temperature/*');
  expect(await codeOf(app.ask(driverStore, 'GET /ts/temperature/latest', { token }))).toBe(69);
  await rig.databox.admin.must('DELETE', `/components/${driver}`);
  expect(await app.ask(driverStore, 'GET /ts/temperature/latest', { token }, 1_000)).toBeNull();
  expect(await codeOf(app.arbiter('GET /status'))).toBe(65);
}, 120_000);
