import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silent } from '../../../src/base/log.ts';
import { startAppstore, type Appstore } from '../../../src/appstore/index.ts';
import { app, driver } from './examples.ts';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'databox-folder-'))));
afterEach(() => rmSync(root, { recursive: true }));
const write = (file: string, content: unknown) => writeFileSync(join(root, file), JSON.stringify(content));
const start = (...repositories: string[]): Promise<Appstore> =>
  startAppstore({
    ...{ file: ':memory:', repositories, syncMinutes: 60, release: '0.5.2', log: silent },
    signal: new AbortController().signal,
  });

test('a local folder is offered as soon as the app store has started', async () => {
  write('a.json', app());
  write('notes.txt', driver());
  mkdirSync(join(root, 'below'));
  write('below/b.json', driver());
  await using appstore = await start(`${root}/`);
  expect(appstore.list()).toMatchObject([{ origin: root, commit: null, manifest: { name: 'app-small' } }]);
  expect(appstore.repositories()).toMatchObject([{ url: root, commit: null, ref: null, manifests: 1 }]);
});

test('the fixtures of real manifests are offered, all of them', async () => {
  await using appstore = await start(join(process.cwd(), 'test/fixtures/manifests'));
  expect(appstore.list()).toHaveLength(14);
  expect(appstore.repositories()[0]).toMatchObject({ broken: [], clashes: [] });
});

test('M08 links, pipes, folders and 5 GB are reported, and hide no other', async () => {
  write('good.json', app());
  symlinkSync('/etc/passwd', join(root, 'link.json'));
  mkdirSync(join(root, 'folder.json'));
  execFileSync('mkfifo', [join(root, 'pipe.json')]);
  writeFileSync(join(root, 'large.json'), '{');
  truncateSync(join(root, 'large.json'), 5_000_000_000);
  await using appstore = await start(root);
  const [report] = appstore.repositories();
  expect(report).toMatchObject({ manifests: 1, problem: null });
  expect(report?.broken.map(({ file }) => file)).toEqual(['folder.json', 'large.json', 'link.json', 'pipe.json']);
});

test('a folder that is missing is a problem of its own', async () => {
  write('a.json', app());
  await using appstore = await start(join(root, 'missing'), root);
  expect(appstore.repositories()).toMatchObject([{ problem: { code: 'repository.unreachable' } }, { manifests: 1 }]);
  expect(appstore.find('app-small')).toBeDefined();
});

test('two files of one name: the first by file name is offered', async () => {
  write('a.json', app({ version: '1.0.0' }));
  write('b.json', app({ version: '2.0.0' }));
  await using appstore = await start(root);
  expect(appstore.find('app-small')?.manifest.version).toBe('1.0.0');
  expect(appstore.repositories()[0]?.clashes).toEqual([{ name: 'app-small', file: 'b.json', heldBy: root }]);
});
