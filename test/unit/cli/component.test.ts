/** install-component short of Docker: what a word means, what is copied, what is refused before anything is built. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBox } from '../../../src/cli/client.ts';
import { copyOf } from '../../../src/cli/component/context.ts';
import { deploy } from '../../../src/cli/component/deploy.ts';
import { ignoring } from '../../../src/cli/component/ignore.ts';
import { dockerfileFor, readManifest, withImage } from '../../../src/cli/component/recipe.ts';
import { sourceOf } from '../../../src/cli/component/source.ts';
import { watchFolder } from '../../../src/cli/component/watch.ts';
import { type AdminBox, app, startAdminBox } from '../manager/web/admin-box.ts';
import { until } from '../export/world.ts';
import { inProcess } from './command.ts';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'component-test-'))));
afterEach(() => rmSync(dir, { recursive: true }));
const put = (file: string, text: unknown = '') => {
  mkdirSync(join(dir, file, '..'), { recursive: true });
  writeFileSync(join(dir, file), typeof text === 'string' ? text : JSON.stringify(text));
};
const code = (is: string) => expect.objectContaining({ code: is }) as Error;

describe('a source', () => {
  const known = { examples: ['driver-os-monitor'], isComponent: (path: string) => path === 'examples/x' };
  const github = (path: string, ref?: string) => ({
    ...{ kind: 'git', url: `https://github.com/${path}`, ref, name: path.split('/')[1] },
  });
  test.each([
    ['driver-os-monitor', { kind: 'example', name: 'driver-os-monitor' }],
    ['driver-twitter', github('me-box/driver-twitter')],
    ['driver-os-monitor#1.0', github('me-box/driver-os-monitor', '1.0')],
    ['you/driver_x', github('you/driver_x')],
    ['you/x#feature/y', github('you/x', 'feature/y')],
    ['examples/x', { kind: 'folder', path: 'examples/x' }],
    ['./driver-os-monitor', { kind: 'folder', path: './driver-os-monitor' }],
    ['/srv/x', { kind: 'folder', path: '/srv/x' }],
    ['https://git.example/a/b.git#v1', { kind: 'git', url: 'https://git.example/a/b.git', ref: 'v1', name: 'b' }],
  ])('%s', (what, source) => expect(sourceOf(what, known)).toEqual(source));
  test.each(['', 'a/b/c', 'you/..', '-x/y', 'x#', 'x#-o', 'x#a..b', 'ext::sh', 'git@host:a', 'file:///etc', 'x#a#b'])(
    '%p is none',
    (what) => expect(() => sourceOf(what, known)).toThrow(code('usage')),
  );
});

describe('the copy of a folder', () => {
  const limits = { entries: 20, bytes: 10_000 };
  const { signal } = new AbortController();
  test('leaves out .git and what .dockerignore names, keeps links as links, and is gone afterwards', async () => {
    put('.git/config');
    put('.dockerignore', '# big\nnode_modules/\n./secret.txt\n');
    put('node_modules/a/index.js');
    put('secret.txt');
    put('src/main.js', 'x');
    put('src/.git/HEAD');
    symlinkSync('/etc/passwd', join(dir, 'link'));
    execFileSync('mkfifo', [join(dir, 'pipe')]);
    const copies: string[] = [];
    {
      await using context = await copyOf(dir, { signal, limits });
      copies.push(context.dir);
      const found = readdirSync(context.dir, { recursive: true, withFileTypes: true });
      expect(found.map((entry) => entry.name).sort()).toEqual(['.dockerignore', 'link', 'main.js', 'src']);
      expect(found.find(({ name }) => name === 'link')?.isSymbolicLink()).toBe(true);
    }
    expect(copies.map((copy) => existsSync(copy))).toEqual([false]);
  });
  test('ends at a limit, and says what to do', async () => {
    put('large', 'x'.repeat(10_001));
    await expect(copyOf(dir, { signal, limits })).rejects.toThrow(/\.dockerignore/);
  });
  test('a pattern or an exception is docker’s to read', () => {
    const [patterns, exception] = [ignoring('*.log\n/build'), ignoring('build\n!build/keep')];
    expect(['a.log', 'build/x', 'src/build', '.git/x'].map(patterns)).toEqual([false, true, false, true]);
    expect(['build/x', 'a/.git/x'].map(exception)).toEqual([false, true]);
  });
});

describe('a recipe', () => {
  test('is read from plain files only', () => {
    expect(() => readManifest(dir)).toThrow(code('manifest.unknown'));
    symlinkSync('/etc/hostname', join(dir, 'databox-manifest.json'));
    symlinkSync('/etc/passwd', join(dir, 'Dockerfile'));
    expect(() => readManifest(dir)).toThrow(code('manifest.invalid'));
    expect(() => dockerfileFor('amd64', dir)).toThrow(/no plain file/);
  });
  test('has a Dockerfile of its own for arm64, where there is one', () => {
    expect(() => dockerfileFor('arm64v8', dir)).toThrow(/no Dockerfile-arm64v8 and no Dockerfile/);
    put('Dockerfile');
    expect(dockerfileFor('arm64v8', dir)).toBe('Dockerfile');
    put('Dockerfile-arm64v8');
    expect([dockerfileFor('arm64v8', dir), dockerfileFor('amd64', dir)]).toEqual(['Dockerfile-arm64v8', 'Dockerfile']);
  });
  test('is uploaded with the registry and tag that it is built with', () => {
    const manifest = { name: 'x', 'docker-image-tag': '1' };
    expect(withImage(manifest, { registry: 'me', tag: '2' })).toEqual({
      ...{ name: 'x', 'docker-registry': 'me', 'docker-image-tag': '2' },
    });
    expect(() => withImage({ 'docker-image': 'a/b:1' }, { tag: '2' })).toThrow(code('usage'));
  });
});

test('what changes is told once it is quiet, without what is ignored, also while nobody asks', async () => {
  const stop = new AbortController();
  put('src/a.js');
  using watch = watchFolder(dir, { isIgnored: ignoring('out'), signal: stop.signal, quietMs: 150 });
  mkdirSync(join(dir, 'out'));
  put('out/b.js');
  put('src/a.js', 'changed');
  const first = await watch.next();
  expect(first).toContain('src/a.js');
  expect(first?.filter((path) => path.startsWith('out'))).toEqual([]);
  put('c.js', 'new');
  expect(await watch.next()).toEqual(['c.js']);
  const none = watch.next();
  stop.abort();
  expect(await none).toBeUndefined();
});

describe('nothing is built', () => {
  let box: AdminBox;
  beforeAll(async () => (box = await startAdminBox()));
  afterAll(() => box[Symbol.asyncDispose]());
  const component = (...args: string[]) => inProcess(box.runDir, ['install-component', dir, ...args]);
  test('of a folder without a manifest, and of none at all', async () => {
    const [none, nowhere] = [await component(), await inProcess(box.runDir, ['install-component', './absent'])];
    expect([none.code, none.err]).toEqual([66, expect.stringContaining('databox-manifest.json')]);
    expect([nowhere.code, nowhere.err]).toEqual([64, expect.stringContaining('./absent')]);
  });
  test('without a Dockerfile', async () => {
    put('databox-manifest.json', app);
    const { code: exit, err } = await component();
    expect([exit, err]).toEqual([65, expect.stringContaining('no Dockerfile')]);
  });
  test('when the manifest is of another name than the one that was asked for', async () => {
    put('databox-manifest.json', app);
    const { code: exit, err } = await component('--as', 'app-z');
    expect([exit, err]).toEqual([65, expect.stringContaining('--as app-x')]);
  });
  test('when Docker is not there; as a problem for programs', async () => {
    put('databox-manifest.json', app);
    put('Dockerfile', 'FROM scratch');
    const { code: exit, err } = await component('--json');
    expect([exit, JSON.parse(err)]).toEqual([69, expect.objectContaining({ code: 'docker.unavailable' })]);
  });
  test('--watch is refused for what is no folder', async () => {
    const { code: exit } = await inProcess(box.runDir, ['install-component', 'you/x', '--watch']);
    expect(exit).toBe(64);
  });
});

test('Ctrl-C while the box installs: it goes on there, and says so', async () => {
  await using box = await startAdminBox();
  const { promise, resolve } = Promise.withResolvers<void>();
  box.manager.given.installUntil = promise;
  const [stop, told] = [new AbortController(), [] as string[]];
  const done = deploy({
    ...{ box: connectBox(join(box.runDir, 'databox.sock')), json: true, asked: { name: 'app-x' }, imageId: '' },
    ...{ yes: true, given: {}, signal: stop.signal },
    tell: ({ event }) => told.push(event),
  });
  await until(() => box.manager.calls.some(({ name }) => name === 'install'));
  stop.abort();
  await expect(done).rejects.toThrow();
  expect(told).toEqual(['review', 'left']);
  resolve();
  await until(() => box.manager.calls.some(({ name }) => name === 'install ended'));
});
