import { createHash } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import type { RequestListener } from 'node:http';
import { box, destination, local, names, trusted, type Names } from './world.ts';
import type { Pair } from './authority.ts';

const host = 'a.example';
const { authority, flags } = await trusted([host, local]);
const pair = await authority.issue([host, local]);
let dns: Names;
let all: typeof flags;
beforeAll(async () => {
  dns = await names();
  dns.zone.set(host, [[local]]);
  dns.zone.set('inward.example', [[local]]);
  all = { ...flags, 'network.upstream': [`${local}:${dns.port}`] };
});
afterAll(() => dns[Symbol.asyncDispose]());

test('E09 the destination receives the data once, under headers of ours; the ledger says the same', async () => {
  await using there = await destination(pair);
  await using here = await box({ flags: all });
  const uri = `https://${host}:${there.port}/in?x=1`;
  const data = { text: 'grüße', numbers: [1e21, 0.1] };
  expect(await here.deliver(uri, data)).toMatchObject({
    state: 'Finished',
    ext_response: { status: '200 OK', body: 'thank you' },
  });
  const body = Buffer.from(JSON.stringify(data));
  expect(there.received).toMatchObject([{ method: 'POST', path: '/in?x=1', body }]);
  const sha256 = createHash('sha256').update(body).digest('hex');
  const line = { component: 'app', destination: uri, address: local, bytes: body.length, sha256, status: 'answered' };
  expect(here.ledger()).toMatchObject([{ ...line, answer: '200 OK', attempts: 1, count: 1 }]);
});

test('E06 headers, framing and proxies of the app’s choice reach nobody', async () => {
  await using there = await destination(pair);
  await using here = await box({ flags: all });
  const uri = `https://${host}:${there.port}/`;
  const token = here.token(uri);
  const smuggled = {
    authorization: 'Basic c2VjcmV0Og==',
    cookie: 'a=b',
    te: 'trailers',
    'x-forwarded-for': '1.2.3.4',
    'proxy-authorization': 'x',
    'content-type': 'text/evil',
    'transfer-encoding': 'chunked',
    host: 'evil.example',
  };
  const { body } = await here.post({ id: '', uri, data: '{"a":1}' }, { token, headers: smuggled });
  await here.finish(body.id, uri, { token });
  expect(there.received[0]?.rawHeaders).toEqual(
    Object.entries({
      host: `${host}:${there.port}`,
      'user-agent': 'databox',
      accept: '*/*',
      'accept-encoding': 'identity',
      'content-type': 'application/json',
      'content-length': '7',
      connection: 'close',
    }).flat(),
  );
});

test.each([301, 302, 303, 307, 308])('E02 a %i is recorded, not followed', async (status) => {
  await using elsewhere = await destination(pair);
  await using there = await destination(pair, (_req, res) => {
    res.writeHead(status, { location: `https://${host}:${elsewhere.port}/` }).end();
  });
  await using here = await box({ flags: all });
  const { ext_response } = await here.deliver(`https://${host}:${there.port}/`);
  expect(ext_response.status).toMatch(new RegExp(`^${status} `));
  expect([there.received.length, elsewhere.connections]).toEqual([1, 0]);
  expect(here.ledger()).toMatchObject([{ status: 'answered', answer: ext_response.status }]);
});

describe('E03 inward destinations', () => {
  const inside = [
    local,
    '10.0.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    'fd00::1',
    'fe80::1',
    '::ffff:10.0.0.1',
    '64:ff9b::a00:1',
    '224.0.0.1',
  ];
  test.each([...inside.map((address) => [address]), [`mixed with an outside one, ${local}`]])(
    'a name that leads to %s is refused',
    async (address) => {
      await using here = await box({ flags: { ...all, 'network.public-ranges': ['198.51.100.0/24'] } });
      dns.zone.set('inside.example', [address.startsWith('mixed') ? ['198.51.100.7', local] : [address]]);
      const { ext_response } = await here.deliver('https://inside.example/');
      expect(ext_response).toEqual({ status: '502 Bad Gateway', body: 'inside.example leads to an address inside' });
      expect(here.ledger()).toMatchObject([{ status: 'refused', count: 1, attempts: 1 }]);
    },
  );

  test('a literal address is refused like a name', async () => {
    await using there = await destination(pair);
    await using here = await box({ flags: { ...all, 'export.private-hosts': [] } });
    await here.deliver(`https://${local}:${there.port}/`);
    expect(there.connections).toBe(0);
  });

  test('an address of this very machine is refused, even in a range that counts as outside', async () => {
    await using there = await destination(pair);
    await using here = await box({
      flags: { ...all, 'export.private-hosts': [], 'network.public-ranges': ['127.0.0.0/8'] },
    });
    await here.deliver(`https://${local}:${there.port}/`);
    expect(there.connections).toBe(0);
  });

  test('the checked address is the one connected to: a name that turns inward meanwhile changes nothing', async () => {
    await using outside = await destination({ ...(await authority.issue(['turning.example'])), address: '127.0.0.2' });
    await using inside = await destination({ ...pair, port: outside.port });
    dns.zone.set('turning.example', [['127.0.0.2'], [local]]);
    dns.asked.length = 0;
    await using here = await box({ flags: { ...all, 'network.public-ranges': ['127.0.0.2/32'] } });
    expect((await here.deliver(`https://turning.example:${outside.port}/`)).ext_response.status).toBe('200 OK');
    expect(dns.asked.filter((question) => question === 'A turning.example')).toHaveLength(1);
    expect([outside.received.length, inside.connections]).toEqual([1, 0]);
    // Asked again for the next export, the name has turned: refused.
    await here.deliver(`https://turning.example:${outside.port}/`, { b: 2 });
    expect([outside.received.length, inside.connections]).toEqual([1, 0]);
  });
});

