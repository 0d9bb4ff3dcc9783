/** Programs with the original's library for Node, as it was published, on a real box: what its containers start. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startProgram, type Program } from '../../abuse/rig/process.ts';
import {
  appManifest,
  driver,
  driverManifest,
  driverStore,
  endRig,
  hrefOf,
  password,
  running,
  startRig,
  until,
  type AnyManifest,
  type Owner,
  type Rig,
} from '../../abuse/rig/index.ts';
import { loadLibraryImage } from './box.ts';

const image = 'local/library:1';
const site = '203.0.113.40';
const sink = 'https://sink.example.test/in';
const lamp = `tcp://${driverStore}:5555/ts/blob/lamp`;

let rig: Rig;
let owner: Owner;
const outputs = new Map<string, Program>();
beforeAll(async () => {
  rig = await startRig();
  await loadLibraryImage(rig, image);
  await rig.outside.setNames({ 'sink.example.test': { addresses: [site] } });
  await rig.site({ address: site, names: ['sink.example.test'], reply: { body: '{"thanks":true}' } });
  owner = rig.owner();
  await owner.login(password);
}, 480_000);
afterAll(async () => {
  await Promise.allSettled([...outputs.values()].map((output) => output[Symbol.asyncDispose]()));
  await endRig(rig);
}, 60_000);

async function install(manifest: AnyManifest, choices: Record<string, string> = {}): Promise<void> {
  const { name } = manifest;
  await rig.databox.admin.mustInstall({ manifest: { ...manifest, 'docker-image': image }, choices });
  await running(rig, name);
  outputs.set(name, startProgram(['docker', '-H', rig.engine.host, 'logs', '-f', name]));
}

/** What a program said under a name, like this if told; rejects with what it says when it gives up. */
async function said(name: string, what: string, like = /^/): Promise<unknown> {
  const line = await outputs.get(name)?.line((each) => each.startsWith('{"failed"') || isOf(each, what, like));
  const answer = JSON.parse(line ?? '{}') as Record<string, unknown>;
  if ('failed' in answer) throw new Error(`${name}: ${String(answer['failed'])}`);
  return answer[what];
}
const isOf = (line: string, what: string, like: RegExp): boolean => line.startsWith(`{"${what}":`) && like.test(line);

const refused = (path: string): string => `Error requesting token from arbiter for ${path} unauthorized`;

const set = (value: number): Promise<string> => owner.get(`/${driver}/ui/${value}`).then(({ text }) => text);

test('a driver registers what it has, with its units', async () => {
  await install(driverManifest(driver));
  expect(await said(driver, 'catalogue')).toEqual(
    expect.arrayContaining([
      [hrefOf('temperature'), '°C'],
      [hrefOf('secret'), ' '],
      [lamp, ' '],
    ]),
  );
});

test('an app with 0.10 reads, keeps and exports what was agreed, and is refused the rest', async () => {
  const manifest = appManifest('app-new', {
    datasources: { TEMPERATURE: 'temperature', LAMP: 'lamp' },
    exports: [sink],
  });
  await install(manifest, { TEMPERATURE: hrefOf('temperature'), LAMP: lamp });
  expect(await said('app-new', 'read')).toEqual([{ value: 3 }, 2]);
  expect(await said('app-new', 'own')).toEqual([['mean'], { result: 2 }]);
  expect(await said('app-new', 'exported')).toMatch(/^200/);
  expect(await said('app-new', 'refused')).toEqual([
    `Write Error: for path /ts/temperature, ${refused('/ts/temperature')}`,
    `Read Error: for path /ts/secret/latest, ${refused('/ts/secret/latest')}`,
    `Export Error: for path /lp/export destination https://elsewhere.example.test/, ${refused('/lp/export')}`,
  ]);
});

test('its command reaches the driver’s observer, and the owner’s value through the driver’s page its own', async () => {
  expect(await said('app-new', 'sent')).toBe('created');
  expect(await said(driver, 'command')).toEqual({ on: true });
  expect(await set(21.5)).toBe('created');
  expect(await said('app-new', 'change', /21\.5/)).toEqual({ value: 21.5 });
});

test('an app with 0.9 does the same', async () => {
  for (const value of [1, 2, 3]) await set(value);
  const manifest = appManifest('app-old', { datasources: { TEMPERATURE: 'temperature' }, exports: [sink] });
  await install(manifest, { TEMPERATURE: hrefOf('temperature') });
  expect(await said('app-old', 'read')).toEqual([{ value: 3 }, 2]);
  expect(await said('app-old', 'own')).toEqual([['mean'], { result: 2 }, 'two']);
  expect(await said('app-old', 'exported')).toMatch(/^(Pending|Processing|Finished)$/);
  expect(await said('app-old', 'refused')).toEqual([
    'TOKEN Error: for path/ts/temperature unauthorized',
    'TOKEN Error: for path/ts/secret/latest unauthorized',
    'unauthorized',
  ]);
  expect(await said('app-old', 'sent')).toBe(true);
  await set(22);
  expect(await said('app-old', 'change', /22/)).toEqual({ value: 22 });
});

test('both exports arrived', async () => {
  const arrived = async () => {
    const visits = (await rig.outside.visits()).filter(({ address }) => address === site);
    return visits.length < 2 ? undefined : visits.map(({ body }) => body);
  };
  expect(await until('the second export', arrived)).toEqual(['{"result":2}', '{"result":2}']);
});

test('after a kill of Databox the programs that went on running are told what is new', async () => {
  await rig.databox.kill('SIGKILL');
  // Until their second question for the store's name got no answer either: what is new waits for them the longest then.
  await sleep(2_000);
  await rig.databox.restart();
  await owner.login(password);
  expect(await set(23)).toBe('created');
  for (const app of ['app-new', 'app-old']) expect(await said(app, 'change', /23/)).toEqual({ value: 23 });
}, 120_000);
