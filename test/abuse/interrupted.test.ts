/** M11: a process killed at any step of an install or an uninstall leaves the component whole or gone. */
import { appManifest, driver, endRig, hrefOf, installDriver, running, startRig, until, type Rig } from './rig/index.ts';
import { traces } from './rig/traces.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  await installDriver(rig);
}, 240_000);
afterAll(() => endRig(rig), 60_000);

const manifest = appManifest('app-half', { datasources: { TEMPERATURE: 'temperature' } });
const choices = { TEMPERATURE: hrefOf('temperature') };
type Listed = { name: string; state: string }[];
const listed = async () =>
  (await rig.databox.admin.read<Listed>('/components')).some(({ name }) => name === 'app-half');

/** After a restart: if the component is there it runs; in either case an uninstall leaves the box as before. */
async function wholeOrGone(before: Awaited<ReturnType<typeof traces>>): Promise<string> {
  await rig.databox.restart();
  await running(rig, driver);
  const there = await listed();
  if (there) {
    await running(rig, 'app-half');
    await rig.databox.admin.must('DELETE', '/components/app-half?data=delete');
  }
  await until('the box to be as before', async () => {
    expect(await traces(rig)).toEqual(before);
    return true;
  });
  return there ? 'whole' : 'gone';
}

test('SIGKILL at every step of an install leaves it whole or gone', async () => {
  const before = await traces(rig);
  const clean = await rig.databox.admin.install({ manifest, choices });
  const steps = clean.length;
  await rig.databox.admin.must('DELETE', '/components/app-half?data=delete');
  expect(await traces(rig)).toEqual(before);
  const found = new Set<string>();
  for (let step = 0; step < steps; step += 1) {
    await rig.databox.admin.installUntil({ manifest, choices }, step);
    await rig.databox.kill('SIGKILL');
    found.add(await wholeOrGone(before));
  }
  expect(found.has('gone') || found.has('whole')).toBe(true);
}, 300_000);

test('SIGKILL in an uninstall leaves it whole or gone', async () => {
  const before = await traces(rig);
  for (const delayMs of process.env['DATABOX_TEST_FULL'] ? [0, 20, 50, 100, 200, 400, 800] : [0, 50, 300]) {
    await rig.databox.admin.mustInstall({ manifest, choices });
    const removal = rig.databox.admin.ask('DELETE', '/components/app-half?data=delete').catch(() => undefined);
    await new Promise((done) => setTimeout(done, delayMs));
    await rig.databox.kill('SIGKILL');
    await removal;
    await wholeOrGone(before);
  }
}, 180_000);
