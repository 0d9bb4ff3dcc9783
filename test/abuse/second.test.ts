/** O06: a second Databox on the same machine refuses to start and changes nothing, also while the first still starts. */
import { join } from 'node:path';
import { run } from '../../src/base/run.ts';
import { appManifest, endRig, running, startRig, until, type Rig } from './rig/index.ts';
import { traces } from './rig/traces.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  await rig.databox.admin.mustInstall({ manifest: appManifest('app-probe') });
  await running(rig, 'app-probe');
}, 300_000);
afterAll(() => endRig(rig), 120_000);

/** Runs another Databox of this box; with directories of its own, or in another network. @returns its exit code */
function runSecond({ files = false, network = false } = {}): Promise<number | null | undefined> {
  const own = ['state', 'run'].flatMap((what) => [`--${what}-dir`, join(rig.house.dir, `second-${what}`)]);
  const start = rig.databox.cli(['start', '--config', rig.databox.configFile, ...(files ? own : [])]);
  const split = start.indexOf('--') + 1;
  const elsewhere = ['nsenter', `--net=/run/netns/${rig.house.id}-lan`, '--'];
  const [file = '', ...argv] = network ? [...start.slice(0, split), ...elsewhere, ...start.slice(split)] : start;
  return run(file, argv, { timeoutMs: 60_000 }).then(
    () => 0,
    (err: { details?: { exitCode?: number | null } }) => err.details?.exitCode,
  );
}

const busy = 75;

test.each([
  ['with the same files in the same network', {}],
  ['with files of its own in the same network', { files: true }],
  ['with the same files in another network', { network: true }],
] as const)(
  'O06 a second Databox %s refuses to start and changes nothing',
  async (_claim, how) => {
    const first = await traces(rig);
    expect(await runSecond(how)).toBe(busy);
    expect(await traces(rig)).toEqual(first);
    expect(rig.databox.running()).toBe(true);
    expect(await rig.databox.admin.read('/status')).toMatchObject({ components: { running: 1 } });
  },
  180_000,
);

test('O06 one started while the first is still starting refuses too', async () => {
  expect(await rig.databox.kill('SIGTERM')).toBe(0);
  const start = rig.databox.start();
  const holds = async () => ((await rig.rooms.box.run(['ss', '-Hxl'])).includes('@databox') ? true : undefined);
  await until('the first to hold its locks', holds, { everyMs: 10 });
  const other = runSecond();
  await start;
  expect(await other).toBe(busy);
  await running(rig, 'app-probe');
  expect(rig.databox.running()).toBe(true);
}, 300_000);
