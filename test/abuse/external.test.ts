/** A driver talks to the hosts its owner agreed to, on their ports, wherever their names point; and an app to none. */
import {
  addresses,
  askDns,
  driver,
  installApp,
  installDriver,
  placeOf,
  endRig,
  startRig,
  until,
  type Inside,
  type Probe,
  type Rig,
} from './rig/index.ts';
import type { Vantage } from './rig/inside.ts';

let rig: Rig;
let probe: Inside;
let within: Vantage;
const host = 'api.example.test';
const [first, second, elsewhere] = ['203.0.113.10', '203.0.113.20', '203.0.113.30'];

beforeAll(async () => {
  rig = await startRig();
  await rig.outside.setNames({ [host]: { addresses: [first] }, 'other.example.test': { addresses: [elsewhere] } });
  for (const address of [first, second]) await rig.site({ address, names: [host], reply: { body: `from ${address}` } });
  await rig.site({ address: first, names: [host], port: 8443 });
  await rig.site({ address: elsewhere, names: ['other.example.test'] });
  probe = await installDriver(rig, [`https://${host}/`]);
  await installApp(rig, 'app-probe');
  within = await probe.unleash();
}, 240_000);
afterAll(() => endRig(rig), 60_000);

const fetch = async (url: string): Promise<string> => {
  const [answer] = await probe.ask([{ url, anyCertificate: true, timeoutMs: 3_000 }]);
  return answer?.error ?? answer?.body ?? 'nothing';
};
const reaches = async (path: string): Promise<boolean> => (await fetch(`https://${host}${path}`)).includes('from');
const visitsAt = async (address: string, port = 443) =>
  (await rig.outside.visits()).filter((visit) => visit.address === address && visit.port === port);

test('the whitelisted host is reached on its port, by its name, with the box’s own address', async () => {
  expect(await fetch(`https://${host}/weather`)).toBe(`from ${first}`);
  expect(await visitsAt(first)).toMatchObject([{ url: '/weather', from: addresses.box.net }]);
  const queries = await rig.outside.queries();
  expect(new Set(queries.map(({ name }) => name.toLowerCase()))).toEqual(new Set([host]));
});

test('no other port, protocol, name or address of the outside gets a packet', async () => {
  const { gateway, peers } = await placeOf(rig, driver);
  const spoofed = peers.get(host) ?? '';
  await using eyes = await rig.rooms.net.watch();
  const names = ['other.example.test', `x.${host}`, 'example.test', 'www.example.org'];
  for (const { rcode } of await askDns(within, gateway, names)) expect(rcode).toBe('NXDOMAIN');
  const to = (address: string, port: number): Probe[] => [
    { kind: 'tcp', address, port, timeout: 0.7 },
    { kind: 'udp', address, port, data: 'marker', timeout: 0.7 },
  ];
  const tried = await within.send([
    ...[22, 25, 53, 80, 8443].flatMap((port) => to(spoofed, port)),
    ...to(spoofed, 443).slice(1),
    ...[first, elsewhere, '8.8.8.8', addresses.lan].flatMap((address) => [...to(address, 443), ...to(address, 8443)]),
  ]);
  for (const { answer } of tried) expect(['timeout', 'ECONNREFUSED']).toContain(answer);
  expect(eyes.packets(({ protocol }) => protocol !== 'icmp6')).toEqual([]);
}, 60_000);

test('the name may move: connections go where it points now', async () => {
  await rig.outside.setNames({ [host]: { addresses: [second] } });
  // What was looked up a moment ago is used for a second.
  await until('the name to move', async () => {
    const answer = await fetch(`https://${host}/moved`);
    expect([`from ${first}`, `from ${second}`]).toContain(answer);
    return answer === `from ${second}` || undefined;
  });
  expect(await visitsAt(second)).toMatchObject([{ url: '/moved' }]);
});

test.each(['192.168.77.10', '127.0.0.1', '169.254.169.254', '10.196.0.2', '100.64.0.1', '172.17.0.1'])(
  'a name that turns inward, to %s, is not followed',
  async (inward) => {
    await rig.outside.setNames({ [host]: { addresses: [inward] } });
    await using atLan = await rig.rooms.lan.watch();
    await using host443 = await rig.rooms.box.listen([{ protocol: 'tcp', address: '127.0.0.1', port: 8_443 }]);
    // What was looked up a moment ago may be used for its time to live.
    await until('the old address to be forgotten', async () => ((await reaches('/inward')) ? undefined : true));
    const before = (await rig.outside.visits()).length;
    expect(await reaches('/inward')).toBe(false);
    expect(await rig.outside.visits()).toHaveLength(before);
    expect(atLan.packets(({ protocol }) => protocol !== 'icmp6')).toEqual([]);
    expect(host443.arrivals()).toEqual([]);
    await rig.outside.setNames({ [host]: { addresses: [first] } });
  },
);

test('names out of reach are an error soon, not a hang, and another app’s names do not wait for them', async () => {
  await rig.outside.setNames({ [host]: { addresses: [first], delayMs: 20_000 } });
  const { gateway } = await placeOf(rig, driver);
  const app = await rig.inside('app-probe').network();
  const appGateway = (await placeOf(rig, 'app-probe')).gateway;
  const slow = askDns(within, gateway, [host]);
  const start = performance.now();
  expect(await askDns(app, appGateway, ['arbiter'])).toMatchObject([{ rcode: 'NOERROR' }]);
  expect(performance.now() - start).toBeLessThan(1_000);
  await slow;
  await rig.outside.setNames({ [host]: { addresses: [first] } });
  await until('the name to be found again', async () => ((await reaches('/again')) ? true : undefined));
}, 60_000);

test('an app has no way there: not by name, not by number, not through the driver’s address for it', async () => {
  const app = await rig.inside('app-probe').unleash();
  const { gateway } = await placeOf(rig, 'app-probe');
  const { peers } = await placeOf(rig, driver);
  await using eyes = await rig.rooms.net.watch();
  expect(await askDns(app, gateway, [host])).toMatchObject([{ rcode: 'NXDOMAIN' }]);
  const targets = [first, second, peers.get(host) ?? ''];
  const tried = await app.send(targets.map((address) => ({ kind: 'tcp', address, port: 443, timeout: 0.7 })));
  for (const { answer } of tried) expect(['timeout', 'ECONNREFUSED']).toContain(answer);
  expect(eyes.packets(({ protocol }) => protocol !== 'icmp6')).toEqual([]);
});

test('a revoked host is out of reach at once, and within again when allowed', async () => {
  expect(await fetch(`https://${host}/`)).toContain('from');
  await rig.databox.admin.must('POST', `/components/${driver}/revoke`, { host });
  await using eyes = await rig.rooms.net.watch();
  expect(await fetch(`https://${host}/`)).not.toContain('from');
  expect(eyes.packets(({ protocol }) => protocol !== 'icmp6')).toEqual([]);
  await rig.databox.admin.must('POST', `/components/${driver}/allow`, { host });
  expect(await fetch(`https://${host}/`)).toContain('from');
});
