/** A wipe leaves nothing of the box, and everything that is not of it; one that is cut off is finished by the next. */
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  driver,
  driverStore,
  endRig,
  installApp,
  installDriver,
  itemOf,
  probeImage,
  running,
  startRig,
  tokenOf,
  until,
  urlOf,
  withToken,
  type Rig,
} from '../abuse/rig/index.ts';
import { startProgram } from '../abuse/rig/process.ts';
import { traces, type Traces } from '../abuse/rig/traces.ts';

let rig: Rig;
let before: Traces;
beforeAll(async () => {
  rig = await startRig({ databox: false });
  // Somebody else's: a network with a container in it, a container that claims another box's label, a chain.
  await rig.engine.docker(['network', 'create', '--subnet', '172.29.7.0/24', 'somebody']);
  for (const [name, ...more] of [
    ['stranger', '--network', 'somebody'],
    ['other-box', '--network', 'none', '--label', 'databox.box=another', '--label', 'databox.component=other-box'],
  ] as const) {
    await rig.engine.docker(['run', '-d', '--name', name, ...more, '--entrypoint', '/bin/sleep', probeImage, '9999']);
  }
  await rig.rooms.box.run(['iptables', '-N', 'SOMEBODY']);
  before = await traces(rig);
}, 300_000);
afterAll(async () => {
  for (const name of ['stranger', 'other-box']) await rig.engine.docker(['rm', '-f', name]).catch(() => {});
  await endRig(rig);
}, 120_000);

type Outcome = { code: number | null; out: string; err: string };
/** Runs it to its end, or until standard error says `killAt`. */
async function cli(argv: string[], killAt?: string): Promise<Outcome> {
  const program = startProgram(rig.databox.cli([...argv, '--config', rig.databox.configFile]), {});
  const outcome: Outcome = { code: null, out: '', err: '' };
  program.child.stdout?.on('data', (part: Buffer) => (outcome.out += part.toString()));
  program.child.stderr?.on('data', (part: Buffer) => {
    outcome.err += part.toString();
    if (killAt !== undefined && outcome.err.includes(killAt)) program.kill('SIGKILL');
  });
  return { ...outcome, ...(await program.exited.then(({ code }) => ({ ...outcome, code }))) };
}

const filesIn = (): string[] => {
  const dir = rig.databox.stateDir;
  return globSync('**', { cwd: dir })
    .filter((path) => statSync(join(dir, path)).isFile())
    .sort();
};
const strangers = () => rig.engine.docker(['ps', '--format', '{{.Names}}']).then((names) => names.split('\n').sort());
/** Values in the driver's store, through the driver's own container. */
async function latest(): Promise<string> {
  const probe = rig.inside('app-probe');
  const token = await tokenOf(probe, driverStore, '/ts/temperature/*');
  const [answer] = await probe.ask([withToken(token, { url: urlOf(driverStore, '/ts/temperature/latest') })]);
  return answer?.body ?? '';
}

/** As a driver does when it starts. */
async function register(): Promise<void> {
  const inside = rig.inside(driver);
  const token = await tokenOf(inside, driverStore, '/*', 'POST');
  const ask = { method: 'POST', url: urlOf(driverStore, '/cat') };
  const [answer] = await inside.ask([withToken(token, ask, itemOf(driverStore, 'temperature'))]);
  expect(answer?.status).toBeLessThan(300);
}

test('under a running box it changes nothing', async () => {
  await rig.databox.start();
  await installDriver(rig);
  await installApp(rig, 'app-probe');
  expect(await latest()).toContain('1');
  const held = await traces(rig);
  const { code, err } = await cli(['wipe', '--yes']);
  expect([code, err]).toEqual([75, expect.stringContaining('databox stop')]);
  expect(await traces(rig)).toEqual(held);
}, 300_000);

test('with --keep-components only data goes: what was installed runs again', async () => {
  expect(await rig.databox.kill('SIGTERM')).toBe(0);
  const { code, out } = await cli(['wipe', '--yes', '--keep-components', '--json']);
  expect([code, JSON.parse(out)]).toEqual([
    0,
    {
      wiped: { components: [], stores: ['app-probe-core-store', driverStore], containers: [], networks: [], left: [] },
    },
  ]);
  expect(filesIn().filter((file) => /^stores|^export/.test(file))).toEqual([]);
  await rig.databox.start();
  await running(rig, driver);
  await running(rig, 'app-probe');
  await expect(latest()).rejects.toThrow('no token'); // the agreement stands; what it names is not there
  await register();
  await until('the app to have its permission back', () => latest().catch(() => undefined));
  expect(await latest()).toBe('[]');
}, 300_000);

test('one that is cut off keeps the box from starting; the next ends it, and leaves only certificates', async () => {
  await rig.databox.kill('SIGKILL'); // containers, networks and rules are there
  const cut = await cli(['wipe', '--yes'], 'Network ');
  expect(cut.code).toBeNull();
  const start = await cli(['start', '--json']);
  expect([start.code, JSON.parse(start.err)]).toEqual([78, expect.objectContaining({ code: 'wipe.unfinished' })]);
  writeFileSync(join(rig.databox.stateDir, 'notes.txt'), 'of the owner');
  const { code, out, err } = await cli(['wipe', '--yes', '--keep-components', '--json']);
  expect([code, err]).toEqual([0, '']);
  expect(JSON.parse(out)).toMatchObject({ wiped: { left: ['notes.txt'] } });
  expect(await traces(rig)).toEqual(before);
  expect(await strangers()).toEqual(['other-box', 'stranger']);
  const owner = expect.stringMatching(/^manager\/owner-.*\.(key|pem)$/) as string;
  expect(filesIn()).toEqual(['manager/internal.key', 'manager/internal.pem', owner, owner, 'notes.txt']);
}, 300_000);

test('the box starts as a new one, whose certificates are the old ones; with --removeCerts nothing is left', async () => {
  const root = join(rig.databox.stateDir, 'manager/internal.pem');
  const certificate = readFileSync(root, 'utf8');
  await rig.databox.start();
  expect(readFileSync(root, 'utf8')).toBe(certificate);
  const installed = await rig.databox.admin.read<{ type: string }[]>('/components');
  expect(installed.filter(({ type }) => type !== 'system')).toEqual([]);
  await installDriver(rig);
  expect(await rig.databox.kill('SIGTERM')).toBe(0);
  expect((await cli(['wipe', '-y', '--removeCerts'])).code).toBe(0);
  expect(await traces(rig)).toEqual(before);
  expect(filesIn()).toEqual(['notes.txt']);
  expect(existsSync(rig.databox.configFile)).toBe(true);
}, 300_000);
