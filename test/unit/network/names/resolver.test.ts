/** Real sockets on loopback: gateways are 127.0.8.1 and 127.0.9.1, components 127.0.8.2 and 127.0.9.2. */
import { createSocket, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import dns, { type DecodedPacket } from 'dns-packet';
import { createResolver, type Resolver } from '../../../../src/network/names/resolver.ts';
import type { Located } from '../../../../src/network/names/externals.ts';
import { nothing, type Tables } from '../../../../src/network/tables.ts';

const [gateway, app] = ['127.0.8.1', '127.0.8.2'];
const [otherGateway, other] = ['127.0.9.1', '127.0.9.2'];
const place = (name: string, at: string) => ({ name, gateway: at, bridge: `dbx-${name}`, managerAddress: at });
const tables: Tables = {
  ...nothing,
  components: new Map([
    [app, place('app', gateway)],
    [other, place('other', otherGateway)],
  ]),
  resolve: new Map([
    [
      app,
      new Map([
        ['arbiter', '127.0.8.254'],
        ['api.example', '127.0.8.253'],
        ['slow.example', '127.0.8.252'],
      ]),
    ],
    [other, new Map([['arbiter', '127.0.9.254']])],
  ]),
  externals: new Map([
    [
      app,
      new Map([
        ['api.example', { local: false }],
        ['slow.example', { local: false }],
      ]),
    ],
  ]),
};

let resolver: Resolver;
let located: Located | Promise<Located> = 'ok';
const refused: string[] = [];
beforeEach(async () => {
  refused.length = 0;
  resolver = createResolver({
    tables: () => tables,
    locate: ({ name }) => (name === 'slow.example' ? new Promise(() => undefined) : Promise.resolve(located)),
    onRefused: (component, name) => refused.push(`${component} ${name}`),
    port: 0,
  });
  await resolver.serve([gateway, otherGateway]);
});
afterEach(() => resolver[Symbol.asyncDispose]());

const encode = (name: string, type: dns.RecordType = 'A') =>
  dns.encode({ type: 'query', id: 7, flags: dns.RECURSION_DESIRED, questions: [{ type, name }] });
const said = (message: Buffer | null) => {
  if (!message) return 'silence';
  const { rcode, answers } = dns.decode(message) as DecodedPacket & { rcode: string };
  return [rcode, ...(answers ?? []).map((record) => (record.type === 'A' ? record.data : record.type))].join(' ');
};

/** Sends from an address to a gateway; `null` after 150 ms of silence. */
async function send(from: string, to: string, message: Buffer, socket?: Socket): Promise<Buffer | null> {
  const udp = socket ?? createSocket('udp4');
  if (!socket) await new Promise<void>((done) => udp.bind(0, from, done));
  const answer = new Promise<Buffer | null>((done) => {
    udp.once('message', done);
    setTimeout(() => done(null), 150);
  });
  udp.send(message, resolver.portOf(to), to);
  const reply = await answer;
  if (!socket) udp.close();
  return reply;
}

describe('who asked', () => {
  for (const [claim, from, to, name, expected] of [
    ['a component at its gateway', app, gateway, 'arbiter', 'NOERROR 127.0.8.254'],
    ['another gets its own address', other, otherGateway, 'arbiter', 'NOERROR 127.0.9.254'],
    ['a component at another’s gateway', app, otherGateway, 'arbiter', 'silence'],
    ['a stranger', '127.0.0.1', gateway, 'arbiter', 'silence'],
    ['what is not agreed', app, gateway, 'www.example', 'NXDOMAIN'],
    ['an outside name', app, gateway, 'api.example', 'NOERROR 127.0.8.253'],
  ] as const) {
    test(claim, async () => expect(said(await send(from, to, encode(name)))).toBe(expected));
  }
});

test('refused names are counted, told once, and bounded', async () => {
  for (const name of ['evil.example', 'evil.example', 'EVIL.example']) await send(app, gateway, encode(name));
  expect(resolver.refused()).toEqual([{ component: 'app', name: 'evil.example', count: 3 }]);
  expect(refused).toEqual(['app evil.example']);
  const udp = createSocket('udp4');
  await new Promise<void>((done) => udp.bind(0, app, done));
  for (let i = 0; i < 300; i++) await send(app, gateway, encode(`tunnel-${i}.example`), udp);
  udp.close();
  expect(resolver.refused()).toHaveLength(257);
  expect(resolver.refused().at(-1)).toEqual({ component: 'app', name: '(further names)', count: 45 });
});

test('refused names are forgotten with their component, and of no other', async () => {
  await send(app, gateway, encode('evil.example'));
  await send(other, otherGateway, encode('evil.example'));
  resolver.prune({ ...tables, components: new Map([[other, place('other', otherGateway)]]) });
  expect(resolver.refused()).toEqual([{ component: 'other', name: 'evil.example', count: 1 }]);
});

test.each([
  ['empty', 'NOERROR'],
  [2, 'SERVFAIL'],
  [3, 'NXDOMAIN'],
] as const)('an outside name that is %s answers %s', async (found, expected) => {
  located = found;
  expect(said(await send(app, gateway, encode('api.example')))).toBe(expected);
  located = 'ok';
});

test('nobody waits for a slow outside name', async () => {
  const udp = createSocket('udp4');
  await new Promise<void>((done) => udp.bind(0, app, done));
  udp.send(encode('slow.example'), resolver.portOf(gateway), gateway);
  expect(said(await send(app, gateway, encode('arbiter'), udp))).toBe('NOERROR 127.0.8.254');
  udp.close();
});

test('twin questions from one socket are both answered', async () => {
  const udp = createSocket('udp4');
  await new Promise<void>((done) => udp.bind(0, app, done));
  // In rounds that fit into a socket's buffer: what the kernel has no room for is nobody's answer.
  for (let round = 0; round < 4; round++) {
    let answers = 0;
    const all = new Promise<void>((done) => udp.on('message', () => ++answers === 100 && done()));
    for (let i = 0; i < 50; i++) {
      udp.send(encode('arbiter'), resolver.portOf(gateway), gateway);
      udp.send(encode('arbiter', 'AAAA'), resolver.portOf(gateway), gateway);
    }
    await all;
    udp.removeAllListeners('message');
  }
  udp.close();
});

test('a storm of one is limited, and another is answered meanwhile', async () => {
  const udp = createSocket('udp4');
  await new Promise<void>((done) => udp.bind(0, app, done));
  let answers = 0;
  udp.on('message', () => answers++);
  for (let burst = 0; burst < 60; burst++) {
    for (let i = 0; i < 100; i++) udp.send(encode('arbiter'), resolver.portOf(gateway), gateway);
    await new Promise((done) => setImmediate(done));
  }
  expect(said(await send(other, otherGateway, encode('arbiter')))).toBe('NOERROR 127.0.9.254');
  await new Promise((done) => setTimeout(done, 100));
  udp.close();
  expect(answers).toBeLessThan(5_500);
});

describe('TCP', () => {
  const framed = (message: Buffer, length = message.length) =>
    Buffer.concat([Buffer.from([length >> 8, length & 255]), message]);
  /** Everything the server said until it closed or a moment passed. */
  const talk = (from: string, chunks: Buffer[]): Promise<Buffer> =>
    new Promise((done) => {
      const heard: Buffer[] = [];
      const socket = connect({ host: gateway, port: resolver.portOf(gateway) ?? 0, localAddress: from });
      const end = () => (socket.destroy(), done(Buffer.concat(heard)));
      socket
        .on('data', (data) => heard.push(data))
        .on('close', end)
        .on('error', end);
      for (const chunk of chunks) socket.write(chunk);
      setTimeout(end, 100);
    });
  test('two questions in odd pieces get two answers', async () => {
    const bytes = Buffer.concat([framed(encode('arbiter')), framed(encode('www.example'))]);
    const heard = await talk(app, [bytes.subarray(0, 1), bytes.subarray(1, 30), bytes.subarray(30)]);
    const first = heard.readUInt16BE(0);
    expect(said(heard.subarray(2, 2 + first))).toBe('NOERROR 127.0.8.254');
    expect(said(heard.subarray(4 + first))).toBe('NXDOMAIN');
  });
  test.each([
    ['a length that lies', [framed(encode('arbiter'), 60_000)]],
    ['a message of nothing', [Buffer.from([0, 0])]],
    ['half a message', [framed(encode('arbiter')).subarray(0, 20)]],
  ])('%s gets no answer', async (_claim, chunks) => expect(await talk(app, chunks)).toHaveLength(0));
  test('a stranger gets no answer', async () =>
    expect(await talk('127.0.0.1', [framed(encode('arbiter'))])).toHaveLength(0));
  test('connections are limited', async () => {
    const open = Array.from({ length: 40 }, () =>
      connect({ host: gateway, port: resolver.portOf(gateway) ?? 0, localAddress: app }),
    );
    const closed = open.map(
      (socket) => new Promise<boolean>((done) => socket.on('error', () => done(true)).on('close', () => done(true))),
    );
    await new Promise((done) => setTimeout(done, 100));
    const dropped = await Promise.all(closed.map((one) => Promise.race([one, Promise.resolve(false)])));
    expect(dropped.filter(Boolean).length).toBe(24);
    for (const socket of open) socket.destroy();
  });
});

test('a server hears its own pulse; nobody else can send it', async () => {
  expect(resolver.pulse()).toEqual({ answering: [gateway, otherGateway], silent: [] });
  await new Promise((done) => setTimeout(done, 50));
  expect(resolver.pulse().silent).toEqual([]);
  expect(resolver.pulse().silent).toEqual([gateway, otherGateway]); // asked again at once: not heard yet
});

test('a gateway no longer served is silent, the others go on', async () => {
  const port = resolver.portOf(gateway) ?? 0;
  await resolver.serve([otherGateway]);
  expect(resolver.portOf(gateway)).toBeUndefined();
  const closed = await new Promise((done) =>
    connect(port, gateway)
      .on('error', () => done(true))
      .on('connect', () => done(false)),
  );
  expect(closed).toBe(true);
  expect(said(await send(other, otherGateway, encode('arbiter')))).toBe('NOERROR 127.0.9.254');
});

test('a port that another name server has is refused by name', async () => {
  const port = resolver.portOf(gateway) ?? 0;
  await using second = createResolver({ tables: () => tables, locate: () => Promise.resolve('ok' as const), port });
  await expect(second.serve([gateway])).rejects.toMatchObject({ code: 'network.refused' });
});

test('noise of every length ends in short answers or silence', async () => {
  const udp = createSocket('udp4');
  await new Promise<void>((done) => udp.bind(0, app, done));
  udp.on('message', (message) => expect(message.length).toBeLessThanOrEqual(512));
  for (let length = 0; length < 600; length++) {
    udp.send(
      Buffer.from(Array.from({ length }, (_, i) => (i * 37 + length * 11) & 255)),
      resolver.portOf(gateway),
      gateway,
    );
  }
  expect(said(await send(app, gateway, encode('arbiter')))).toBe('NOERROR 127.0.8.254');
  udp.close();
});
