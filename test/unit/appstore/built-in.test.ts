import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAppstore, type Appstore } from '../../../src/appstore/index.ts';
import { loadConfig } from '../../../src/base/config.ts';
import { exampleManifests, examples } from '../../../src/base/examples.ts';
import { silent } from '../../../src/base/log.ts';
import { buildExamples } from '../../../build/examples.ts';
import { driver } from './examples.ts';

let root: string;
beforeAll(() => buildExamples());
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'databox-built-in-'))));
afterEach(() => rmSync(root, { recursive: true }));
const start = (...repositories: string[]): Promise<Appstore> =>
  startAppstore({
    ...{ file: ':memory:', repositories, syncMinutes: 60, release: '0.5.2', log: silent },
    ...{ signal: new AbortController().signal, examples: exampleManifests() },
  });
const names = (appstore: Appstore) => appstore.list().map(({ manifest, origin }) => `${origin} ${manifest.name}`);

test('each example has all that docker build takes', () => {
  expect(examples().map(({ name, files }) => [name, [...files.keys()].sort()])).toEqual(
    ['app-os-monitor', 'driver-os-monitor'].map((name) => [name, ['Dockerfile', 'databox-manifest.json', 'main.js']]),
  );
});

test('a fresh box offers the examples, without any network, unless they are turned off', async () => {
  await using appstore = await start();
  expect(names(appstore)).toEqual(['examples app-os-monitor', 'examples driver-os-monitor']);
  expect(appstore.search('loadavg1').length).toBeGreaterThan(0);
  expect(appstore.repositories()).toMatchObject([{ name: 'examples', official: false, manifests: 2, problem: null }]);
  expect(loadConfig({})['appstore.examples']).toBe(true);
  expect(loadConfig({ env: { DATABOX_APPSTORE_EXAMPLES: 'false' } })['appstore.examples']).toBe(false);
});

test('whoever else has the name of an example wins it: a repository, one added later, the owner', async () => {
  writeFileSync(join(root, 'd.json'), JSON.stringify(driver({ name: 'driver-os-monitor' })));
  {
    await using appstore = await start(root);
    expect(names(appstore)).toEqual(['examples app-os-monitor', `${root} driver-os-monitor`]);
    expect(appstore.repositories()[1]?.clashes).toMatchObject([{ name: 'driver-os-monitor', heldBy: root }]);
  }
  await using appstore = await start();
  appstore.add(driver({ name: 'app-os-monitor' }));
  appstore.addRepository({ name: 'late', url: root });
  await appstore.sync();
  expect(names(appstore)).toEqual(['owner app-os-monitor', `${root} driver-os-monitor`]);
  appstore.drop('app-os-monitor');
  expect(names(appstore)).toEqual(['examples app-os-monitor', `${root} driver-os-monitor`]);
});

test('the examples are no repository that could be removed', async () => {
  await using appstore = await start();
  const message = expect.stringContaining('appstore.examples') as string;
  expect(() => appstore.removeRepository('examples')).toThrow(
    expect.objectContaining({ code: 'repository.invalid', message }) as Error,
  );
});
