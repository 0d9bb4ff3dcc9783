import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Failure } from '../../../src/base/errors.ts';
import { silent } from '../../../src/base/log.ts';
import { startAppstore, type Appstore, type AppstoreOptions } from '../../../src/appstore/index.ts';
import { app, driver, fixture } from './examples.ts';
import { commit, createRepository, git, startGitServer, type GitServer } from './gitserver.ts';

let server: GitServer;
beforeAll(async () => (server = await startGitServer()));
afterAll(async () => server[Symbol.asyncDispose]());

const start = (repositories: string[], options: Partial<AppstoreOptions> = {}): Promise<Appstore> =>
  startAppstore({
    ...{ file: ':memory:', repositories, syncMinutes: 60, release: '0.5.2', log: silent, ca: server.ca },
    signal: new AbortController().signal,
    ...options,
  });
const codeOf = (task: () => unknown): unknown => {
  try {
    return task();
  } catch (err) {
    return (err as Failure).code;
  }
};
const names = (appstore: Appstore) => appstore.list().map(({ manifest }) => manifest.name);

test('a git repository is read from its default branch, with its commit', async () => {
  const folder = createRepository(server.root, 'plain', {
    'any-name.json': fixture('app-os-monitor'),
    'driver.json': fixture('driver-os-monitor'),
    'README.md': 'no manifest',
    'below/app.json': app({ name: 'app-below' }),
  });
  await using appstore = await start([server.url('plain')]);
  const [report] = await appstore.sync();
  const head = git(folder, 'rev-parse', 'HEAD');
  expect(report).toMatchObject({ commit: head, ref: 'main', manifests: 2, broken: [], problem: null, official: true });
  expect(appstore.find('app-os-monitor')).toMatchObject({ origin: server.url('plain'), commit: head, warnings: [] });
  expect(names(appstore)).toEqual(['app-os-monitor', 'driver-os-monitor']);
});

test.each([
  ['lightweight', []],
  ['annotated', ['-a', '-m', 'release']],
])('a %s tag named like the release is read instead of the branch', async (kind, options) => {
  const folder = createRepository(server.root, kind, { 'a.json': app({ name: 'app-released' }) });
  const released = git(folder, 'rev-parse', 'HEAD');
  git(folder, 'tag', ...options, '0.5.2');
  commit(folder, { 'a.json': app({ name: 'app-unreleased' }) });
  await using appstore = await start([server.url(kind)]);
  await appstore.sync();
  expect(names(appstore)).toEqual(['app-released']);
  expect(appstore.find('app-released')?.commit).toBe(released);
});

test('a later sync follows the repository, removals included', async () => {
  const folder = createRepository(server.root, 'moving', { 'a.json': app({ name: 'app-a' }) });
  await using appstore = await start([server.url('moving')]);
  await appstore.sync();
  rmSync(join(folder, 'a.json'));
  const head = commit(folder, { 'b.json': app({ name: 'app-b' }) });
  const told: string[] = [];
  await appstore.sync((message) => told.push(message));
  expect(names(appstore)).toEqual(['app-b']);
  expect(appstore.repositories()[0]).toMatchObject({ commit: head });
  expect(told).toEqual([`${server.url('moving')}: 1 files`]);
});

test('what was known is offered while the repository is gone, and after a restart', async () => {
  createRepository(server.root, 'gone', { 'a.json': app({ name: 'app-kept' }) });
  const file = join(server.root, 'offline.sqlite');
  {
    await using appstore = await start([server.url('gone')], { file });
    await appstore.sync();
  }
  rmSync(join(server.root, 'gone'), { recursive: true });
  await using again = await start([server.url('gone')], { file });
  expect(names(again)).toEqual(['app-kept']);
  const [report] = await again.sync();
  expect(report).toMatchObject({ manifests: 1, problem: { code: 'repository.unreachable' } });
  expect(names(again)).toEqual(['app-kept']);
});

