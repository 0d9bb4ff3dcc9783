/** O02: the Docker engine stands still, dies and comes back: the box says so, goes on with what it can, and makes it good. */
import {
  appManifest,
  driver,
  driverStore,
  endRig,
  installApp,
  installDriver,
  password,
  placeOf,
  running,
  startRig,
  tokenOf,
  until,
  urlOf,
  withToken,
  type Rig,
} from './rig/index.ts';

/** A tenth of these are promised; tests leave a loaded machine its time. */
const statusMs = 5_000;
const noticeMs = 100_000;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  await installDriver(rig);
  await installApp(rig, 'app-probe');
}, 600_000);
afterAll(() => endRig(rig), 120_000);

type Status = { healthy: boolean; problems: string[]; components: { running: number } };

/** The status, which must not wait for the engine. */
async function status(): Promise<Status> {
  const asked = performance.now();
  const answer = await rig.databox.admin.read<Status>('/status');
  expect(performance.now() - asked).toBeLessThan(statusMs);
  return answer;
}

const away = 'The Docker engine does not answer.';
const noticed = () =>
  until(
    'the notice',
    async () => {
      const { healthy, problems } = await status();
      return !healthy && problems.includes(away) ? true : undefined;
    },
    { timeoutMs: noticeMs },
  );
const answersAgain = () =>
  until('the end of the notice', async () => ((await status()).problems.includes(away) ? undefined : true), {
    timeoutMs: noticeMs,
  });

/** One read of the app in its own network, without asking the engine for anything. */
async function prepareRead(): Promise<() => Promise<string>> {
  const app = rig.inside('app-probe');
  const token = await tokenOf(app, driverStore, '/ts/temperature/*');
  const { peers } = await placeOf(rig, 'app-probe');
  const network = await app.network();
  const url = `https://${peers.get(driverStore) ?? ''}:8080/ts/temperature/latest`;
  const script = `process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; fetch(${JSON.stringify(url)}, { headers: { 'x-api-key': ${JSON.stringify(token)} } })
    .then((answer) => answer.text()).then((text) => console.log(text))`;
  return () => network.run([process.execPath, '-e', script]);
}

async function installIsRefused(): Promise<void> {
  const asked = performance.now();
  const progress = await rig.databox.admin.install({ manifest: appManifest('app-late') });
  expect(progress.at(-1)?.problem).toMatchObject({ code: 'docker.unavailable', status: 503 });
  expect(performance.now() - asked).toBeLessThan(noticeMs);
}

async function pagesWork(): Promise<void> {
  const owner = rig.owner();
  expect((await owner.login(password)).status).toBe(200);
  expect((await owner.get('/')).status).toBe(200);
}

test('O02 an engine that stands still: noticed, nothing waits for it, installs are refused; then it all goes on', async () => {
  const read = await prepareRead();
  expect(await read()).toContain('"value":1');
  const stopped = performance.now();
  await rig.engine.signal('SIGSTOP');
  try {
    await noticed();
    console.log(`O02 noticed after ${(performance.now() - stopped).toFixed(0)} ms`);
    await installIsRefused();
    await pagesWork();
    expect(await read()).toContain('"value":1');
  } finally {
    await rig.engine.signal('SIGCONT');
  }
  await answersAgain();
  await rig.databox.admin.mustInstall({ manifest: appManifest('app-late') });
  await running(rig, 'app-late');
  await rig.databox.admin.must('DELETE', '/components/app-late?data=delete');
}, 600_000);

test('O02 an engine that dies: noticed, installs are refused; started again, so is everything that died with it', async () => {
  const read = await prepareRead();
  await rig.engine.signal('SIGKILL');
  await noticed();
  await installIsRefused();
  await pagesWork();
  expect(await read()).toContain('"value":1'); // its containers live until it comes back
  expect(rig.databox.running()).toBe(true);
  await rig.engine.restart();
  await answersAgain();
  for (const name of [driver, 'app-probe']) {
    await until(
      `${name} to run in the new engine`,
      async () =>
        (await rig.engine.docker(['inspect', '-f', '{{.State.Running}}', name])) === 'true' ? true : undefined,
      { timeoutMs: 120_000, everyMs: 500 },
    );
    await running(rig, name);
  }
  const app = rig.inside('app-probe');
  const token = await tokenOf(app, driverStore, '/ts/temperature/*');
  const latest = withToken(token, { url: urlOf(driverStore, '/ts/temperature/latest') });
  expect(
    await until('the app to read', async () => (await app.ask([latest])).find(({ status: is }) => is === 200)),
  ).toBeDefined();
}, 600_000);
