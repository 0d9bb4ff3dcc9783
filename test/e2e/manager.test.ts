/** The life of components, with the real network and containers: waiting, crashing, being killed, losing a driver. */
import {
  appManifest,
  driver,
  driverManifest,
  driverStore,
  hrefOf,
  installApp,
  installDriver,
  running,
  startRig,
  until,
  type Rig,
} from '../abuse/rig/index.ts';

type Listed = {
  name: string;
  type: string;
  state: string;
  error?: string;
  waitingFor?: string[];
  restarts: number;
};
type Sla = { origin: string; image: { id: string }; datasources: { href: string; item: unknown; revoked: boolean }[] };

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ settings: { 'manager.restart-limit': 2 } });
}, 120_000);
afterAll(() => rig[Symbol.asyncDispose](), 60_000);

const listed = async (name: string) =>
  (await rig.databox.admin.read<Listed[]>('/components')).find((one) => one.name === name);
const sla = (name: string) => rig.databox.admin.read<Sla>(`/components/${name}/sla`);
const idOf = (name: string) => rig.engine.docker(['inspect', '-f', '{{.Id}}', name]);
const mayRead = async (name: string) =>
  (await rig.inside(name).token({ target: driverStore, path: '/ts/temperature', method: 'GET' })).status === 200;
const resolves = async (name: string, host: string) => {
  const [answer] = await rig.inside(name).ask([{ url: `https://${host}:8080/status` }]);
  return answer?.status !== undefined;
};

test('an app that comes before its driver waits without a trace, and starts with what the driver registers', async () => {
  const manifest = appManifest('app-early', { datasources: { TEMPERATURE: 'temperature' } });
  await rig.databox.admin.mustInstall({ manifest, choices: { TEMPERATURE: hrefOf('temperature') } });
  expect(await listed('app-early')).toMatchObject({ state: 'waiting', waitingFor: [hrefOf('temperature')] });
  expect(await rig.engine.docker(['ps', '-aq'])).toBe('');
  expect((await sla('app-early')).datasources[0]?.item).toBeNull();
  await installDriver(rig);
  await running(rig, 'app-early');
  expect(await listed('app-early')).not.toHaveProperty('waitingFor');
  expect((await sla('app-early')).datasources[0]?.item).toMatchObject({ href: hrefOf('temperature') });
  const variables = await rig.inside('app-early').exec(['/bin/sh', '-c', 'env']);
  expect(variables).toContain(`"href":"${hrefOf('temperature')}"`);
  expect(await mayRead('app-early')).toBe(true);
}, 120_000);

test('waiting survives a restart of Databox', async () => {
  const manifest = appManifest('app-late', { datasources: { NEVER: 'never' } });
  await rig.databox.admin.mustInstall({ manifest, choices: { NEVER: hrefOf('never') } });
  await rig.databox.kill('SIGKILL');
  await rig.databox.restart();
  expect(await listed('app-late')).toMatchObject({ state: 'waiting', waitingFor: [hrefOf('never')] });
  await rig.databox.admin.must('DELETE', '/components/app-late');
}, 120_000);

test('a crash is answered with a new start, and its rights with it', async () => {
  await installApp(rig, 'app-crash');
  await rig.engine.docker(['kill', 'app-crash']);
  await until('the crash to be seen', async () => ((await listed('app-crash'))?.restarts === 1 ? true : undefined));
  await running(rig, 'app-crash');
  expect(await mayRead('app-crash')).toBe(true);
}, 120_000);

test('a container that somebody removed is made anew', async () => {
  const before = await idOf('app-crash');
  await rig.databox.admin.must('POST', '/components/app-crash/restart');
  await rig.engine.docker(['rm', '-f', 'app-crash']);
  await until('another container', async () => {
    const now = await idOf('app-crash').catch(() => before);
    return now !== before && (await listed('app-crash'))?.state === 'running' ? true : undefined;
  });
}, 120_000);

