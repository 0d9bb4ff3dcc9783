import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';
import { connect } from '../../src/client/index.ts';
import { connect as connectZest, listen, observe, wellKnown } from './zest/raw.ts';

const manifestOf = (name: string): string => readFileSync(`examples/${name}/databox-manifest.json`, 'utf8');
const repository = (name: string): string => `${process.cwd()}/examples/${name}`;

type Introduction = {
  url: string;
  enforced: boolean;
  components: Record<string, Record<string, string>>;
  testMode: { endpoints: Record<'arbiter' | 'store' | 'openStore', string>; environment: Record<string, string> };
};

/** `databox dev` as an author starts it. */
async function startDev(...argv: string[]) {
  const child = spawn(process.execPath, ['src/main.ts', 'dev', '--port', '0', ...argv]);
  const [first] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const end = async () => {
    child.kill('SIGTERM');
    return ((await once(child, 'exit')) as [number | null])[0];
  };
  return { first, end, [Symbol.asyncDispose]: async () => void (child.exitCode ?? (await end())) };
}

async function startDesk(...argv: string[]) {
  const dev = await startDev('--json', ...argv);
  return { ...dev, ...(JSON.parse(dev.first) as Introduction) };
}

test('it says that nothing is enforced, and ends clean', async () => {
  const dev = await startDev();
  expect(dev.first).toMatch(/^databox dev on http:\/\/127\.0\.0\.1:\d+: .* NOTHING IS ENFORCED/);
  expect(await dev.end()).toBe(0);
});

test('what it prints is all that a component needs: a driver writes, an app reads', async () => {
  const argv = ['--appstore-repositories', [repository('driver-os-monitor'), repository('app-os-monitor')].join(',')];
  await using dev = await startDesk(...argv);
  const [app, driver] = ['app-os-monitor', 'driver-os-monitor'].map((name) =>
    connect({ env: dev.components[name] ?? {}, secrets: '/nonexistent' }),
  );
  await driver?.store().ts.write('freememStructured', { value: 42 });
  const chosen = app?.datasource('freememStructured');
  expect(await chosen?.client.ts.latest(chosen.id)).toEqual([
    { timestamp: expect.any(Number) as number, data: { value: 42 } },
  ]);
});

test('a manifest can be added while it runs; a wrong key and an unknown host are refused', async () => {
  await using dev = await startDesk();
  const added = await fetch(`${dev.url}/app-store/manifests`, {
    method: 'POST',
    body: manifestOf('driver-os-monitor'),
  });
  expect(added.status).toBe(200);
  const broken = await fetch(`${dev.url}/app-store/manifests`, { method: 'POST', body: '{"name":"../x"}' });
  expect([broken.status, ((await broken.json()) as { code: string }).code]).toEqual([400, 'manifest.invalid']);
  const ask = (key: string) => fetch(`${dev.url}/arbiter/cat`, { headers: { 'x-api-key': key } });
  expect([(await ask('dev-driver-os-monitor')).status, (await ask('guess')).status]).toEqual([200, 401]);
  const unknown = await fetch(`${dev.url}/nobody-core-store/cat`);
  expect(((await unknown.json()) as { code: string }).code).toBe('path.unknown');
});

/** As the libraries of the original do it outside a Databox: with the host name, and the key that they have built in. */
const portOf = (endpoint = ''): number => Number(/^tcp:\/\/127\.0\.0\.1:(\d+)$/.exec(endpoint)?.[1]);
const mine = { token: 'secret', host: hostname() };
const wanted = (wish: object): string =>
  JSON.stringify({ target: '127.0.0.1', path: '/kv/a/b', method: 'POST', caveats: [], ...wish });

