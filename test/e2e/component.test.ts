/** `install-component` on a real box: build, upload, review, install; change, replace, and the data is still there. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/base/run.ts';
import { buildClient } from '../../build/client.ts';
import { buildExamples } from '../../build/examples.ts';
import { endRig, probeImage, running, startRig, until, type Rig } from '../abuse/rig/index.ts';
import { startProgram } from '../abuse/rig/process.ts';

type Event = { event: string; id?: string; paths?: string[]; problem?: { code: string }; changed?: string[] };

let rig: Rig;
let home: string;
beforeAll(async () => {
  await buildClient();
  await buildExamples();
  rig = await startRig({ settings: { 'appstore.examples': true } });
  await rig.engine.docker(['tag', probeImage, 'node:24-slim']);
  home = mkdtempSync(join(tmpdir(), 'component-e2e-'));
}, 180_000);
afterAll(async () => {
  await endRig(rig);
  rmSync(home, { recursive: true, force: true });
}, 60_000);

const program = (...args: string[]): string[] =>
  rig.databox.cli(['install-component', ...args, '--run-dir', rig.databox.runDir]);
async function databox(...args: string[]): Promise<string> {
  const [file = '', ...argv] = rig.databox.cli([...args, '--run-dir', rig.databox.runDir]);
  return run(file, argv, { timeoutMs: 180_000 });
}
const events = async (...args: string[]): Promise<Event[]> =>
  (await databox('install-component', ...args, '--json')).split('\n').map((line) => JSON.parse(line) as Event);
const valueAt = async (path: string): Promise<number | undefined> => {
  const text = await databox('store', 'get', 'driver-own-core-store', path);
  return (JSON.parse(text) as { data: { value: number } }[])[0]?.data.value;
};
const sla = () =>
  rig.databox.admin.read<{ image: { id: string }; manifest: { version: string } }>('/components/driver-own/sla');

const manifest = {
  ...{ 'manifest-version': 1, name: 'driver-own', 'databox-type': 'driver', version: '1.0.0', description: 'Counts.' },
  ...{ author: 'A', license: 'MIT', 'resource-requirements': { store: 'core-store' }, provides: [] },
};
const source = (value: number) => `
import { connect, retry } from './databox-client.mjs';
const store = connect().store();
for (;;) {
  await retry(() => store.ts.write('own', { value: ${value} }));
  await new Promise((done) => setTimeout(done, 200));
}
`;
const dockerfile = `FROM node:24-slim
COPY main.mjs databox-client.mjs /app/
USER 1000:1000
ENTRYPOINT ["node", "/app/main.mjs"]
`;
function folder(name: string, files: Record<string, string>): string {
  const dir = join(home, name);
  mkdirSync(dir, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text);
  return dir;
}

test('a fresh box offers the examples without any network, and builds one by its name', async () => {
  const found = JSON.parse(await databox('search', '--json')) as { origin: string; manifest: { name: string } }[];
  expect(found.map(({ origin, manifest: { name } }) => [origin, name])).toEqual([
    ['examples', 'app-os-monitor'],
    ['examples', 'driver-os-monitor'],
  ]);
  const told = await events('driver-os-monitor', '--yes');
  expect(told.filter(({ event }) => event !== 'build').map(({ event }) => event)).toEqual([
    ...['building', 'built', 'review', 'installed'],
  ]);
  await running(rig, 'driver-os-monitor');
  const again = await events('driver-os-monitor', '--yes');
  expect(again.at(-1)).toMatchObject({ event: 'unchanged' });
}, 240_000);

test('from a folder: built, uploaded, reviewed, installed; watched: replaced at each change, and its data is kept', async () => {
  const dir = folder('driver-own', {
    'databox-manifest.json': JSON.stringify(manifest),
    'main.mjs': source(1),
    Dockerfile: dockerfile,
  });
  copyFileSync('dist/client/index.js', join(dir, 'databox-client.mjs'));
  const asked = await events(dir, '--no-install');
  expect(asked.at(-1)).toMatchObject({ event: 'uploaded' });
  const nobody = databox('install-component', dir);
  await expect(nobody).rejects.toThrow(/--yes/);

  await using watch = startProgram(program(dir, '--watch', '--yes', '--json'));
  let seen = 0;
  const next = async (wanted: string): Promise<Event> => {
    const line = await watch.line(
      (text) => watch.lines.indexOf(text, seen) >= seen && (JSON.parse(text) as Event).event === wanted,
    );
    seen = watch.lines.indexOf(line, seen) + 1;
    return JSON.parse(line) as Event;
  };
  await next('installed');
  await running(rig, 'driver-own');
  await until('the first value', async () => ((await valueAt('/ts/own/latest')) === 1 ? true : undefined));
  const first = await sla();
  await next('watching');

  writeFileSync(join(dir, 'main.mjs'), source(2));
  expect((await next('changed')).paths).toEqual(['main.mjs']);
  const { id } = await next('built');
  expect((await next('replaced')).changed).toEqual([]);
  expect((await sla()).image.id).toBe(id);
  expect(id).not.toBe(first.image.id);
  await until('the new version', async () => ((await valueAt('/ts/own/latest')) === 2 ? true : undefined));
  expect(await valueAt('/ts/own/earliest')).toBe(1);
  await next('watching');

  writeFileSync(join(dir, 'Dockerfile'), `${dockerfile}RUN\n`);
  expect((await next('problem')).problem).toMatchObject({ code: 'docker.failed' });
  await next('watching');
  expect((await running(rig, 'driver-own')).state).toBe('running');

  writeFileSync(join(dir, 'Dockerfile'), dockerfile);
  writeFileSync(join(dir, 'databox-manifest.json'), JSON.stringify({ ...manifest, version: '1.1.0' }));
  await next('review');
  expect((await next('replaced')).changed).toEqual(['version']);
  expect((await sla()).manifest.version).toBe('1.1.0');
  expect(await valueAt('/ts/own/earliest')).toBe(1);
  await next('watching');

  watch.kill('SIGINT');
  expect(await watch.exited).toMatchObject({ code: 0 });
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('databox-build-'))).toEqual([]);
}, 600_000);

test('what is hostile is refused before anything is built', async () => {
  const before = await rig.engine.docker(['images', '-q']);
  const named = folder('named', {
    'databox-manifest.json': JSON.stringify({ ...manifest, name: '../../etc' }),
    Dockerfile: dockerfile,
  });
  await expect(databox('install-component', named, '--yes')).rejects.toThrow(/name/);
  const linked = folder('linked', { 'databox-manifest.json': JSON.stringify({ ...manifest, name: 'driver-linked' }) });
  symlinkSync('/etc/passwd', join(linked, 'Dockerfile'));
  await expect(databox('install-component', linked, '--yes')).rejects.toThrow(/no plain file/);
  expect(await rig.engine.docker(['images', '-q'])).toBe(before);
}, 120_000);
