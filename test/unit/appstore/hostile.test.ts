import { execFileSync } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { silent } from '../../../src/base/log.ts';
import { startAppstore, type AppstoreOptions, type SyncReport } from '../../../src/appstore/index.ts';
import { app } from './examples.ts';
import { commit, createRepository, git, startGitServer, type GitServer } from './gitserver.ts';

let server: GitServer;
/** What the server does instead of git, by the first folder of the path. */
const tricks: Record<string, (req: IncomingMessage, res: ServerResponse) => void> = {};
beforeAll(async () => {
  server = await startGitServer((req, res) => {
    const trick = tricks[req.url?.split('/')[1] ?? ''];
    trick?.(req, res);
    return trick !== undefined;
  });
});
afterAll(async () => server[Symbol.asyncDispose]());

async function sync(name: string, options: Partial<AppstoreOptions> = {}): Promise<SyncReport> {
  await using appstore = await startAppstore({
    ...{ file: ':memory:', repositories: [server.url(name)], syncMinutes: 60, release: '0.5.2', log: silent },
    ca: server.ca,
    signal: new AbortController().signal,
    ...options,
  });
  return (await appstore.sync())[0] as SyncReport;
}

const packet = (text: string | Buffer): Buffer => {
  const body = Buffer.from(text as string);
  return Buffer.concat([Buffer.from((body.length + 4).toString(16).padStart(4, '0')), body]);
};
const oid = '1'.repeat(40);
/** An advertisement of one branch, as a server would send it. */
const advertise = (res: ServerResponse, ref = 'refs/heads/main') =>
  res
    .writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' })
    .end(
      Buffer.concat([
        packet('# service=git-upload-pack\n'),
        Buffer.from('0000'),
        packet(`${oid} HEAD\0side-band-64k shallow ofs-delta symref=HEAD:${ref}\n`),
        packet(`${oid} ${ref}\n`),
        Buffer.from('0000'),
      ]),
    );
/** A blob of the pack format: type and size, four bits then seven a byte, and the deflated content. */
function packed(size: number, content: Buffer): Buffer {
  const bytes = [(3 << 4) | (size & 15)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 128;
    bytes.push(rest & 127);
  }
  return Buffer.concat([Buffer.from(bytes), deflateSync(content)]);
}
function sendPack(res: ServerResponse, objects: Buffer[], count = objects.length): void {
  const head = Buffer.from('PACK\0\0\0\u0002\0\0\0\0', 'latin1');
  head.writeUInt32BE(count, 8);
  const pack = Buffer.concat([head, ...objects, Buffer.alloc(20)]);
  const bands: Buffer[] = [];
  for (let at = 0; at < pack.length; at += 60_000) {
    bands.push(packet(Buffer.concat([Buffer.from([1]), pack.subarray(at, at + 60_000)])));
  }
  res.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
  res.end(
    Buffer.concat([packet(`shallow ${oid}\n`), Buffer.from('0000'), packet('NAK\n'), ...bands, Buffer.from('0000')]),
  );
}
const withPack = (objects: Buffer[], count?: number) => (req: IncomingMessage, res: ServerResponse) =>
  req.method === 'GET' ? void advertise(res) : sendPack(res, objects, count);

describe('M08 addresses', () => {
  test.each([
    'ext::sh -c touch% /tmp/pwned',
    'file:///etc',
    'ssh://git@github.com/a/b',
    'git@github.com:a/b',
    'git://github.com/a/b',
    'http://github.com/a/b',
    '--upload-pack=touch /tmp/pwned',
    '-u',
    'https://user:secret@github.com/a/b',
    'https://github.com/a/b?x=1',
    'https://github.com/a/b#x',
    'https://github.com/a b',
    'https://',
    'relative/folder',
    '/etc/../root',
    '\\\\host\\share',
    '',
  ])('%j is refused', async (url) => {
    const options = { file: ':memory:', repositories: [url], syncMinutes: 60, release: '0.5.2', log: silent };
    const signal = new AbortController().signal;
    await expect(startAppstore({ ...options, signal })).rejects.toMatchObject({ code: 'repository.invalid' });
    await using appstore = await startAppstore({ ...options, repositories: [], signal });
    expect(() => appstore.addRepository({ name: 'x', url })).toThrow(/address/);
    expect(appstore.repositories()).toEqual([]);
  });
});

