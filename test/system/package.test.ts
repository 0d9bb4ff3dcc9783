/**
 * The package on a machine with a real systemd and a Docker engine of its own: installed, used, rebooted, updated, put
 * back, removed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildImages } from '../../scripts/lib/quickstart-images.ts';
import { run } from '../../src/base/run.ts';
import { files } from './files.ts';
import { machineImage } from './image.ts';
import { startMachine, until, type Machine } from './machine.ts';
import { app, driver, invocationOf, untilDriverWrites, watcherOf } from './monitor.ts';
import { faultFile, otherVersions, shipped, type Version } from './versions.ts';

const id = `package-${process.pid}`;
const versions = { now: shipped() } as { now: Version; next: Version; faulty: Version };
const undo = new AsyncDisposableStack();
let machine: Machine;
let filesBefore: string[];
const isBack = watcherOf(() => machine);
const invocation = () => invocationOf(machine);

beforeAll(async () => {
  Object.assign(versions, await otherVersions());
  const { tag } = undo.use(await machineImage(id));
  machine = undo.use(await startMachine(tag, `databox-system-${id}`));
  await putComponents();
  filesBefore = await files(machine);
}, 600_000);
afterAll(() => undo.disposeAsync(), 300_000);

/** The examples' images and manifests, without a registry. */
async function putComponents(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'databox-system-'));
  await using images = await buildImages({ id, base: undefined, signal: new AbortController().signal });
  const tags = [driver, app].map((name) => `databox-quickstart/${name}:${id}`);
  await run('docker', ['save', '--output', join(folder, 'images.tar'), ...tags], { timeoutMs: 600_000 });
  await machine.put(join(folder, 'images.tar'), '/srv/images.tar');
  await machine.put(images.manifests, '/srv/manifests');
  rmSync(folder, { recursive: true });
  await machine.run('docker', 'load', '--quiet', '--input', '/srv/images.tar');
}

const install = async (version: Version) => {
  await machine.put(version.deb, '/srv/databox.deb');
  return machine.attempt('dpkg', '--force-confold', '--install', '/srv/databox.deb');
};
const runs = async () => ({
  active: (await machine.attempt('systemctl', 'is-active', 'databox')).said,
  version: await machine.run('databox', '--version'),
});
const running = ({ version }: Version) => ({ active: 'active', version });
const journal = () => machine.run('sh', '-c', 'journalctl --sync && journalctl --unit databox --output cat');
/** Systemd's word for how the service last failed. */
const lastFailure = async () => /.*Failed with result '([a-z-]+)'/s.exec(await journal())?.[1];

/** Stops it as a deadlock would, until systemd has noticed by itself. */
async function freeze(): Promise<void> {
  await machine.write('/etc/systemd/system/databox.service.d/test.conf', '[Service]\nWatchdogSec=10\n');
  await machine.run('systemctl', 'daemon-reload');
  await machine.run('systemctl', 'restart', 'databox');
  const before = await invocation();
  await machine.run('systemctl', 'kill', '--signal=STOP', '--kill-who=main', 'databox');
  await until('systemd to start it anew', 120_000, async () => (await invocation()) !== before || undefined);
}

test('dpkg installs it, enabled and ready', async () => {
  const { code, said } = await install(versions.now);
  expect({ code, said }).toEqual({ code: 0, said: expect.any(String) as string });
  expect(await runs()).toEqual(running(versions.now));
  expect(await machine.run('systemctl', 'is-enabled', 'databox')).toBe('enabled');
}, 480_000);

test('a driver and an app run, and live data comes', async () => {
  await machine.write('/etc/databox/config.json', '{ "appstore.repositories": ["/srv/manifests"] }');
  await machine.run('systemctl', 'restart', 'databox');
  await machine.run('databox', 'install', driver, '--yes');
  await untilDriverWrites(machine);
  await machine.run('databox', 'install', app, '--yes');
  await isBack();
}, 480_000);

