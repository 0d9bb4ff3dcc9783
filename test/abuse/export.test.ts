/** What leaves: only what was agreed, once, and with a line in the ledger that is true. */
import { createHash } from 'node:crypto';
import {
  addresses,
  appManifest,
  running,
  endRig,
  startRig,
  until,
  urlOf,
  withToken,
  type AppAnswer,
  type Inside,
  type Rig,
} from './rig/index.ts';
import { exporting, jobOf, type Exporting } from './rig/exports.ts';
import type { Reply } from './rig/outside-sites.ts';

let rig: Rig;
let app: Inside;
let other: Inside;
let from: Exporting;
const site = '203.0.113.40';
const sink = 'https://sink.example.test/in';
/** Destinations of the hostile ends; each has an address of its own. */
const ends: Record<string, string> = {
  slow: '203.0.113.41',
  expired: '203.0.113.42',
  stranger: '203.0.113.43',
  old: '203.0.113.44',
  wrong: '203.0.113.45',
  inward: '203.0.113.46',
  hostile: '203.0.113.47',
  down: '203.0.113.48',
};
const urlOfEnd = (name: string): string => `https://${name}.example.test/`;
const timeoutSeconds = 4;

beforeAll(async () => {
  rig = await startRig({ settings: { 'export.timeout-seconds': timeoutSeconds, 'export.queue-limit': 50 } });
  const zone = Object.entries(ends).map(([name, address]) => [`${name}.example.test`, { addresses: [address] }]);
  await rig.outside.setNames({
    'sink.example.test': { addresses: [site] },
    ...(Object.fromEntries(zone) as Record<string, { addresses: string[] }>),
  });
  await rig.site({ address: site, names: ['sink.example.test'], reply: { body: '{"thanks":true}' } });
  for (const name of ['slow', 'inward', 'hostile']) await open(name);
  await open('expired', { kind: 'expired' });
  await open('stranger', { kind: 'stranger' });
  await open('old', { oldProtocol: true });
  await rig.site({ address: ends['wrong'] ?? '', names: ['another.example.test'] });
  const exports = [sink, ...Object.keys(ends).map(urlOfEnd)];
  for (const name of ['app-export', 'app-other']) {
    await rig.databox.admin.mustInstall({ manifest: appManifest(name, { exports }) });
    await running(rig, name);
  }
  [app, other] = [rig.inside('app-export'), rig.inside('app-other')];
  from = exporting(rig, { app, token: sink });
}, 240_000);
afterAll(() => endRig(rig), 60_000);

const open = (name: string, how: { kind?: 'expired' | 'stranger'; oldProtocol?: boolean } = {}): Promise<void> =>
  rig.site({ address: ends[name] ?? '', names: [`${name}.example.test`], ...how });

test('an agreed destination receives the POST once, and ledger and test server tell the same (E09)', async () => {
  const data = JSON.stringify({ mean: 0.5, text: 'ü' });
  const job = await from.finished({ uri: sink, data });
  expect(job.ext_response).toMatchObject({ status: expect.stringMatching(/^200/) as string, body: '{"thanks":true}' });
  const [visit, ...more] = await from.visitsOf(site);
  expect(more).toEqual([]);
  expect(visit).toMatchObject({ method: 'POST', url: '/in', body: data, from: addresses.box.net });
  const [entry] = (await from.ledger()).filter(({ component }) => component === 'app-export');
  expect(entry).toMatchObject({
    destination: sink,
    bytes: visit?.bytes,
    sha256: createHash('sha256').update(data).digest('hex'),
    status: 'answered',
    answer: expect.stringContaining('200') as string,
  });
  expect(entry?.sha256).toBe(visit?.sha256);
});

test.each([
  ...[
    'https://sink.example.test/',
    'https://sink.example.test/in/',
    'https://sink.example.test/in/x',
    'https://sink.example.test/i',
  ],
  ...['https://sink.example.test/in?x=1', 'https://sink.example.test/IN', 'https://sink.example.test:8443/in'],
  ...[
    'http://sink.example.test/in',
    'https://u@sink.example.test/in',
    'https://sink.example.test./in',
    'https://sink.example.test\\/in',
  ],
  ...[
    'https://sınk.example.test/in',
    'https://xn--snk-3ma.example.test/in',
    'https://3405803816/in',
    'https://0xcb.0.0x71.0x28/in',
  ],
  ...[
    'https://[::ffff:203.0.113.40]/in',
    'https://203.0.113.40/in',
    'https://sink.example.test/in#x',
    'https://sink.example.test/../in/../x',
  ],
  ...[
    'https://sink.example.test%2f/in',
    'https://evil.example.test/in',
    'ftp://sink.example.test/in',
    '//sink.example.test/in',
    '',
  ],
])('E01 the near miss %j is refused and recorded', async (uri) => {
  const before = await rig.outside.visits();
  const known = (await from.ledger()).length;
  const answer = await from.submit({ uri });
  expect([400, 403]).toContain(answer.status);
  expect(await rig.outside.visits()).toHaveLength(before.length);
  const entries = await from.ledger();
  expect(entries).toHaveLength(known + 1);
  expect(entries[0]).toMatchObject({ component: 'app-export', destination: uri });
});

