/** Taking a permission back ends what is open now, in both directions, and what was handed out before, for good. */
import {
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

let rig: Rig;
let app: Inside;
const series = urlOf(driverStore, '/ts/temperature');
const latest = urlOf(driverStore, '/ts/temperature/latest');
const withinMs = 1_000;

beforeAll(async () => {
  rig = await startRig();
  await installDriver(rig);
  app = await installApp(rig, 'app-probe');
}, 240_000);
afterAll(() => endRig(rig), 60_000);

/** The driver writes one value after another, as fast as it can, until disposed. */
async function writing() {
  const inside = rig.inside(driver);
  return inside.start(probeApp('write', series, await tokenOf(inside, driverStore, '/*', 'POST')));
}

/** What the app holds open: an observation, and a bare connection to the store. */
async function holdOpen() {
  const stream = app.start(probeApp('observe', series, await tokenOf(app, driverStore, '/ts/temperature')));
  await stream.line((line) => line.includes('event'));
  const flow = app.start(['/bin/busybox', 'nc', driverStore, '8080']);
  const { address } = await placeOf(rig, 'app-probe');
  await until('both connections at the store', async () => ((await held(address)) >= 2 ? true : undefined));
  return { stream, flow, address };
}

/** Connections of a caller that the platform's services hold. */
const held = async (address: string): Promise<number> =>
  (await rig.rooms.box.run(['ss', '-Htn', 'state', 'established', 'dst', address])).split('\n').filter(Boolean).length;

type Line = { end?: string; event?: string; at: number };
const parse = (lines: readonly string[]): Line[] => lines.map((line) => JSON.parse(line) as Line);

test('a revoked datasource: the stream and the connection are reset at both ends within a second', async () => {
  await using all = new AsyncDisposableStack();
  all.use(await writing());
  const { stream, flow, address } = await holdOpen();
  all.use(stream);
  all.use(flow);
  const { peers } = await placeOf(rig, 'app-probe');
  const store = peers.get(driverStore);
  await using eyes = await (await app.network()).watch();
  const start = Date.now();
  await rig.databox.admin.must('POST', '/components/app-probe/revoke', { datasource: 'TEMPERATURE' });
  const ended = JSON.parse(await stream.line((line) => line.includes('"end"'))) as Line;
  expect(ended.at - start).toBeLessThan(withinMs);
  await flow.exited;
  expect(Date.now() - start).toBeLessThan(withinMs + 1_000); // the end of `docker exec` takes its own time
  // At the app both are reset; at the store nothing is held.
  const cuts = eyes.packets(({ sent, src, flags = '' }) => !sent && src === store && /[RF]/.test(flags));
  expect(new Set(cuts.map(({ dport }) => dport)).size).toBe(2);
  expect(new Set(cuts.filter(({ flags = '' }) => flags.includes('R')).map(({ dport }) => dport)).size).toBe(2);
  expect(Math.min(...cuts.map(({ at }) => at * 1_000)) - start).toBeLessThan(withinMs);
  expect(await held(address)).toBe(0);
  expect(parse(stream.lines).filter(({ event, at }) => event !== undefined && at > start + withinMs)).toEqual([]);
}, 60_000);

test('its tokens are dead, and stay dead when the permission is given again; a new one works', async () => {
  await rig.databox.admin.must('POST', '/components/app-probe/allow', { datasource: 'TEMPERATURE' });
  const old = await tokenOf(app, driverStore, '/ts/temperature/*');
  expect(await app.ask([withToken(old, { url: latest })])).toMatchObject([{ status: 200 }]);
  await rig.databox.admin.must('POST', '/components/app-probe/revoke', { datasource: 'TEMPERATURE' });
  const [revoked] = await app.ask([withToken(old, { url: latest, timeoutMs: 1_500 })]);
  expect([401, undefined]).toContain(revoked?.status); // the only permission at that store: its door is shut too
  expect((await app.token({ target: driverStore, path: '/ts/temperature/*', method: 'GET' })).status).toBe(403);
  await rig.databox.admin.must('POST', '/components/app-probe/allow', { datasource: 'TEMPERATURE' });
  const [again] = await app.ask([withToken(old, { url: latest })]);
  expect(again?.status).toBe(401);
  const fresh = await tokenOf(app, driverStore, '/ts/temperature/*');
  expect(await app.ask([withToken(fresh, { url: latest })])).toMatchObject([{ status: 200 }]);
}, 60_000);

test('a revocation survives a restart of the app and of Databox', async () => {
  await rig.databox.admin.must('POST', '/components/app-probe/revoke', { datasource: 'TEMPERATURE' });
  await rig.databox.admin.must('POST', '/components/app-probe/restart');
  await running(rig, 'app-probe');
  expect((await app.token({ target: driverStore, path: '/ts/temperature/*', method: 'GET' })).status).toBe(403);
  await rig.databox.kill('SIGKILL');
  await rig.databox.restart();
  await running(rig, 'app-probe');
  expect((await app.token({ target: driverStore, path: '/ts/temperature/*', method: 'GET' })).status).toBe(403);
  await rig.databox.admin.must('POST', '/components/app-probe/allow', { datasource: 'TEMPERATURE' });
  const fresh = await tokenOf(app, driverStore, '/ts/temperature/*');
  expect(await app.ask([withToken(fresh, { url: latest })])).toMatchObject([{ status: 200 }]);
}, 90_000);

test('uninstalled while it runs: its connections end at the store, and its token never works again', async () => {
  await using all = new AsyncDisposableStack();
  all.use(await writing());
  const { stream, flow, address } = await holdOpen();
  all.use(stream);
  all.use(flow);
  const token = await tokenOf(app, driverStore, '/ts/temperature/*');
  const start = Date.now();
  const gone = rig.databox.admin.must('DELETE', '/components/app-probe?data=delete');
  const shut = async () => ((await held(address)) === 0 ? Date.now() - start : undefined);
  expect(await until('the store to let go', shut, { everyMs: 20 })).toBeLessThan(withinMs);
  await gone;
  await flow.exited;
  expect(await rig.engine.containers()).not.toContain('app-probe');
  expect(await conntracked(address)).toBe(0);
  app = await installApp(rig, 'app-probe');
  expect((await app.ask([withToken(token, { url: latest })]))[0]?.status).toBe(401);
  const fresh = await tokenOf(app, driverStore, '/ts/temperature/*');
  expect(await app.ask([withToken(fresh, { url: latest })])).toMatchObject([{ status: 200 }]);
}, 90_000);

/** Flows of an address that the kernel still tracks as accepted. */
async function conntracked(address: string): Promise<number> {
  const listed = await rig.rooms.box.run(['conntrack', '-L', '-s', address]);
  return listed.split('\n').filter((line) => line.includes('ESTABLISHED') && !line.includes('dport=53')).length;
}
