/**
 * O03, O04: no network at boot, another address while it runs, the outside coming back, the clock set: nobody has to do
 * anything.
 */
import { connect as connectTls, type PeerCertificate } from 'node:tls';
import {
  addresses,
  appManifest,
  driverStore,
  endRig,
  installApp,
  installDriver,
  password,
  probeApp,
  running,
  startRig,
  tokenOf,
  until,
  urlOf,
  withToken,
  type Rig,
} from './rig/index.ts';
import { fakeClock, type FakeClock } from './rig/clock.ts';
import { askHttps } from './rig/door.ts';
import { exporting } from './rig/exports.ts';

const destination = 'https://api.example.test/in';
const elsewhere = '192.168.77.3';
/** Noticed every five seconds; a loaded machine gets ten times as long. */
const noticeMs = 50_000;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ databox: false });
  await rig.outside.setNames({ 'api.example.test': { addresses: ['203.0.113.10'] } });
  await rig.site({ address: '203.0.113.10', names: ['api.example.test'] });
  await rig.house.ip('box', 'link set net0 down'); // and with it the default routes
}, 300_000);
afterAll(() => endRig(rig), 120_000);

async function localUseWorks(): Promise<void> {
  const app = rig.inside('app-probe');
  const token = await tokenOf(app, driverStore, '/ts/temperature/*');
  const latest = withToken(token, { url: urlOf(driverStore, '/ts/temperature/latest') });
  expect(await app.ask([latest])).toMatchObject([{ status: 200 }]);
}

/** The certificate that the box shows at an address. */
async function certificateAt(host: string): Promise<PeerCertificate> {
  const socket = await rig.doors.lan.connect(host, 443);
  const { promise, resolve, reject } = Promise.withResolvers<PeerCertificate>();
  const tls = connectTls({ socket, rejectUnauthorized: false });
  tls.once('secureConnect', () => resolve(tls.getPeerCertificate())).once('error', reject);
  return promise.finally(() => tls.destroy());
}

test('O04 started without any way out, the box installs, stores and shows its pages', async () => {
  expect(await rig.house.ip('box', 'route show default')).toBe('');
  await rig.databox.start();
  await installDriver(rig);
  await installApp(rig, 'app-probe');
  await localUseWorks();
  const owner = rig.owner();
  expect((await owner.login(password)).status).toBe(200);
  expect((await owner.get('/')).status).toBe(200);
}, 600_000);

test('O04 another address while it runs: its certificate names it within seconds, and its pages answer there', async () => {
  const changed = performance.now();
  // In this order: a second address of a network goes with the first one.
  await rig.house.ip('box', `addr del ${addresses.box.lan}/24 dev lan0`);
  await rig.house.ip('box', `addr add ${elsewhere}/24 dev lan0`);
  await until(
    'a certificate of the new address',
    async () => ((await certificateAt(elsewhere)).subjectaltname?.includes(elsewhere) ? true : undefined),
    { timeoutMs: noticeMs },
  );
  console.log(`O04 the new address was in the certificate after ${(performance.now() - changed).toFixed(0)} ms`);
  expect((await certificateAt(elsewhere)).subjectaltname).not.toContain(addresses.box.lan);
  const page = await askHttps(await rig.doors.lan.connect(elsewhere, 443), {
    path: '/core-ui/ui/login',
    host: elsewhere,
  });
  expect(page.status).toBeLessThan(500);
  expect(page.status).not.toBe(421); // it is a name of this box
  await localUseWorks();
}, 120_000);

test('O04 the way out comes, goes and comes back: exports that waited leave by themselves', async () => {
  await rig.databox.admin.mustInstall({ manifest: appManifest('app-export', { exports: [destination] }) });
  await running(rig, 'app-export');
  const app = rig.inside('app-export');
  const out = exporting(rig, { app, token: destination });
  const up = async () => {
    await rig.house.ip('box', 'link set net0 up');
    await rig.house.ip('box', `route add default via ${addresses.net.gateway}`);
  };
  const leaves = () => out.finished({ uri: destination }, 120_000);
  const waiting = leaves();
  await until('a failed attempt', async () =>
    (await out.ledger()).some(({ status }) => status === 'waiting') ? true : undefined,
  );
  await up();
  expect(await waiting).toMatchObject({ ext_response: { status: '200 OK' } });
  await rig.house.ip('box', 'link set net0 down');
  const again = leaves();
  await localUseWorks();
  await up();
  expect(await again).toMatchObject({ ext_response: { status: '200 OK' } });
  expect(await out.visitsOf('203.0.113.10')).toHaveLength(2);
}, 400_000);