test('a token that names no destination, or another one, is not even minted', async () => {
  const route = { target: 'export-service', path: '/export', method: 'POST' };
  for (const caveats of [[], [{ destination: 'https://evil.example.test/in' }], [{ destination: `${sink}*` }]]) {
    expect((await app.token({ ...route, caveats })).status).toBeGreaterThanOrEqual(400);
  }
});

test.each([301, 302, 307, 308])('E02 a %i elsewhere is reported, not followed', async (status) => {
  const location = 'https://slow.example.test/';
  await rig.outside.answer({ address: site, port: 443, reply: { status, headers: { location } } });
  const before = (await from.visitsOf(ends['slow'] ?? '')).length;
  const job = await from.finished({ uri: sink });
  expect(job.ext_response.status).toMatch(new RegExp(`^${status}`));
  expect(await from.visitsOf(ends['slow'] ?? '')).toHaveLength(before);
  await rig.outside.answer({ address: site, port: 443, reply: {} });
});

test.each(['192.168.77.10', '127.0.0.1', '169.254.169.254', '198.51.100.2', '10.196.0.2', '0.0.0.0'])(
  'E03 a name that leads inward, to %s, is refused; nothing arrives there',
  async (inward) => {
    await rename('inward', [inward]);
    await using atLan = await rig.rooms.lan.watch();
    const job = await from.finished({ uri: urlOfEnd('inward') });
    expect(job.ext_response.status).toMatch(/^5/);
    expect(await from.visitsOf(ends['inward'] ?? '')).toEqual([]);
    expect(atLan.packets(({ protocol }) => protocol !== 'icmp6')).toEqual([]);
    await rename('inward', [ends['inward'] ?? '', inward]);
    expect((await from.finished({ uri: urlOfEnd('inward') })).ext_response.status).toMatch(/^5/);
  },
  30_000,
);

async function rename(name: string, to: string[]): Promise<void> {
  const all = Object.entries({ ...ends, sink: site }).map(([one, address]) => [
    `${one}.example.test`,
    { addresses: one === name ? to : [address] },
  ]);
  await rig.outside.setNames(Object.fromEntries(all) as Record<string, { addresses: string[] }>);
}

test.each(['expired', 'stranger', 'wrong', 'old'])(
  'E04 a server with a bad certificate (%s) gets nothing',
  async (name) => {
    const job = await from.finished({ uri: urlOfEnd(name) });
    expect(job.ext_response.status).toMatch(/^5/);
    expect(await from.visitsOf(ends[name] ?? '')).toEqual([]);
  },
);

test.each<NonNullable<Reply['mode']>>(['endless', 'bomb', 'drip', 'huge-headers'])(
  'E05 an answer that is %s is cut in bytes and time, with flat memory',
  async (mode) => {
    await rig.outside.answer({ address: ends['hostile'] ?? '', port: 443, reply: { mode } });
    const before = await memoryMb();
    const job = await from.finished({ uri: urlOfEnd('hostile') }, 10 * timeoutSeconds * 1_000);
    expect(job.state).toBe('Finished');
    expect(Buffer.byteLength(job.ext_response.body ?? '')).toBeLessThanOrEqual(1024 * 1024);
    expect((await memoryMb()) - before).toBeLessThan(150);
  },
  60_000,
);

/** What the platform's process holds. */
async function memoryMb(): Promise<number> {
  const all = await rig.rooms.box.run(['ps', '-eo', 'rss,args']);
  const own = all
    .split('\n')
    .find(
      (line) =>
        line.includes(rig.databox.configFile) &&
        line.includes('main.ts') &&
        !line.includes('setpriv') &&
        !line.includes('nsenter'),
    );
  return Number(own?.trim().split(/\s+/)[0]) / 1024;
}

