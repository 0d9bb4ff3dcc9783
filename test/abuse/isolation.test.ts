/** Who may talk to whom, from inside an app's network with every right, from the house, and from a foreign container. */
import {
  addresses,
  askDns,
  driver,
  driverStore,
  installApp,
  installDriver,
  placeOf,
  probeApp,
  probeImage,
  serviceDoors,
  endRig,
  startRig,
  tokenOf,
  until,
  urlOf,
  withToken,
  type Inside,
  type Packet,
  type Probe,
  type Rig,
} from './rig/index.ts';
import type { Vantage } from './rig/inside.ts';

let rig: Rig;
let app: Inside;
let within: Vantage;
let foreign: Vantage;
const other = 'app-other';
/** A service of the box on every address it has, as SSH is. */
const hostPort = 9_999;

beforeAll(async () => {
  rig = await startRig();
  await rig.outside.setNames({ 'www.example.test': { addresses: ['203.0.113.10'] } });
  await installDriver(rig);
  app = await installApp(rig, 'app-probe');
  await installApp(rig, other);
  within = await app.unleash();
  await rig.engine.docker(['run', '-d', '--name', 'foreign', probeImage, '/bin/sleep', '100000']);
  foreign = await rig.inside('foreign').network();
}, 240_000);
afterAll(() => endRig(rig), 60_000);

const tcp = (address: string, port: number): Probe => ({ kind: 'tcp', address, port, timeout: 0.7 });
const udp = (address: string, port: number): Probe => ({ kind: 'udp', address, port, data: 'marker', timeout: 0.7 });
/** How a refused probe ends: nobody answers, or the enforcer resets it, so that its sender need not wait. */
const shut = ['timeout', 'ECONNREFUSED'];
const isReset = ({ flags = '' }: Packet): boolean => flags.includes('R') && !flags.includes('S');
const isIp = ({ protocol }: Packet): boolean => protocol !== 'icmp6' && protocol !== '0';

test('agreed names are answered with addresses of the own subnet, others do not exist, and none is asked upstream', async () => {
  const { gateway, address } = await placeOf(rig, 'app-probe');
  const subnet = address.replace(/\d+$/, '');
  for (const name of [driverStore, 'arbiter', 'export-service', 'app-probe-core-store']) {
    const [answer] = await askDns(within, gateway, [name]);
    expect(answer).toEqual({ rcode: 'NOERROR', addresses: [expect.stringContaining(subnet)] });
  }
  const refused = [
    'www.example.test',
    other,
    driver,
    `${other}-core-store`,
    'foreign',
    'databox-rig',
    `x.${driverStore}`,
  ];
  for (const answer of await askDns(within, gateway, refused))
    expect(answer).toEqual({ rcode: 'NXDOMAIN', addresses: [] });
  const types = await askDns(within, gateway, [{ name: driverStore, type: 'AAAA' }]);
  expect(types).toEqual([{ rcode: 'NOERROR', addresses: [] }]);
  // Docker's embedded server, while the machine's resolver is on loopback: the daemon must have nobody else to ask.
  const embedded = await askDns(within, '127.0.0.11', refused);
  for (const answer of embedded) expect(answer.addresses).toEqual([]);
  expect(embedded[0]?.rcode).toBe('NXDOMAIN');
  expect(await rig.outside.queries()).toEqual([]);
});

test('what was agreed works: the store answers over its name', async () => {
  const token = await tokenOf(app, driverStore, '/ts/temperature/*');
  const [answer] = await app.ask([withToken(token, { url: urlOf(driverStore, '/ts/temperature/latest') })]);
  expect(answer).toMatchObject({ status: 200, body: expect.stringContaining('1') as string });
});