const dayMs = 86_400_000;
const yearsMs = 3_652 * dayMs;
const ownStore = 'app-probe-core-store';
/** From and to, in ms: as set by the test from the machine's clock, as told by the box since the Unix epoch. */
type Jump = { from: number; to: number };
type Entry = { timestamp: number; data: { value: number } };
type Status = { healthy: boolean; problems: string[]; clockJumps: Jump[] };

/**
 * A request of the app, which may be started anew meanwhile: its certificate may be of another time. Its own clock stays,
 * so what was certified at another time it takes all the same.
 */
const asking = (url: string, token: string, body?: unknown) =>
  until(`the app to ask ${url}`, async () => {
    const ask = { url, anyCertificate: true, ...(body !== undefined && { method: 'POST' }) };
    const [answer] = await rig.inside('app-probe').ask([withToken(token, ask, body)]);
    return answer?.status === undefined ? undefined : answer;
  });

async function minted(path: string, method = 'GET'): Promise<string> {
  const answer = await asking(urlOf('arbiter', '/token'), '{KEY}', { target: ownStore, path, method });
  expect(answer.status).toBe(200);
  return answer.body;
}

/** Waits until the jump was noticed, and compares it with what was done. */
async function noticed(count: number, byMs: number): Promise<Jump> {
  const { clockJumps, problems } = await until(
    'the jump to be noticed',
    async () => {
      const status = await rig.databox.admin.read<Status>('/status');
      return status.clockJumps.length >= count ? status : undefined;
    },
    { timeoutMs: noticeMs },
  );
  expect(clockJumps).toHaveLength(count);
  const jump = clockJumps.at(-1) as Jump;
  expect(Math.abs(jump.to - jump.from - byMs)).toBeLessThan(5_000);
  expect(problems).toContainEqual(expect.stringMatching(byMs > 0 ? /clock was set forward/ : /clock was set back/));
  return jump;
}

/** One jump, with what must die of it and what must not. */
async function jumpsTo(clock: FakeClock, nth: number, { from, to }: Jump): Promise<void> {
  const own = urlOf(ownStore, '/ts/clock');
  const write = await minted('/ts/clock', 'POST');
  clock.set(to);
  const jump = await noticed(nth, to - from);
  expect((await asking(own, write, { value: 0 })).status).toBe(401); // of another time, whether past or to come
  expect((await asking(own, await minted('/ts/clock', 'POST'), { value: nth })).status).toBe(201);
  const all = await rig.databox.admin.read<Entry[]>(`/stores/${ownStore}/ts/clock/first/100`);
  const entry = all.find(({ data }) => data.value === nth);
  expect(entry?.timestamp).toBeGreaterThanOrEqual(jump.to); // so the record says which side of it a sample is on
  expect((await rig.databox.admin.read<Status>('/status')).healthy).toBe(true);
}

test('O03 (simulated clock) a day and ten years, both ways: tokens end, sessions and streams do not, jumps are on record', async () => {
  expect(await rig.databox.kill('SIGTERM')).toBe(0);
  await rig.house.ip('box', `addr add ${addresses.box.lan}/24 dev lan0`);
  const clock = fakeClock(rig.house.dir);
  await rig.databox.start({}, clock.env);
  for (const name of ['driver-probe', 'app-probe']) await running(rig, name);
  const owner = rig.owner();
  expect((await owner.login(password)).status).toBe(200);
  {
    const stream = probeApp('observe', urlOf(ownStore, '/ts/clock'), await minted('/ts/clock'));
    await using events = rig.inside('app-probe').start(stream);
    await events.line((line) => line.includes('"status":200'));
    await jumpsTo(clock, 1, { from: 0, to: dayMs });
    await jumpsTo(clock, 2, { from: dayMs, to: 0 });
    await events.line((line) => line.includes('value') && line.includes('2'));
    expect(events.lines.filter((line) => line.includes('"end"'))).toEqual([]);
  }
  await jumpsTo(clock, 3, { from: 0, to: yearsMs });
  expect((await owner.get('/')).status).toBe(200);
  await jumpsTo(clock, 4, { from: yearsMs, to: 0 });
  expect((await owner.get('/')).status).toBe(200);
}, 400_000);