test('after the limit of crashes in a row it is left stopped and says why; a restart by the owner forgets them', async () => {
  await rig.databox.admin.must('POST', '/components/app-crash/restart');
  for (let crash = 1; crash <= 3; crash += 1) {
    await running(rig, 'app-crash');
    await rig.engine.docker(['kill', 'app-crash']);
    await until(`crash ${crash}`, async () => ((await listed('app-crash'))?.restarts === crash ? true : undefined));
  }
  expect(await listed('app-crash')).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('3 times in a row') as string,
  });
  expect(await rig.databox.admin.read<{ problems: string[] }>('/status')).toMatchObject({
    problems: [expect.stringContaining('app-crash')],
  });
  await rig.databox.admin.must('POST', '/components/app-crash/restart');
  expect(await listed('app-crash')).toMatchObject({ state: 'running', restarts: 0 });
}, 120_000);

test('killed and started again, Databox adopts what runs as it was agreed, and removes what nobody agreed', async () => {
  const before = await Promise.all([driver, 'app-early', 'app-crash'].map(idOf));
  const box = await rig.engine.docker(['inspect', '-f', '{{index .Config.Labels "databox.box"}}', driver]);
  await rig.databox.kill('SIGKILL');
  await rig.engine.docker(['rm', '-f', 'app-crash']);
  const stray = ['run', '-d', '--name', 'stray', '--label', `databox.box=${box}`, '--label', 'databox.component=stray'];
  await rig.engine.docker([...stray, '--network', 'none', 'local/probe:1']);
  await rig.databox.restart();
  const after = await Promise.all([driver, 'app-early', 'app-crash'].map(idOf));
  expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
  expect(after[2]).not.toBe(before[2]);
  expect(await rig.engine.docker(['ps', '-a', '--format', '{{.Names}}'])).not.toContain('stray');
  expect(await mayRead('app-early')).toBe(true);
}, 120_000);

test('when its driver goes, an app runs on without it, and has everything back when the driver is back', async () => {
  const container = await idOf('app-early');
  expect(await resolves('app-early', driverStore)).toBe(true);
  await rig.databox.admin.must('DELETE', `/components/${driver}`);
  expect(await listed('app-early')).toMatchObject({ state: 'running', waitingFor: [hrefOf('temperature')] });
  expect(await mayRead('app-early')).toBe(false);
  expect(await resolves('app-early', driverStore)).toBe(false);
  await rig.databox.admin.mustInstall({ manifest: driverManifest(driver) });
  await until('the datasource of before', async () => ((await mayRead('app-early')) ? true : undefined));
  expect(await resolves('app-early', driverStore)).toBe(true);
  expect(await listed('app-early')).not.toHaveProperty('waitingFor');
  expect(await idOf('app-early')).toBe(container);
}, 120_000);

test('two installs of one name at once: one is done, the other is told so', async () => {
  const manifest = appManifest('app-twice');
  const both = await Promise.all([1, 2].map(() => rig.databox.admin.install({ manifest })));
  const ends = both.map((progress) => progress.at(-1));
  expect(ends.filter((end) => end?.done)).toHaveLength(1);
  expect(ends.find((end) => end?.problem)?.problem).toMatchObject({ code: 'component.exists' });
  expect(await listed('app-twice')).toMatchObject({ state: 'running' });
}, 120_000);

test('with new authorities every component has the new root and reads as before, without a new install', async () => {
  const rootOf = (name: string) => rig.inside(name).exec(['/bin/cat', '/run/secrets/DATABOX_ROOT_CA']);
  await installDriver(rig).catch(() => running(rig, driver)); // it is there when the tests above ran
  await installApp(rig, 'app-anew');
  const before = await rootOf('app-anew');
  expect(await mayRead('app-anew')).toBe(true);
  await rig.databox.kill('SIGTERM');
  await rig.databox.start({ 'manager.restart-limit': 2, 'manager.regenerate-certificates': true });
  for (const name of [driver, 'app-anew']) await running(rig, name);
  const after = await rootOf('app-anew');
  expect([after === before, after === (await rootOf(driver))]).toEqual([false, true]);
  expect(await mayRead('app-anew')).toBe(true);
}, 180_000);