test('a repository added by the owner is read, kept over restarts, and forgotten with what it offered', async () => {
  createRepository(server.root, 'added', { 'a.json': app({ name: 'app-added' }) });
  const file = join(server.root, 'added.sqlite');
  const url = server.url('added');
  {
    await using appstore = await start([], { file });
    expect(appstore.addRepository({ name: 'Mine', url })).toMatchObject({ name: 'Mine', official: false });
    await appstore.sync();
  }
  await using again = await start([], { file });
  expect(names(again)).toEqual(['app-added']);
  again.removeRepository(url);
  expect([again.list(), again.repositories()]).toEqual([[], []]);
  expect(codeOf(() => again.removeRepository(url))).toBe('repository.unknown');
});

test('a repository of the configuration stays until the configuration drops it', async () => {
  createRepository(server.root, 'official', { 'a.json': app({ name: 'app-official' }) });
  const file = join(server.root, 'official.sqlite');
  {
    await using appstore = await start([server.url('official')], { file });
    await appstore.sync();
    const remove = () => appstore.removeRepository(server.url('official'));
    expect(codeOf(remove)).toBe('repository.invalid');
  }
  await using without = await start([], { file });
  expect(without.list()).toEqual([]);
});

test('search finds every word, in names, texts, tags and types', async () => {
  await using appstore = await start([]);
  appstore.add(fixture('app-os-monitor'));
  appstore.add(fixture('driver-twitter'));
  const found = (text: string) => appstore.search(text).map(({ manifest }) => manifest.name);
  expect(found('PLOT  monitor')).toEqual(['app-os-monitor']);
  expect(found('twitterHashTagStream')).toEqual(['driver-twitter']);
  expect(found('plot twitter')).toEqual([]);
  expect(found('')).toEqual(['app-os-monitor', 'driver-twitter']);
});

test('the owner’s uploads are kept apart and never take a repository’s name', async () => {
  createRepository(server.root, 'first', { 'a.json': app({ name: 'app-taken' }) });
  const file = join(server.root, 'uploads.sqlite');
  {
    await using appstore = await start([server.url('first')], { file });
    await appstore.sync();
    expect(codeOf(() => appstore.add(app({ name: 'app-taken' })))).toBe('manifest.exists');
    expect(appstore.add(driver())).toMatchObject({ origin: 'owner', commit: null });
    appstore.add(driver({ version: '2.0.0' }));
  }
  await using again = await start([server.url('first')], { file });
  expect(again.find('driver-small')).toMatchObject({ origin: 'owner', manifest: { version: '2.0.0' } });
  again.drop('driver-small');
  expect(again.find('driver-small')).toBeUndefined();
  expect(codeOf(() => again.drop('app-taken'))).toBe('manifest.unknown');
});

test('M07 two shops, one name: the first in the official order keeps it, the other is told', async () => {
  createRepository(server.root, 'shop-a', { 'a.json': app({ version: '1.0.0' }) });
  createRepository(server.root, 'shop-b', { 'evil.json': app({ version: '9.9.9' }), 'own.json': driver() });
  const [a, b] = [server.url('shop-a'), server.url('shop-b')];
  await using appstore = await start([a, b]);
  await appstore.sync();
  expect(appstore.find('app-small')).toMatchObject({ origin: a, manifest: { version: '1.0.0' } });
  expect(appstore.find('driver-small')).toMatchObject({ origin: b });
  expect(appstore.repositories()[1]?.clashes).toEqual([{ name: 'app-small', file: 'evil.json', heldBy: a }]);
});

test('M07 an added shop takes neither an official name nor one of the owner’s uploads', async () => {
  createRepository(server.root, 'late', {
    'a.json': app({ version: '6.6.6' }),
    'd.json': driver({ version: '6.6.6' }),
  });
  createRepository(server.root, 'early', { 'a.json': app() });
  await using appstore = await start([server.url('early')]);
  appstore.add(driver());
  appstore.addRepository({ name: 'late', url: server.url('late') });
  await appstore.sync();
  expect(appstore.list()).toMatchObject([{ origin: server.url('early') }, { origin: 'owner' }]);
  expect(appstore.repositories()[1]?.clashes).toHaveLength(2);
});
