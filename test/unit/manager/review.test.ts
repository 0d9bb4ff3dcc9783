import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAppstore, type Appstore } from '../../../src/appstore/index.ts';
import { silent } from '../../../src/base/log.ts';
import { findManifest } from '../../../src/manager/review.ts';
import { datasource } from './fixtures.ts';

const manifest = {
  ...{ 'manifest-version': 1, name: 'app-known', 'databox-type': 'app', version: '1.0.0' },
  ...{ description: 'd', author: 'a', license: 'MIT', datasources: [datasource('T')] },
};
const href = 'tcp://driver-x-core-store:5555/ts/T';
let dir: string;
let appstore: Appstore;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'review-'));
  mkdirSync(join(dir, 'shop'));
  writeFileSync(join(dir, 'shop', 'app.json'), JSON.stringify(manifest));
  const chooser = { ...manifest, name: 'app-chooser', datasources: [datasource('T', { hypercat: { href } })] };
  writeFileSync(join(dir, 'shop', 'chooser.json'), JSON.stringify(chooser));
  appstore = await startAppstore({
    ...{ file: ':memory:', repositories: [join(dir, 'shop')], syncMinutes: 60, release: '0.5.2', log: silent },
    signal: new AbortController().signal,
  });
  await appstore.sync();
});
afterAll(async () => {
  await appstore[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

test('by name, the repository’s manifest counts', () => {
  expect(findManifest(appstore, { name: 'app-known' })).toMatchObject({ origin: join(dir, 'shop'), choices: {} });
});

test('an author chooses no datasource in the owner’s place', () => {
  const found = findManifest(appstore, { name: 'app-chooser' });
  expect(found.choices).toEqual({});
  expect(JSON.stringify(found.manifest)).not.toContain('hypercat');
});

test('a posted manifest that says the same counts as the repository’s, and its choices are taken', () => {
  const posted = { ...manifest, packages: null, datasources: [datasource('T', { hypercat: { href } })] };
  const found = findManifest(appstore, { manifest: posted });
  expect(found).toMatchObject({ origin: join(dir, 'shop'), choices: { T: href } });
  expect(JSON.stringify(found.manifest)).not.toContain('hypercat');
});

test('M10 a posted manifest that says more is a conflict that names the members', () => {
  const posted = { ...manifest, 'docker-image': 'evil/app:1', 'export-whitelist': [{ url: 'https://evil.example/' }] };
  expect(() => findManifest(appstore, { manifest: posted })).toThrow(
    expect.objectContaining({
      code: 'manifest.differs',
      details: expect.objectContaining({ members: ['docker-image', 'export-whitelist'] }) as unknown,
    }) as Error,
  );
});

test('one that no repository has is the owner’s, also when it was uploaded before', () => {
  const own = { ...manifest, name: 'app-own' };
  expect(findManifest(appstore, { manifest: own }).origin).toBe('owner');
  appstore.add(own);
  expect(findManifest(appstore, { manifest: { ...own, version: '2.0.0' } })).toMatchObject({
    origin: 'owner',
    manifest: { version: '2.0.0' },
  });
});

test.each([
  ['a name nobody knows', { name: 'app-unknown' }, 'manifest.unknown'],
  ['no name at all', {}, 'manifest.unknown'],
  ['a name and the manifest of another', { name: 'app-other', manifest }, 'manifest.invalid'],
  ['a manifest that is none', { manifest: [] }, 'manifest.invalid'],
  ['M02 a name of the platform', { manifest: { ...manifest, name: 'arbiter' } }, 'manifest.invalid'],
  ['M02 a name that ends like a store', { manifest: { ...manifest, name: 'x-core-store' } }, 'manifest.invalid'],
  ['M02 a path', { manifest: { ...manifest, name: '../x' } }, 'manifest.invalid'],
])('refused: %s', (_, asked, code) => {
  expect(() => findManifest(appstore, asked)).toThrow(expect.objectContaining({ code }) as Error);
});

test('an example gives way to a manifest of the owner’s, and counts as itself when it is posted unchanged', async () => {
  const example = { ...manifest, name: 'app-example' };
  const bytes = Buffer.from(JSON.stringify(example));
  await using shop = await startAppstore({
    ...{ file: ':memory:', repositories: [], syncMinutes: 60, release: '0.5.2', log: silent },
    ...{ signal: new AbortController().signal, examples: [{ file: 'app-example.json', bytes }] },
  });
  expect(findManifest(shop, { manifest: example }).origin).toBe('examples');
  expect(findManifest(shop, { manifest: { ...example, version: '2.0.0' } })).toMatchObject({
    origin: 'owner',
    manifest: { version: '2.0.0' },
  });
});
