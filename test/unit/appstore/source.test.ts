import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchSource, type SourceLimits } from '../../../src/appstore/index.ts';
import { commit, createRepository, git, startGitServer, type GitServer } from './gitserver.ts';

let server: GitServer;
let into: string;
beforeAll(async () => (server = await startGitServer()));
afterAll(async () => server[Symbol.asyncDispose]());
beforeEach(() => (into = join(mkdtempSync(join(tmpdir(), 'source-test-')), 'clone')));
afterEach(() => rmSync(join(into, '..'), { recursive: true }));
const fetched = (name: string, ref?: string, limits: Partial<SourceLimits> = {}) =>
  fetchSource({ url: server.url(name), ref, into, limits, ca: server.ca, signal: new AbortController().signal });
const invalid = expect.objectContaining({ code: 'repository.invalid' }) as Error;

test('the files of the default branch, executable ones and links too, and nothing of git', async () => {
  const folder = createRepository(server.root, 'plain', { Dockerfile: 'FROM x', 'src/a.js': 'a', 'run.sh': '#!' });
  execFileSync('chmod', ['755', join(folder, 'run.sh')]);
  symlinkSync('src/a.js', join(folder, 'link'));
  const head = commit(folder, {});
  expect(await fetched('plain')).toEqual({ commit: head, ref: 'main' });
  expect(readdirSync(into, { recursive: true }).sort()).toEqual(['Dockerfile', 'link', 'run.sh', 'src', 'src/a.js']);
  expect([readlinkSync(join(into, 'link')), statSync(join(into, 'run.sh')).mode & 0o777]).toEqual(['src/a.js', 0o755]);
});

test('a later fetch brings the folder to the commit, whatever was in it; tags and branches go by name', async () => {
  const folder = createRepository(server.root, 'moving', { a: '1', gone: 'x' });
  git(folder, 'tag', 'v1');
  const first = await fetched('moving');
  rmSync(join(folder, 'gone'));
  commit(folder, { a: '2' });
  git(folder, 'branch', 'next');
  mkdirSync(join(into, 'stray'));
  expect((await fetched('moving', 'next')).commit).not.toBe(first.commit);
  expect([readdirSync(into), readFileSync(join(into, 'a'), 'utf8')]).toEqual([['a'], '2']);
  expect(await fetched('moving', 'v1')).toEqual({ commit: first.commit, ref: 'v1' });
  expect(readdirSync(into).sort()).toEqual(['a', 'gone']);
  await expect(fetched('moving', 'absent')).rejects.toThrow(/no tag or branch absent/);
});

test('a submodule is left out, and no hook runs', async () => {
  const folder = createRepository(server.root, 'modules', { a: 'x' });
  const id = git(folder, 'rev-parse', 'HEAD');
  git(folder, 'update-index', '--add', '--cacheinfo', `160000,${id},inner`);
  git(folder, 'commit', '-q', '-m', 'm');
  await fetched('modules');
  expect(readdirSync(into)).toEqual(['a']);
});

/** A commit whose tree holds what `git add` would refuse. */
function hostile(name: string, entries: [mode: string, name: string, content: string][]): void {
  const folder = createRepository(server.root, name, { a: 'x' });
  const write = (input: string | Buffer, ...argv: string[]) =>
    execFileSync('git', ['hash-object', '-w', '--stdin', ...argv], { cwd: folder, input, encoding: 'utf8' }).trim();
  const parts = entries.map(([mode, path, content]) =>
    Buffer.concat([Buffer.from(`${mode} ${path}\0`), Buffer.from(mode === '40000' ? content : write(content), 'hex')]),
  );
  const tree = write(Buffer.concat(parts), '-t', 'tree', '--literally');
  const id = git(folder, 'commit-tree', '-m', 'h', tree);
  git(folder, 'update-ref', 'refs/heads/main', id);
}

test.each([
  ['a file above the folder', [['100644', '../evil', 'x']]],
  ['a folder of that name', [['100644', '..', 'x']]],
  ['a hook', [['100644', '.git', 'x']]],
  ['a name with a newline', [['100644', 'a\nb', 'x']]],
  ['a link to the machine’s files', [['120000', 'Dockerfile', '/etc/passwd']]],
  ['a link upwards', [['120000', 'x', '../../x']]],
  [
    'a name twice, as link and as file',
    [
      ['120000', 'x', 'y'],
      ['100644', 'x', 'z'],
    ],
  ],
] as [string, [string, string, string][]][])('refused, and nothing is written: %s', async (what, entries) => {
  const name = what.replaceAll(/[^a-z]/g, '-');
  hostile(name, entries);
  await expect(fetched(name)).rejects.toThrow(invalid);
  expect(readdirSync(join(into, '..'))).toEqual([]);
});

test('refused: too many files, too many bytes, an address that is none', async () => {
  createRepository(server.root, 'huge', { a: 'x'.repeat(100_000), b: 'y', c: 'z' });
  await expect(fetched('huge', undefined, { entries: 2 })).rejects.toThrow(/too many files/);
  await expect(fetched('huge', undefined, { unpackedBytes: 50_000 })).rejects.toThrow(invalid);
  const { signal } = new AbortController();
  for (const url of ['/etc', 'file:///etc', 'https://a:b@x.example/y', 'ext::sh -c id']) {
    await expect(fetchSource({ url, into, signal })).rejects.toThrow(invalid);
  }
});