test('a library of the original finds its test mode: a token, a write, an observer', async () => {
  await using dev = await startDesk();
  const { endpoints, environment } = dev.testMode;
  expect(environment).toMatchObject({ ARBITER_TOKEN: 'secret', CORE_STORE_KEY: wellKnown.publicKey });
  const place = { port: portOf(endpoints.store), pushPort: portOf(environment['DATABOX_ZMQ_DEALER_ENDPOINT']) };
  using arbiter = connectZest({ port: portOf(endpoints.arbiter), pushPort: 0 });
  using store = connectZest(place);
  const mint = async (wish: object) => (await arbiter.ask('POST /token', { ...mine, body: wanted(wish) })).payload;
  const [post, get] = [await mint({}), await mint({ method: 'GET', path: '/kv/a/*' })];
  const { payload: identity, options } = await store.ask('GET /kv/a/*', { ...mine, token: get, observe: '' });
  using observer = listen(place, { identity, key: options.get(2048)?.toString() ?? '' });
  expect((await store.ask('POST /kv/a/b', { ...mine, token: post, body: '{"on":true}' })).code).toBe(65);
  expect((await store.ask('POST /kv/a/b', { ...mine, token: 'secret', body: '{}' })).code).toBe(129);
  expect((await store.ask('GET /kv/a/b', { ...mine, token: get })).payload).toBe('{"on":true}');
  expect((await observer.next()).payload).toMatch(/ \/kv\/a\/b json \{"on":true\}$/);
});

test('the seeded app may what the original’s suites ask for, whatever the client’s host is called', async () => {
  await using dev = await startDesk();
  using arbiter = connectZest({ port: portOf(dev.testMode.endpoints.arbiter), pushPort: 0 });
  const codeOf = async (wish: object, host = hostname()) =>
    (await arbiter.ask('POST /token', { ...mine, host, body: wanted(wish) })).code;
  const exported = (url: string) => ({ path: '/export/lp', caveats: [{ destination: url }] });
  expect([
    await codeOf(exported('https://export.amar.io/')),
    await codeOf(exported('https://elsewhere.example/')),
  ]).toEqual([69, 129]);
  expect([await codeOf({ path: '/' }), await codeOf({ method: 'FISH' }), await codeOf({ target: 'nobody' })]).toEqual([
    129, 129, 129,
  ]);
  expect([await codeOf({ target: 'localhost' }), await codeOf({}, 'a-container')]).toEqual([69, 69]);
  const app = JSON.stringify({ name: hostname(), type: 'app', key: 'secret' });
  expect((await arbiter.ask('POST /cm/upsert-container-info', { ...mine, body: app })).payload).toBe(hostname());
  expect(await codeOf({})).toBe(129);
});

test('at the desk whoever may read may observe who does, with a plain token', async () => {
  await using dev = await startDesk();
  const { endpoints, environment } = dev.testMode;
  const place = { port: portOf(endpoints.store), pushPort: portOf(environment['DATABOX_ZMQ_DEALER_ENDPOINT']) };
  using arbiter = connectZest({ port: portOf(endpoints.arbiter), pushPort: 0 });
  using store = connectZest(place);
  const body = wanted({ method: 'GET', path: '/kv/a/*' });
  const token = (await arbiter.ask('POST /token', { ...mine, body })).payload;
  using observer = await observe(place, '/kv/a/*', { ...mine, token, observe: 'audit' });
  expect((await store.ask('GET /kv/a/b', { ...mine, token })).code).toBe(69);
  expect((await store.ask('POST /kv/a/b', { ...mine, token, body: '{}' })).code).toBe(129);
  const told = [(await observer.next()).payload, (await observer.next()).payload];
  expect(told.map((line) => line.slice(line.indexOf(' ') + 1))).toEqual([
    `127.0.0.1 ${hostname()} GET /kv/a/b 69`,
    expect.stringMatching(/^127\.0\.0\.1 \S+ POST \/kv\/a\/b 129$/),
  ]);
  const other = { ...mine, token, observe: 'audit' };
  expect((await store.ask('GET /kv/b/*', other)).code).toBe(129);
});

test('the open store takes any token; the other one only if it was asked to', async () => {
  const codes = async (...argv: string[]) => {
    await using dev = await startDesk(...argv);
    const found: number[] = [];
    for (const endpoint of [dev.testMode.endpoints.openStore, dev.testMode.endpoints.store]) {
      using store = connectZest({ port: portOf(endpoint), pushPort: 0 });
      for (const token of ['', 'secrete'])
        found.push((await store.ask('POST /kv/a/b', { ...mine, token, body: '{}' })).code);
    }
    return found;
  };
  expect(await codes()).toEqual([65, 65, 129, 129]);
  expect(await codes('--open-store')).toEqual([65, 65, 65, 65]);
});

test('without free ports for Zest the desk serves the rest, and says so', async () => {
  await using dev = await startDesk('--zest', 'off');
  expect(dev.testMode).toEqual({ problem: 'it was not asked for' });
  expect((await fetch(`${dev.url}/openapi.json`)).status).toBe(200);
});
