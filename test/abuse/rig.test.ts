/** The rig itself, without Databox: what it shows must be what happens, or every other test proves nothing. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { addresses, askDns, leftovers, probeImage, startRig, type Rig } from './rig/index.ts';
import { askHttps, openDoorInto } from './rig/door.ts';
import { exchange } from '../unit/api/wire.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ databox: false });
}, 120_000);
afterAll(async () => {
  const id = rig.house.id;
  await rig[Symbol.asyncDispose]();
  expect(await leftovers(id)).toEqual([]);
}, 60_000);

test('the box, the house and the outside reach each other both ways', async () => {
  const roads: ['box' | 'lan' | 'net', string][] = [
    ['box', addresses.lan],
    ['box', '203.0.113.77'],
    ['lan', addresses.box.lan],
    ['lan', '203.0.113.78'],
    ['net', addresses.box.net],
    ['net', addresses.lan],
  ];
  for (const [room, address] of roads) await rig.rooms[room].run(['busybox', 'ping', '-c1', '-W2', address]);
  await rig.rooms.box.run(['busybox', 'ping', '-6', '-c1', '-W2', addresses.net.gateway6]);
});

test('a door is shut for who still sends when the other side has refused and gone', async () => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      socket.pause();
      socket.end('HTTP/1.1 400 no\r\ncontent-length: 0\r\n\r\n', () => socket.destroy());
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await using door = await openDoorInto(join(rig.house.dir, 'door-here.sock'), (argv) => [...argv]);
  for (const bytes of [300_000, 1_000_000, 3_000_000, 6_000_000]) {
    const sending = { bytes: Buffer.alloc(bytes, 'GET / HTTP/1.1\r\n'), methods: ['GET'], end: 'half' } as const;
    await exchange(() => door.connect('127.0.0.1', port), sending);
  }
  server.close();
}, 120_000);

test('names are answered by the outside, and by the box’s resolver on loopback', async () => {
  await rig.outside.setNames({ 'api.example.test': { addresses: ['203.0.113.10'] } });
  const found = { rcode: 'NOERROR', addresses: ['203.0.113.10'] };
  expect(await askDns(rig.rooms.box, addresses.net.dns, ['api.example.test'])).toEqual([found]);
  expect(await askDns(rig.rooms.box, '127.0.0.1', ['API.example.test'])).toEqual([found]);
  const none = { rcode: 'NXDOMAIN', addresses: [] };
  expect(await askDns(rig.rooms.box, '127.0.0.1', ['other.example.test'])).toEqual([none]);
  expect((await rig.outside.queries()).map(({ name }) => name)).toEqual([
    'api.example.test',
    'API.example.test',
    'other.example.test',
  ]);
});

test('a site has a certificate that only its authority’s friends accept', async () => {
  await rig.site({ address: '203.0.113.10', names: ['api.example.test'], reply: { body: 'hello' } });
  const ask = async (ca?: string) => {
    const socket = await rig.doors.box.connect('203.0.113.10', 443);
    return askHttps(socket, { method: 'POST', path: '/x', body: 'one', host: 'api.example.test', ...(ca && { ca }) });
  };
  expect((await ask(rig.authority.pem)).text).toBe('hello');
  await expect(ask((await import('node:tls')).rootCertificates[0])).rejects.toThrow(/certificate/);
  const visits = await rig.outside.visits();
  expect(visits).toMatchObject([{ method: 'POST', url: '/x', body: 'one', bytes: 3, from: addresses.box.net }]);
});

test('containers run in the box’s engine; eyes in the rooms see what they send', async () => {
  await rig.engine.docker(['run', '-d', '--name', 'probe', probeImage, '/bin/sleep', '1000']);
  const inside = rig.inside('probe');
  const within = await inside.network();
  await using seen = await rig.rooms.net.watch();
  await using ears = await rig.rooms.lan.listen([{ protocol: 'udp', address: addresses.lan, port: 9 }]);
  const [tcp, udp, raw] = await within.send([
    { kind: 'tcp', address: '203.0.113.99', port: 4242 },
    { kind: 'udp', address: addresses.lan, port: 9, data: 'marker' },
    { kind: 'raw', protocol: 'udp', from: '10.9.8.7', address: '203.0.113.98', port: 7, data: 'forged' },
  ]);
  expect([tcp?.answer, udp?.answer, raw?.answer]).toEqual(['ECONNREFUSED', 'data', 'sent']);
  await seen.until(({ dst, dport, flags }) => dst === '203.0.113.99' && dport === 4242 && flags === 'S');
  await seen.until(({ dst, data }) => dst === '203.0.113.98' && data === 'forged');
  expect(await ears.until(1)).toMatchObject([{ protocol: 'udp', data: 'marker' }]);
  expect((await rig.inside('probe').exec(['/bin/node', '-p', '6*7'])).trim()).toBe('42');
});

test('a network of a container can be given the roads a test needs', async () => {
  await rig.engine.docker(['network', 'create', '--internal', '--subnet', '10.55.0.0/24', 'shut']);
  await rig.engine.docker(['run', '-d', '--name', 'kept', '--network', 'shut', probeImage, '/bin/sleep', '1000']);
  const kept = rig.inside('kept');
  const tight = await kept.network();
  // Some engines give an internal network a default route, some do not.
  await tight.run(['ip', 'route', 'flush', 'default']);
  const probe = { kind: 'tcp', address: '203.0.113.97', port: 1, timeout: 0.5 } as const;
  expect(await tight.send([probe])).toEqual([{ answer: 'ENETUNREACH' }]);
  const free = await kept.unleash();
  await using seen = await free.watch();
  expect(await free.send([probe])).toEqual([{ answer: 'timeout' }]);
  await seen.until(({ sent, dst }) => sent && dst === probe.address);
  await free.send([{ kind: 'udp', address: '2001:db8:77::1', port: 7, timeout: 0.2 }]);
  await seen.until(({ sent, version }) => sent && version === 6);
});
