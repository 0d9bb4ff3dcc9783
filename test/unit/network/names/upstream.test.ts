/** Against real name servers on loopback that the test controls. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import dns, { type Answer, type Packet } from 'dns-packet';
import { lookup, type Server } from '../../../../src/network/names/upstream.ts';
import { machineServers, serverOf } from '../../../../src/network/names/servers.ts';

const never = new AbortController().signal;
const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

type Script = (query: Packet & { id: number }) => Buffer[];
const reply = (query: Packet & { id: number }, answers: Answer[], more: Partial<Packet> & { flags?: number } = {}) =>
  dns.encode({ type: 'response', id: query.id, questions: query.questions ?? [], answers, ...more });
const a = (data: string, name = 'api.example', ttl = 60): Answer => ({ type: 'A', name, data, ttl });
const alias = (name: string, data: string): Answer => ({ type: 'CNAME', name, data, ttl: 60 });

/** A name server whose replies the script writes; UDP and TCP on one port. */
async function server(
  udpScript: Script,
  tcpScript: Script = () => [],
): Promise<Server & { asked: { port: number; id: number }[] }> {
  const asked: { port: number; id: number }[] = [];
  const udp = createSocket('udp4');
  udp.on('message', (message, from) => {
    const query = dns.decode(message) as Packet & { id: number };
    asked.push({ port: from.port, id: query.id });
    for (const said of udpScript(query)) udp.send(said, from.port, from.address);
  });
  await new Promise<void>((done) => udp.bind(0, '127.0.0.1', done));
  const { port } = udp.address();
  const tcp = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (data) => {
      for (const said of tcpScript(dns.decode(data.subarray(2)) as Packet & { id: number })) {
        socket.write(Buffer.concat([Buffer.from([said.length >> 8, said.length & 255]), said.subarray(0, 5)]));
        setTimeout(() => socket.write(said.subarray(5)), 5);
      }
    });
  });
  const listening = await new Promise<boolean>((done) => {
    tcp.once('error', () => done(false)).listen(port, '127.0.0.1', () => done(true));
  });
  if (!listening) {
    udp.close();
    return server(udpScript, tcpScript); // somebody has the port for TCP
  }
  stack.defer(() => new Promise<void>((done) => udp.close(() => tcp.close(() => done()))));
  return { address: '127.0.0.1', port, asked };
}
const found = (addresses: string[], ttl = 60, unknown = false) => ({ addresses, unknown, ttl });

describe('replies', () => {
  for (const [claim, script, expected] of [
    [
      'addresses in the server’s order',
      (q) => [reply(q, [a('203.0.113.9'), a('203.0.113.10')])],
      found(['203.0.113.9', '203.0.113.10']),
    ],
    [
      'aliases are followed',
      (q) => [reply(q, [alias('api.example', 'X.cdn.example'), a('203.0.113.9', 'x.CDN.example', 5)])],
      found(['203.0.113.9'], 5),
    ],
    ['records of other names are not ours', (q) => [reply(q, [a('203.0.113.66', 'evil.example')])], found([], 0)],
    [
      'an alias chain in a circle ends',
      (q) => [reply(q, [alias('api.example', 'b.example'), alias('b.example', 'api.example')])],
      found([], 0),
    ],
    ['a name that does not exist', (q) => [reply(q, [], { flags: 3 })], found([], 0, true)],
    ['a name without addresses', (q) => [reply(q, [])], found([], 0)],
    [
      'a reply with a wrong id is not heard',
      (q) => [reply({ ...q, id: q.id ^ 1 }, [a('203.0.113.66')]), reply(q, [a('203.0.113.9')])],
      found(['203.0.113.9']),
    ],
    [
      'nor one to another question',
      (q) => [
        reply({ ...q, questions: [{ type: 'A', name: 'evil.example' }] }, [a('203.0.113.66', 'evil.example')]),
        reply(q, [a('203.0.113.9')]),
      ],
      found(['203.0.113.9']),
    ],
    [
      'nor noise, nor an echo of the query',
      (q) => [Buffer.from('noise and more noise'), dns.encode({ ...q, type: 'query' }), reply(q, [a('203.0.113.9')])],
      found(['203.0.113.9']),
    ],
  ] as [string, Script, unknown][]) {
    test(claim, async () => expect(await lookup('api.example', [await server(script)], never)).toEqual(expected));
  }
  test('a thousand addresses are cut, a long alias chain is not followed to its end', async () => {
    const many = Array.from({ length: 1_000 }, (_, i) => a(`203.0.${i >> 8}.${i & 255}`));
    const truncated: Script = (q) => [reply(q, [], { flags: dns.TRUNCATED_RESPONSE })];
    const long = await lookup('api.example', [await server(truncated, (q) => [reply(q, many)])], never);
    expect('addresses' in long && long.addresses).toHaveLength(32);
    const steps = Array.from({ length: 30 }, (_, i) =>
      alias(i === 0 ? 'api.example' : `${i}.example`, `${i + 1}.example`),
    );
    const chain: Script = (q) => [reply(q, [...steps, a('203.0.113.9', '30.example')])];
    expect(await lookup('api.example', [await server(truncated, chain)], never)).toEqual(found([], 0));
  });
  test('each question has an id and a port of its own', async () => {
    const one = await server((q) => [reply(q, [a('203.0.113.9')])]);
    for (let i = 0; i < 20; i++) await lookup('api.example', [one], never);
    expect(new Set(one.asked.map(({ port }) => port)).size).toBeGreaterThan(10);
    expect(new Set(one.asked.map(({ id }) => id)).size).toBeGreaterThan(10);
  });
});

describe('a name server that is gone', () => {
  test('no server is known: at once', async () =>
    expect(await lookup('api.example', [], never)).toEqual({ failed: 'no name server is known' }));
  test('nobody listens: at once', async () => {
    const at = performance.now();
    const free = createServer();
    await new Promise<void>((done) => free.listen(0, '127.0.0.1', done));
    const { port } = free.address() as AddressInfo;
    await new Promise((done) => free.close(done));
    expect(await lookup('api.example', [{ address: '127.0.0.1', port }], never)).toHaveProperty('failed');
    expect(performance.now() - at).toBeLessThan(1_000);
  });
  test('the next server is asked when one refuses', async () => {
    const refusing = await server((q) => [reply(q, [], { flags: 5 })]);
    const good = await server((q) => [reply(q, [a('203.0.113.9')])]);
    expect(await lookup('api.example', [refusing, good], never)).toEqual(found(['203.0.113.9']));
  });
  test('silence ends in time for the asker', async () => {
    const at = performance.now();
    expect(await lookup('api.example', [await server(() => [])], never)).toHaveProperty('failed');
    expect(performance.now() - at).toBeLessThan(2_500);
  });
});

describe('which servers', () => {
  for (const [text, expected] of [
    ['192.0.2.1', { address: '192.0.2.1', port: 53 }],
    ['192.0.2.1:5353', { address: '192.0.2.1', port: 5353 }],
    ['2001:db8::1', { address: '2001:db8::1', port: 53 }],
    ['[2001:db8::1]:5353', { address: '2001:db8::1', port: 5353 }],
  ] as const) {
    test(text, () => expect(serverOf(text)).toEqual(expected));
  }
  test.each(['', 'dns.example', '192.0.2.1:0', '192.0.2.1:99999', '1.2.3'])('%j is refused', (text) =>
    expect(() => serverOf(text)).toThrow(expect.objectContaining({ code: 'config.invalid' }) as Error),
  );
  test('no resolv.conf, no server', async () => expect(await machineServers('/nonexistent')).toEqual([]));
});
