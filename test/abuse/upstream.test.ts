/** O04: no network at boot, another address while it runs, and the outside coming back: nobody has to do anything. */
import { connect as connectTls, type PeerCertificate } from 'node:tls';
import {
  addresses,
  appManifest,
  driverStore,
  endRig,
  installApp,
  installDriver,
  password,
  running,
  startRig,
  tokenOf,
  until,
  urlOf,
  withToken,
  type Rig,
} from './rig/index.ts';
import { exporting } from './rig/exports.ts';
import { askHttps } from './rig/door.ts';

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