test('the box answers an app on port 53 of its own gateway and at its spoofed addresses only', async () => {
  const here = await placeOf(rig, 'app-probe');
  const there = await placeOf(rig, other);
  const spoofed = here.peers.get(driverStore) ?? '';
  // On every address of the box: whatever gets there is accepted and told. The owner's pages have 80 and 443.
  const tcpPorts = [22, 2375, 5353, 8080, hostPort];
  await using host = await rig.rooms.box.listen([
    ...tcpPorts.map((port) => ({ protocol: 'tcp' as const, address: '0.0.0.0', port })),
    ...[123, hostPort].map((port) => ({ protocol: 'udp' as const, address: '0.0.0.0', port })),
  ]);
  const docker0 = '172.17.0.1';
  const boxes = [
    here.gateway,
    there.gateway,
    spoofed,
    here.managerAddress,
    addresses.box.lan,
    addresses.box.net,
    docker0,
  ];
  const own = await rig.rooms.lan.send([tcp(addresses.box.lan, hostPort)]);
  expect(own).toEqual([{ answer: 'connected' }]); // the service is there, for those it is for
  expect(await host.until(1)).toHaveLength(1);
  const services = await serviceDoors(rig);
  expect(services.length).toBeGreaterThan(2);
  await using seen = await within.watch();
  const ports = [...tcpPorts, 80, 443];
  const probes = [
    ...boxes.flatMap((box) => ports.filter((port) => box !== spoofed || port !== 8080).map((port) => tcp(box, port))),
    ...boxes.flatMap((box) => [udp(box, hostPort), udp(box, 123)]),
    ...boxes.filter((box) => box !== here.gateway).flatMap((box) => [tcp(box, 53), udp(box, 53)]),
    ...services.flatMap(({ address, port }) => [tcp(address, port), tcp(address, 8080)]),
  ];
  for (const [index, { answer }] of (await within.send(probes)).entries()) {
    if (!shut.includes(answer)) expect({ probe: probes[index], answer }).toBe('refused');
  }
  expect(seen.packets(({ sent }) => sent).length).toBeGreaterThan(probes.length - 1);
  expect(seen.packets((packet) => !packet.sent && isIp(packet) && !isReset(packet))).toEqual([]);
  expect(host.arrivals()).toHaveLength(1);
}, 60_000);

test('neither another component, nor an address of its bridge, nor a forged sender gets a packet through', async () => {
  const here = await placeOf(rig, 'app-probe');
  const there = await placeOf(rig, other);
  const { address: driverAddress } = await placeOf(rig, driver);
  const theirs = await rig.inside(other).network();
  await using seen = await theirs.watch();
  await using atDriver = await (await rig.inside(driver).network()).watch();
  const spoofedThere = [...there.peers.values()];
  const forged = (from: string, address: string, protocol: string): Probe => ({
    ...{ kind: 'raw', protocol, from, address, port: 8080, data: protocol === 'udp' ? 'marker' : '' },
  });
  await within.send([
    ...[there.address, driverAddress].flatMap((address) => [tcp(address, 8080), udp(address, 8080), udp(address, 53)]),
    ...spoofedThere.flatMap((address) => [tcp(address, 8080), udp(address, 8080)]),
    ...['tcp', 'udp', 'icmp', '47', '132', '4', '136'].flatMap((protocol) =>
      [there.managerAddress, there.gateway, here.address, addresses.lan].map((from) =>
        forged(from, there.address, protocol),
      ),
    ),
    // As if the other app had asked its store from here.
    ...spoofedThere.flatMap((address) => ['tcp', 'udp'].map((protocol) => forged(there.address, address, protocol))),
  ]);
  expect(seen.packets((packet) => !packet.sent && isIp(packet))).toEqual([]);
  expect(atDriver.packets((packet) => !packet.sent && isIp(packet))).toEqual([]);
}, 60_000);

test('nothing leaves for the house or the outside, on version four or six, with any protocol', async () => {
  const { address } = await placeOf(rig, 'app-probe');
  await using atNet = await rig.rooms.net.watch();
  await using atLan = await rig.rooms.lan.watch();
  const outside = ['203.0.113.10', '198.51.100.53', '8.8.8.8', '169.254.169.254', '224.0.0.251', '255.255.255.255'];
  const probes: Probe[] = [
    ...[...outside, addresses.lan, '192.168.77.1'].flatMap((to) => [
      ...[22, 53, 80, 443, 853].map((port) => tcp(to, port)),
      ...[53, 123, 443, 5353].map((port) => udp(to, port)),
    ]),
    ...['tcp', 'udp', 'icmp', '47', '132', '4', '41'].flatMap((protocol): Probe[] => [
      { kind: 'raw', protocol, from: address, address: '203.0.113.10', port: 443, data: 'marker' },
      { kind: 'raw', protocol, from: addresses.box.net, address: '203.0.113.10', port: 443, data: 'marker' },
      { kind: 'raw', protocol, from: address, address: addresses.lan, port: 443, data: 'marker' },
    ]),
    ...[addresses.net.gateway6, addresses.box.net6, 'ff02::1%eth0', 'fd00:77::1'].flatMap((to) => [
      tcp(to, 443),
      udp(to, 53),
    ]),
  ];
  await within.send(probes);
  expect(atNet.packets(isIp)).toEqual([]);
  expect(atLan.packets(isIp)).toEqual([]);
  // The eyes do see what is sent to them.
  await rig.rooms.box.send([udp('203.0.113.10', 4_000), udp(addresses.lan, 4_000)]);
  await atNet.until(({ dport }) => dport === 4_000);
  await atLan.until(({ dport }) => dport === 4_000);
}, 60_000);

