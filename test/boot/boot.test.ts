/**
 * The arm64 package on a whole arm64 machine, emulated: its own kernel, systemd and Docker engine. What it runs is what
 * a Pi runs but for the hardware; its times say nothing.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debName } from '../../build/package/deb.ts';
import { nodeOf } from '../../build/package/node.ts';
import { dist, root, targets } from '../../build/package/paths.ts';
import { packageVersion } from '../../build/package/release.ts';
import { app, driver, driverStore, invocationOf, watcherOf } from '../system/monitor.ts';
import { until } from '../system/machine.ts';
import { startEmulated, type Emulated } from './machine.ts';

const slower = 10;
const minutes = (count: number) => count * 60_000;
const undo = new AsyncDisposableStack();
let machine: Emulated;
const isBack = watcherOf(() => machine, slower);

beforeAll(async () => {
  const target = targets.find(({ arch }) => arch === 'arm64');
  if (!target) throw new Error('there is no arm64');
  const deb = join(dist, debName(target, packageVersion));
  if (!existsSync(deb)) throw new Error(`${deb} is missing: npm run package`);
  const files = mkdtempSync(join(tmpdir(), 'databox-boot-files-'));
  undo.defer(() => rmSync(files, { recursive: true }));
  copyFileSync(deb, join(files, 'databox.deb'));
  // No image can be pulled: the base of the examples is made there, of this Node and the machine's own libraries.
  copyFileSync(await nodeOf(target), join(files, 'node'));
  copyFileSync(join(root, 'build/base-image.ts'), join(files, 'base-image.ts'));
  machine = undo.use(await startEmulated(files));
}, minutes(30));
afterAll(() => undo.disposeAsync(), minutes(5));

test(
  'it is an arm64 machine with a kernel and an engine of its own',
  async () => {
    expect(await machine.run('uname', '-m')).toBe('aarch64');
    expect(await machine.run('cat', '/proc/1/comm')).toBe('systemd');
    await until('the engine', minutes(10), async () => {
      const { code } = await machine.attempt('docker', 'version');
      return code === 0 || undefined;
    });
    expect(await machine.run('docker', 'version', '--format', '{{.Server.Arch}}')).toBe('arm64');
  },
  minutes(12),
);

test(
  'dpkg installs the package: enabled, active, healthy',
  async () => {
    expect(await machine.attempt('dpkg', '--force-confold', '--install', '/srv/databox.deb')).toMatchObject({
      code: 0,
    });
    expect(await machine.run('databox', '--version')).toBe(packageVersion);
    expect(await machine.run('systemctl', 'is-enabled', 'databox')).toBe('enabled');
    expect(await machine.run('systemctl', 'is-active', 'databox')).toBe('active');
    expect(await machine.ask('net')).toMatchObject({ healthy: true, problems: [] });
  },
  minutes(20),
);

test(
  'the bundled driver and app are built and installed, and live data comes',
  async () => {
    await machine.run('/srv/node', '/srv/base-image.ts', 'databox-base:24');
    for (const name of [driver, app]) {
      await machine.run('databox', 'install-component', name, '--base', 'databox-base:24', '--yes');
    }
    await isBack();
  },
  minutes(45),
);

type Net = {
  components: { name: string; place: { gateway: string }; peers: { name: string; accepted: number }[] }[];
  names: { component: string; name: string; count: number }[];
  refused: { component: string | null; dst: string; port: number; count: number }[];
};
const net = async () => (await machine.ask('net')) as Net;

test(
  'the app reads the driver’s store over a flow that the kernel’s queue accepted',
  async () => {
    const accepted = async () => {
      const peers = (await net()).components.find(({ name }) => name === app)?.peers ?? [];
      return (peers.find(({ name }) => name === driverStore)?.accepted ?? 0) > 0 || undefined;
    };
    await until('an accepted flow', minutes(10), accepted);
  },
  minutes(12),
);

test(
  'a name and an address that were not agreed are refused, and on record',
  async () => {
    // The box itself, at the address where an app has its DNS.
    const gateway = (await net()).components.find(({ name }) => name === app)?.place.gateway ?? '';
    const probe = `
    const dns = require('node:dns').promises;
    const tcp = (host, port) => new Promise((done) => {
      const socket = require('node:net').connect({ host, port, timeout: 20_000 });
      socket.on('connect', () => done('connected'));
      socket.on('timeout', () => done('refused'));
      socket.on('error', () => done('refused'));
    });
    const named = (name) => dns.lookup(name).then(() => 'found', ({ code }) => code);
    (async () => {
      console.log(JSON.stringify([
        await named('${driverStore}'), await named('${driver}'), await tcp('${driverStore}', 8080), await tcp('${gateway}', 2375),
      ]));
      process.exit(0);
    })();`;
    // Somebody listens there, and the machine itself gets through.
    await machine.run(
      'systemd-run',
      '--unit=listener',
      '/usr/bin/busybox',
      'nc',
      '-lk',
      '-p',
      '2375',
      '-e',
      '/bin/true',
    );
    await until('the listener', minutes(2), async () => {
      const { code } = await machine.attempt('busybox', 'nc', '-w', '5', gateway, '2375', '-e', '/bin/true');
      return code === 0 || undefined;
    });
    const answer = await machine.run('docker', 'exec', app, 'node', '-e', probe);
    expect(JSON.parse(answer)).toEqual(['found', 'ENOTFOUND', 'connected', 'refused']);
    const { names, refused } = await net();
    expect(names).toContainEqual(expect.objectContaining({ component: app, name: driver }));
    expect(refused).toContainEqual(expect.objectContaining({ component: app, dst: gateway, port: 2375 }));
  },
  minutes(12),
);

test(
  'after a restart of the service it is back with components and data',
  async () => {
    const before = await invocationOf(machine);
    await machine.run('systemctl', 'restart', 'databox');
    await isBack();
    expect(await invocationOf(machine)).not.toBe(before);
  },
  minutes(40),
);

test(
  'it switches off in order, and the kernel complained of nothing',
  async () => {
    const said = (await machine.off()).join('\n');
    expect(said).toMatch(/reboot: Power down/);
    expect(said).not.toMatch(/Oops|Kernel panic|Out of memory/);
  },
  minutes(15),
);