describe('E04 a destination that cannot prove who it is', () => {
  const cases: [string, () => Promise<Pair & object>][] = [
    ['of an authority nobody trusts', async () => (await trusted([])).authority.issue([host])],
    ['expired', () => authority.issue([host], { expired: true })],
    ['with a certificate for another name', () => authority.issue(['b.example'])],
    [
      'that speaks only TLS 1.1',
      () => Promise.resolve({ ...pair, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }),
    ],
  ];
  test.each(cases)('%s gets nothing, and is not asked again', async (_, credentials) => {
    await using there = await destination(await credentials());
    await using here = await box({ flags: all });
    expect((await here.deliver(`https://${host}:${there.port}/`)).ext_response.status).toBe('502 Bad Gateway');
    expect({ received: there.received, connections: there.connections }).toEqual({ received: [], connections: 1 });
    expect(here.ledger()).toMatchObject([{ status: 'refused', attempts: 1 }]);
  });

  test('a name in the certificate is no leave for the bare address', async () => {
    await using there = await destination(await authority.issue([host]));
    await using here = await box({ flags: all });
    await here.deliver(`https://${local}:${there.port}/`);
    expect(there.received).toEqual([]);
  });
});

describe('E05 hostile answers', () => {
  const limit = 256 * 1024;
  const cases: [string, RequestListener, object][] = [
    [
      'an endless body',
      (_req, res) => void drip(res, Buffer.alloc(65_536, 'x'), 0),
      { status: '200 OK', truncated: true },
    ],
    ['a slow drip', (_req, res) => void drip(res, Buffer.from('x'), 50), { status: '200 OK', truncated: true }],
    [
      'a compression bomb stays packed',
      (_req, res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(10_000_000))),
      { status: '200 OK' },
    ],
    [
      'no end of headers',
      (_req, res) => res.writeHead(200, { 'x-long': 'x'.repeat(20_000) }).end(),
      { status: '504 Gateway Timeout' },
    ],
    ['silence', () => {}, { status: '504 Gateway Timeout' }],
    ['a cut connection', (req) => req.socket.destroy(), { status: '504 Gateway Timeout' }],
    ['no HTTP', (req) => req.socket.end('hello\r\n'), { status: '504 Gateway Timeout' }],
    [
      'a body shorter than it says',
      (req, res) => {
        res.writeHead(200, { 'content-length': '100' });
        res.write('abc', () => req.socket.destroy());
      },
      { status: '200 OK', body: 'abc', truncated: true },
    ],
    [
      'a reason phrase of 2 KB',
      (_req, res) => res.writeHead(500, 'x'.repeat(2_000)).end(),
      { status: `500 ${'x'.repeat(100)}` },
    ],
  ];
  test.each(cases)('%s', async (_, answer, expected) => {
    await using there = await destination(pair, answer);
    await using here = await box({ flags: { ...all, 'export.timeout-seconds': 1 } });
    const { ext_response } = await here.deliver(`https://${host}:${there.port}/`);
    expect(ext_response).toMatchObject(expected);
    expect(Buffer.byteLength(ext_response.body ?? '')).toBeLessThanOrEqual(3 * limit);
    expect(there.received).toHaveLength(1);
  });

  test('a server that accepts and says nothing is given up within the time', async () => {
    const server = createServer(() => {}).listen(0, local);
    await once(server, 'listening');
    await using here = await box({ flags: { ...all, 'export.timeout-seconds': 1 }, limits: { windowMs: 0 } });
    const { ext_response } = await here.deliver(`https://${host}:${(server.address() as AddressInfo).port}/`);
    expect(ext_response.status).toBe('504 Gateway Timeout');
    expect(here.ledger()).toMatchObject([{ status: 'failed' }]);
    server.close();
  });
});

/** Writes for as long as somebody reads. */
function drip(res: Parameters<RequestListener>[1], chunk: Buffer, pauseMs: number): void {
  if (res.destroyed) return;
  res.write(chunk, () => setTimeout(() => drip(res, chunk, pauseMs), pauseMs));
}