test('nothing in the pool answers the house or a foreign container', async () => {
  const here = await placeOf(rig, 'app-probe');
  const targets = [
    ...(await serviceDoors(rig)),
    ...[here.address, here.gateway, here.managerAddress, ...here.peers.values()].flatMap((address) =>
      [53, 8080, hostPort].map((port) => ({ address, port })),
    ),
  ];
  await using atApp = await within.watch();
  for (const attacker of [rig.rooms.lan, foreign]) {
    await using seen = await attacker.watch();
    const results = await attacker.send(
      targets.flatMap(({ address, port }) => [tcp(address, port), udp(address, port)]),
    );
    expect(new Set(results.map(({ answer }) => answer))).toEqual(new Set(['timeout']));
    expect(seen.packets((packet) => !packet.sent && isIp(packet))).toEqual([]);
  }
  expect(atApp.packets((packet) => !packet.sent && isIp(packet))).toEqual([]);
}, 60_000);

/** A reset with the right numbers ends a connection wherever it comes from, unless it is kept out. */
test('nothing can be injected into an accepted flow, which a reset from its own end does end', async () => {
  const { peers, address } = await placeOf(rig, 'app-probe');
  const store = peers.get(driverStore) ?? '';
  const token = await tokenOf(app, driverStore, '/ts/temperature');
  await using eyes = await within.watch();
  await using stream = app.start(probeApp('observe', urlOf(driverStore, '/ts/temperature'), token));
  await stream.line((line) => line.includes('"status":200'));
  await write(2);
  await stream.line((line) => line.includes('event'));
  const last = eyes.packets(({ sent, dst, dport }) => sent && dst === store && dport === 8080).at(-1);
  if (!last?.sport || !last.seq || !last.ack) throw new Error('the app sent nothing to its store');
  const [service] = (await serviceDoors(rig)).filter(({ address: owned }) => owned !== '');
  const reset = { kind: 'raw', protocol: 'tcp', flags: 'R' } as const;
  const asApp = { ...reset, from: address, sport: last.sport, seq: last.seq };
  const asStore = { ...reset, from: store, address, sport: 8080, port: last.sport, seq: last.ack };
  const attacks: Probe[] = [
    { ...asApp, address: store, port: 8080 },
    { ...asApp, address: service?.address ?? '', port: service?.port ?? 0 },
    asStore,
  ];
  const neighbour = await rig.inside(other).unleash();
  await using arrived = await within.watch();
  for (const attacker of [rig.rooms.lan, foreign, neighbour, rig.rooms.net]) await attacker.send(attacks);
  expect(arrived.packets(({ sent, flags = '' }) => !sent && flags.includes('R'))).toEqual([]);
  await write(3);
  await stream.line((line) => line.includes('event') && line.includes('3'));
  const open = await connections(address);
  expect(open).toBeGreaterThan(0);
  await within.send([{ ...asApp, address: store, port: 8080 }]);
  await until('the reset to end it', async () => ((await connections(address)) < open ? true : undefined));
}, 60_000);

/** How many connections of a caller the platform's services hold. */
async function connections(address: string): Promise<number> {
  const listed = await rig.rooms.box.run(['ss', '-Htn', 'state', 'established', 'dst', address]);
  return listed.split('\n').filter(Boolean).length;
}

async function write(value: number): Promise<void> {
  const inside = rig.inside(driver);
  const token = await tokenOf(inside, driverStore, '/*', 'POST');
  const url = urlOf(driverStore, '/ts/temperature');
  const [answer] = await inside.ask([withToken(token, { method: 'POST', url }, { value })]);
  expect(answer?.status).toBeLessThan(300);
}