test('E06 what an app says in headers does not travel', async () => {
  const headers = {
    'x-forwarded-host': 'evil.example.test',
    authorization: 'Bearer stolen',
    cookie: 'a=b',
    'x-custom': 'y',
    'proxy-authorization': 'x',
  };
  const before = (await from.visitsOf(site)).length;
  await from.finished({ uri: sink, headers });
  const visit = (await from.visitsOf(site))[before];
  expect(Object.keys(visit?.headers ?? {}).sort()).toEqual(
    expect.not.arrayContaining([...Object.keys(headers), 'x-api-key', 'transfer-encoding']),
  );
  expect(visit?.headers).toMatchObject({ host: 'sink.example.test', 'content-type': 'application/json' });
  for (const data of ['"text"', '7', 'null', '{', '{"a":1}\r\n\r\nGET / HTTP/1.1']) {
    expect([400, 200]).toContain((await from.submit({ uri: sink, data })).status);
  }
});

test('E08 nobody learns of another’s request', async () => {
  const { id } = jobOf(await from.submit({ uri: sink }));
  const foreign = await from.submit({ uri: sink, id, inside: other, token: await from.tokenFor(other, sink) });
  const unknown = await from.submit({ uri: sink, id: '00000000-0000-4000-8000-000000000000' });
  expect([foreign.status, unknown.status]).toEqual([404, 404]);
  const shape = ({ body }: AppAnswer) => ({ ...(JSON.parse(body) as object), id: undefined });
  expect(shape(foreign)).toEqual(shape(unknown));
});

test('E07 a queue has an end, does not hold up another app, and survives its destination’s absence', async () => {
  const down = urlOfEnd('down');
  const token = await from.tokenFor(app, down);
  const ask = withToken(
    token,
    { method: 'POST', url: urlOf('export-service', '/export') },
    { id: '', uri: down, data: '{}' },
  );
  const answers = await app.ask(Array.from({ length: 80 }, () => ask));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(50);
  expect(statuses).toContain(429);
  const start = performance.now();
  expect((await from.finished({ uri: sink, inside: other })).ext_response.status).toMatch(/^200/);
  expect(performance.now() - start).toBeLessThan(10_000);
  await open('down');
  const arrived = async () => ((await from.visitsOf(ends['down'] ?? '')).length > 0 ? true : undefined);
  await until('the waiting exports to arrive', arrived, { timeoutMs: 60_000 });
}, 120_000);

describe('after SIGKILL', () => {
  test('what was pending is sent; what was being sent is finished as unknown, and sent again only with its key', async () => {
    const address = ends['slow'] ?? '';
    const uri = urlOfEnd('slow');
    await rig.outside.answer({ address, port: 443, reply: { mode: 'hold' } });
    const [token, keyed] = [await from.tokenFor(app, uri), await from.tokenFor(other, uri)];
    const first = jobOf(await from.submit({ uri, data: '{"n":"unkeyed"}', token }));
    await from.submit({ uri, data: '{"n":"pending"}', token });
    await from.submit({
      uri,
      data: '{"n":"keyed"}',
      token: keyed,
      inside: other,
      headers: { 'idempotency-key': 'once-7' },
    });
    const bodies = async () => (await from.visitsOf(address)).map(({ body }) => body);
    await until('both to be under way', async () => ((await bodies()).length === 2 ? true : undefined));
    expect((await bodies()).sort()).toEqual(['{"n":"keyed"}', '{"n":"unkeyed"}']);
    await rig.databox.kill('SIGKILL');
    await rig.outside.release();
    await rig.outside.answer({ address, port: 443, reply: { body: '{}' } });
    await rig.databox.restart();
    await running(rig, 'app-export');
    await until('the rest to arrive', async () => ((await bodies()).length >= 4 ? true : undefined), {
      timeoutMs: 60_000,
    });
    expect((await bodies()).sort()).toEqual(['{"n":"keyed"}', '{"n":"keyed"}', '{"n":"pending"}', '{"n":"unkeyed"}']);
    const again = (await from.visitsOf(address)).filter(({ body }) => body.includes('keyed') && !body.includes('un'));
    expect(again.map(({ headers }) => headers['idempotency-key'])).toEqual(['once-7', 'once-7']);
    const entry = (await from.ledger()).find(({ sha256 }) => sha256 === sha('{"n":"unkeyed"}'));
    expect(entry).toMatchObject({ status: 'unknown' });
    const polled = jobOf(await from.submit({ uri, token, id: first.id, data: '{"n":"unkeyed"}' }));
    expect(polled.state).toBe('Finished');
  }, 120_000);
});

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