test.each([
  ['a restart of the service', () => machine.run('systemctl', 'restart', 'databox')],
  ['a reboot', () => machine.reboot('orderly')],
  ['a pulled plug', () => machine.reboot('plug pulled')],
  ['kill -9', () => machine.run('systemctl', 'kill', '--signal=KILL', '--kill-who=main', 'databox')],
  ['standing still', freeze],
])(
  'after %s it is back with components and data',
  async (_what, doIt) => {
    const before = await invocation();
    await doIt();
    await isBack();
    expect(await invocation()).not.toBe(before);
  },
  480_000,
);

test.each([
  ['ends', 'exit', 'exit-code'],
  ['never gets ready', 'hang', 'timeout'],
])(
  'O05 a new version that %s is replaced by the old one, with its data',
  async (_what, fault, failure) => {
    await machine.write(faultFile, fault);
    // What stands still has asked for a minute before, and does not hear that it is to stop.
    const times = '[Service]\nTimeoutStartSec=40\nTimeoutStopSec=10\n';
    await machine.write('/etc/systemd/system/databox.service.d/test.conf', times);
    const { code, said } = await install(versions.faulty);
    expect({ code, said }).toEqual({
      code: 1,
      said: expect.stringMatching(/0\.3\.0 does not work on this machine/) as string,
    });
    // Or it failed of something else, and this shows nothing of what it is to show.
    expect(await lastFailure()).toBe(failure);
    expect(await runs()).toEqual(running(versions.now));
    await isBack();
  },
  600_000,
);

test('O05 an update that is cut off with the files changed: after the reboot the old version has its data', async () => {
  await machine.write(faultFile, 'hang');
  // The files are as before again then: who waits on waits in vain.
  let ended: string | undefined;
  const installing = install(versions.faulty).then(
    ({ said }) => (ended = `dpkg ended: ${said}`),
    (err: unknown) => (ended = `dpkg was cut off: ${String(err)}`),
  );
  const seen = await until('the files to change', 300_000, async () => {
    const copies = await machine.run('sh', '-c', 'ls /var/lib/databox/stores');
    return ended ?? (/\.sqlite\.v\d/.test(copies) ? 'changed' : undefined);
  });
  expect(seen).toBe('changed');
  await machine.reboot('plug pulled');
  await installing;
  await isBack();
  expect(await runs()).toEqual(running(versions.now));
  expect(await journal()).toMatch(/an interrupted update was undone: this is 0\.1\.0/);
}, 600_000);

test('the next version takes over with the data', async () => {
  await machine.run('rm', '-rf', faultFile, '/etc/systemd/system/databox.service.d');
  const { code, said } = await install(versions.next);
  expect({ code, said }).toEqual({ code: 0, said: expect.stringMatching(/0\.2\.0 runs/) as string });
  expect(await runs()).toEqual(running(versions.next));
  await isBack();
  expect(await machine.run('sh', '-c', 'ls /usr/lib/databox; find /var/lib/databox -name "*.v[0-9]*"')).not.toMatch(
    /previous|\.v\d/,
  );
}, 600_000);

test('a downgrade is refused by the file’s name, and the running version never stopped', async () => {
  const before = await invocation();
  const { code, said } = await install(versions.now);
  expect({ code, said }).toEqual({
    code: 1,
    said: expect.stringMatching(/\.sqlite is of version \d+, and 0\.1\.0 knows \d+; 0\.2\.0 runs on/) as string,
  });
  expect(await runs()).toEqual(running(versions.next));
  expect(await invocation()).toBe(before);
  expect(await machine.run('dpkg-query', '--show', '--showformat=${Status} ${Version}', 'databox')).toBe(
    'install ok installed 0.2.0',
  );
}, 300_000);

test('removed, it leaves its data; purged, nothing', async () => {
  await install(versions.next);
  await machine.run('dpkg', '--remove', 'databox');
  expect((await machine.run('ls', '/var/lib/databox')).split('\n')).toContain('arbiter.sqlite');
  await machine.run('dpkg', '--purge', 'databox');
  expect(await files(machine)).toEqual(filesBefore);
  expect(await machine.run('sh', '-c', 'docker ps -aq; docker network ls -q --filter type=custom')).toBe('');
}, 480_000);
