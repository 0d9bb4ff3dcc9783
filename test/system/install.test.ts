/** scripts/install on a machine with a real systemd and a Docker engine of its own, as it is shipped beside the binary. */
import { basename } from 'node:path';
import { files } from './files.ts';
import { machineImage } from './image.ts';
import { startMachine, type Machine } from './machine.ts';
import { shipped } from './versions.ts';
import { dist } from '../../build/package/paths.ts';

const id = `install-${process.pid}`;
const { version, binary } = shipped();
const program = `/srv/dist/${basename(binary)}`;
const undo = new AsyncDisposableStack();
let machine: Machine;
let filesBefore: string[];

beforeAll(async () => {
  const { tag } = undo.use(await machineImage(id));
  machine = undo.use(await startMachine(tag, `databox-system-${id}`));
  await machine.run('mkdir', '/srv/dist');
  for (const name of [basename(binary), 'install', 'update', 'SHA256SUMS']) {
    await machine.put(`${dist}/${name}`, `/srv/dist/${name}`);
  }
  filesBefore = await files(machine);
}, 600_000);
afterAll(() => undo.disposeAsync(), 300_000);

const install = (...argv: string[]) => machine.attempt('/srv/dist/install', ...argv);
const runs = async () => ({
  active: (await machine.attempt('systemctl', 'is-active', 'databox')).said,
  version: await machine.run('/usr/local/bin/databox', '--version'),
});
const invocation = () => machine.run('systemctl', 'show', '--property=InvocationID', 'databox');
const boxId = () => machine.run('sha256sum', '/var/lib/databox/manager/owner-box.key');

test('a binary that is not what SHA256SUMS names is refused, and nothing is changed', async () => {
  await machine.run('sh', '-c', `cp -r /srv/dist /srv/wrong; echo >>/srv/wrong/${basename(binary)}`);
  const { code, said } = await install('/srv/wrong');
  expect({ code, said }).toEqual({ code: 1, said: expect.stringMatching(/is not what SHA256SUMS names/) as string });
  expect(await machine.attempt('/usr/local/bin/databox', '--version')).toMatchObject({ code: 127 });
}, 300_000);

test('it installs a service that is ready', async () => {
  const { code, said } = await install();
  expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining(`${version} is in place`) as string });
  expect(await runs()).toEqual({ active: 'active', version });
  expect(await machine.run('systemctl', 'is-enabled', 'databox')).toBe('enabled');
}, 480_000);

test('again, from the file’s name: the same box, ready', async () => {
  const before = await boxId();
  const { code, said } = await install(program);
  expect({ code, said }).toEqual({ code: 0, said: expect.stringMatching(/runs/) as string });
  expect(await runs()).toEqual({ active: 'active', version });
  expect(await boxId()).toBe(before);
}, 480_000);

test('a wrong sum leaves the running one alone', async () => {
  const before = await invocation();
  expect(await install('/srv/wrong')).toMatchObject({ code: 1 });
  expect(await runs()).toEqual({ active: 'active', version });
  expect(await invocation()).toBe(before);
}, 300_000);

test('--uninstall leaves its data; --purge, nothing', async () => {
  expect(await install('--uninstall')).toMatchObject({ code: 0 });
  expect((await machine.run('ls', '/var/lib/databox')).split('\n')).toContain('arbiter.sqlite');
  expect(await install()).toMatchObject({ code: 0 });
  expect(await install('--purge')).toMatchObject({ code: 0 });
  expect(await files(machine)).toEqual(filesBefore);
}, 480_000);