describe('M08 what a repository holds', () => {
  test('links, submodules and folders named like manifests are reported and never followed', async () => {
    const folder = createRepository(server.root, 'links', { 'good.json': app(), 'folder.json/x': 'x' });
    symlinkSync('/etc/passwd', join(folder, 'passwd.json'));
    symlinkSync('good.json', join(folder, 'link.json'));
    commit(folder, {});
    git(folder, 'update-index', '--add', '--cacheinfo', `160000,${'2'.repeat(40)},module.json`);
    git(folder, 'commit', '-q', '-m', 'a submodule');
    const report = await sync('links');
    expect(report).toMatchObject({ manifests: 1, problem: null });
    expect(report.broken.map(({ file }) => file)).toEqual(['folder.json', 'link.json', 'module.json', 'passwd.json']);
    expect(JSON.stringify(report)).not.toContain('root:');
  });

  test('one broken file hides no other: 50 MB, odd encodings, no JSON, deep, __proto__', async () => {
    createRepository(server.root, 'broken', {
      'big.json': JSON.stringify(app({ x: ' '.repeat(50_000_000) })),
      'deep.json': `{"name":"app-deep","x":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      'good.json': `\ufeff${JSON.stringify(app())}`,
      'invalid.json': app({ name: 'Not A Name' }),
      'list.json': [],
      'no.json': '{"name":',
      'proto.json': '{"__proto__":{"name":"x"}}',
      'utf16.json': Buffer.from(JSON.stringify(app()), 'utf16le'),
    });
    const report = await sync('broken');
    expect(report).toMatchObject({ manifests: 1, problem: null });
    expect(report.broken).toHaveLength(7);
    expect(report.broken.every(({ faults }) => faults.length > 0)).toBe(true);
    expect(report.broken[0]).toMatchObject({ file: 'big.json', faults: [expect.stringMatching(/more than 262144/)] });
  });

  test('names that would mislead or climb are refused', async () => {
    const folder = createRepository(server.root, 'names', { 'a.json': app(), 'x\u202enosj.json': app({ name: 'b' }) });
    expect((await sync('names')).broken).toMatchObject([{ faults: ['manifest: the file’s name is not plain'] }]);
    const blob = git(folder, 'rev-parse', 'HEAD:a.json');
    const entry = Buffer.concat([Buffer.from('100644 ../../up.json\0'), Buffer.from(blob, 'hex')]);
    const hash = ['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'];
    const tree = execFileSync('git', hash, { cwd: folder, input: entry, encoding: 'utf8' }).trim();
    git(folder, 'update-ref', 'HEAD', git(folder, 'commit-tree', tree, '-m', 'x'));
    expect(await sync('names')).toMatchObject({ manifests: 0, problem: { code: 'repository.invalid' } });
  });

  test('more files than allowed', async () => {
    createRepository(server.root, 'many', { 'a.json': app(), 'b.json': app({ name: 'b' }), 'c.json': 'x' });
    const report = await sync('many', { limits: { files: 2 } });
    expect(report.problem?.title).toMatch(/more than 2 manifests/);
  });
});

describe('M08 what a server does', () => {
  const endless = (res: ServerResponse) => {
    const chunk = Buffer.alloc(1_000_000);
    const more = () => {
      while (!res.destroyed && res.write(chunk));
    };
    more();
    res.on('drain', more);
  };
  let elsewhere = 0;
  const cases: [string, (req: IncomingMessage, res: ServerResponse) => void, RegExp][] = [
    ['5 GB', (_, res) => endless(res.writeHead(200)), /sends more than 2000000 bytes/],
    ['5 GB of pack', (req, res) => (req.method === 'GET' ? void advertise(res) : endless(res)), /more than 2000000/],
    [
      'a drip-feed',
      (_, res) => void setInterval(() => res.write('0'), 20).unref(),
      /stopped answering|cannot be reached/,
    ],
    ['silence', () => {}, /cannot be reached/],
    ['a password prompt', (_, res) => void res.writeHead(401, { 'www-authenticate': 'Basic' }).end(), /password/],
    ['no such repository', (_, res) => void res.writeHead(404).end(), /status 404/],
    ['a web page', (_, res) => void res.end('<html>hello</html>'), /cannot be read/],
    ['no pack', withPack([], 0), /damaged|cannot be read/],
    ['a bomb', withPack([packed(100_000_000, Buffer.alloc(100_000_000))]), /unpacks to more than/],
    ['a lying bomb', withPack([packed(10, Buffer.alloc(100_000_000))]), /unpacks to more than/],
    ['an object shorter than it says', withPack([packed(1_000, Buffer.alloc(10))]), /another size/],
    ['too many objects', withPack([], 4_000_000_000), /more than 10000 objects/],
    ['a cut pack', withPack([packed(4, Buffer.from('abcd'))], 7), /damaged/],
    ['a redirect inside', (_, res) => void res.writeHead(302, { location: '/elsewhere/x' }).end(), /redirects/],
    ['a redirect to http', (_, res) => void res.writeHead(301, { location: 'http://localhost/x' }).end(), /redirects/],
  ];
  let reports: SyncReport[];
  beforeAll(async () => {
    for (const [name, trick] of cases) tricks[name.replaceAll(' ', '-')] = trick;
    tricks['elsewhere'] = () => elsewhere++;
    await using appstore = await startAppstore({
      ...{ file: ':memory:', syncMinutes: 60, release: '0.5.2', log: silent, ca: server.ca },
      repositories: cases.map(([name]) => server.url(name.replaceAll(' ', '-'))),
      limits: { receivedBytes: 2_000_000, unpackedBytes: 1_000_000, timeoutMs: 1_500, idleMs: 500 },
      signal: new AbortController().signal,
    });
    reports = await appstore.sync();
  });
  test.each(cases.map(([name, , reason], at) => [name, reason, at] as const))('%s ends with a reason', (...found) => {
    const [, reason, at] = found;
    expect(reports[at]).toMatchObject({ manifests: 0, problem: { title: expect.stringMatching(reason) as unknown } });
  });
  test('no redirect was followed', () => expect(elsewhere).toBe(0));

  test('a certificate nobody vouches for is refused', async () => {
    createRepository(server.root, 'untrusted', { 'a.json': app() });
    await using strangers = await startGitServer();
    expect(await sync('untrusted', { ca: strangers.ca })).toMatchObject({
      manifests: 0,
      problem: { code: 'repository.unreachable', title: expect.stringMatching(/certificate/) as unknown },
    });
  });

  test('a hostile one keeps no other from being read', async () => {
    tricks['bad'] = (_, res) => void res.writeHead(500).end();
    createRepository(server.root, 'good', { 'a.json': app() });
    const both = [server.url('bad'), server.url('good')];
    await using appstore = await startAppstore({
      ...{ file: ':memory:', repositories: both, syncMinutes: 60, release: '0.5.2', log: silent, ca: server.ca },
      signal: new AbortController().signal,
    });
    expect(await appstore.sync()).toMatchObject([{ problem: { code: 'repository.unreachable' } }, { manifests: 1 }]);
  });

  test('a branch whose name climbs out of the repository touches nothing', async () => {
    createRepository(server.root, 'real', { 'a.json': app() });
    const climbing = 'refs/heads/../../../../../../tmp/databox-pwned';
    tricks['climbing'] = (req, res) => (req.method === 'GET' ? void advertise(res, climbing) : sendPack(res, []));
    expect((await sync('climbing')).problem).not.toBeNull();
    expect(execFileSync('ls', ['/tmp'], { encoding: 'utf8' })).not.toContain('databox-pwned');
  });
});
