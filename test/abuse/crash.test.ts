/** SIGKILL in the middle of everything: what was acknowledged is there, nothing opens meanwhile, and it all comes back. */
import {
  addresses,
  askDns,
  driver,
  driverStore,
  installApp,
  installDriver,
  placeOf,
  probeApp,
  running,
  endRig,
  startRig,
  tokenOf,
  until,
  urlOf,
  withToken,
  type Inside,
  type Rig,
} from './rig/index.ts';
import type { Vantage } from './rig/inside.ts';

let rig: Rig;
let app: Inside;
let within: Vantage;
const rounds = process.env['DATABOX_TEST_FULL'] ? 20 : 2;

beforeAll(async () => {
  rig = await startRig();
  await rig.outside.setNames({ 'www.example.test': { addresses: ['203.0.113.10'] } });
  await installDriver(rig);
  app = await installApp(rig, 'app-probe');
  await installApp(rig, 'app-other');
  within = await app.unleash();
}, 240_000);
afterAll(() => endRig(rig), 60_000);

test(`killed during writes, ${rounds} times: every acknowledged write is there once`, async () => {
  const acknowledged: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const inside = rig.inside(driver);
    const series = `crash${round}`;
    const token = await tokenOf(inside, driverStore, '/*', 'POST');
    const writers = [0, 1].map(() => inside.start(probeApp('write', urlOf(driverStore, `/ts/${series}`), token)));
    await using all = new AsyncDisposableStack();
    for (const writer of writers) all.use(writer);
    const count = () => writers.flatMap(({ lines }) => lines.filter((line) => line.includes('acknowledged'))).length;
    await until('some writes', () => (count() > 100 ? true : undefined));
    expect(await rig.databox.kill('SIGKILL')).toBe('SIGKILL');
    acknowledged.push(count());
    await all.disposeAsync();
    await rig.databox.restart();
    await running(rig, driver);
    const path = `/stores/${driverStore}/ts/${series}/first/100000`;
    const kept = (await rig.databox.admin.read<{ data: { value: number } }[]>(path)).map(({ data }) => data.value);
    for (const writer of writers) {
      for (const line of writer.lines.filter((one) => one.includes('acknowledged'))) {
        const { acknowledged: value } = JSON.parse(line) as { acknowledged: number };
        // Both writers count from one, so each value is there once for each of them that was told so.
        expect(kept.filter((one) => one === value).length).toBeGreaterThanOrEqual(1);
      }
    }
    // At most one write of each was in flight and is there unacknowledged.
    expect(kept.length).toBeGreaterThanOrEqual(count());
    expect(kept.length).toBeLessThanOrEqual(count() + writers.length);
  }
  expect(acknowledged).toHaveLength(rounds);
}, 180_000);

test('while it is down no new flow passes and no name is answered; the containers go on', async () => {
  const { gateway, address, peers } = await placeOf(rig, 'app-probe');
  const store = peers.get(driverStore) ?? '';
  const { address: other } = await placeOf(rig, 'app-other');
  const theirs = await rig.inside('app-other').network();
  await rig.databox.kill('SIGKILL');
  await using atNet = await rig.rooms.net.watch();
  await using atLan = await rig.rooms.lan.watch();
  await using atOther = await theirs.watch();
  await using own = await within.watch();
  await until('the names to fall silent', async () => {
    const [answer] = await askDns(within, gateway, [driverStore]);
    return answer?.rcode === 'NOERROR' ? undefined : true;
  });
  const answers = await askDns(within, gateway, [driverStore, 'arbiter', 'www.example.test']);
  expect(answers.every(({ addresses: given }) => given.length === 0)).toBe(true);
  const tcp = (to: string, port: number) => ({ kind: 'tcp' as const, address: to, port, timeout: 1 });
  const tried = await within.send([
    ...[...peers.values()].map((peer) => tcp(peer, 8080)),
    ...[other, addresses.lan, '203.0.113.10', addresses.box.lan, gateway].map((to) => tcp(to, 443)),
  ]);
  expect(new Set(tried.map(({ answer }) => answer))).toEqual(new Set(['timeout']));
  expect(own.packets(({ sent, flags = '', src }) => !sent && flags.includes('S') && src === store)).toEqual([]);
  expect(atOther.packets(({ sent, src }) => !sent && src === address)).toEqual([]);
  for (const eyes of [atNet, atLan]) expect(eyes.packets(({ protocol }) => protocol !== 'icmp6')).toEqual([]);
  expect(await rig.engine.containers()).toEqual(expect.arrayContaining([driver, 'app-probe', 'app-other']));
  await rig.databox.restart();
}, 90_000);

test('after it, containers are supervised, tokens of before work and policy holds', async () => {
  await running(rig, driver);
  await running(rig, 'app-probe');
  within = await app.unleash();
  const { gateway } = await placeOf(rig, 'app-probe');
  const { address: other } = await placeOf(rig, 'app-other');
  const token = await tokenOf(app, driverStore, '/ts/temperature/*');
  const latest = withToken(token, { url: urlOf(driverStore, '/ts/temperature/latest') });
  expect(await app.ask([latest])).toMatchObject([{ status: 200 }]);
  expect(await askDns(within, gateway, ['www.example.test', 'app-other'])).toMatchObject([
    { rcode: 'NXDOMAIN' },
    { rcode: 'NXDOMAIN' },
  ]);
  await using atOther = await (await rig.inside('app-other').network()).watch();
  await within.send([{ kind: 'tcp', address: other, port: 8080, timeout: 0.5 }]);
  expect(atOther.packets(({ sent }) => !sent)).toEqual([]);
  await rig.databox.kill('SIGKILL');
  await rig.databox.restart();
  expect(await app.ask([latest])).toMatchObject([{ status: 200 }]);
  const before = await rig.engine.docker(['inspect', '-f', '{{.State.StartedAt}}', 'app-probe']);
  await rig.engine.docker(['kill', 'app-probe']);
  await until(
    'the crashed app to be started again',
    async () => {
      const now = await rig.engine.docker(['inspect', '-f', '{{.State.Running}} {{.State.StartedAt}}', 'app-probe']);
      return now.startsWith('true') && !now.includes(before) ? true : undefined;
    },
    { timeoutMs: 60_000 },
  );
}, 120_000);
