import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, exitCode, failureFrom, failures, problem } from '../../../src/base/errors.ts';
import { parseJson } from '../../../src/base/http.ts';
import { bounds, isOutside, overlaps, toIp, toNumber, within } from '../../../src/base/ipv4.ts';
import { ComponentName } from '../../../src/base/names.ts';
import { run } from '../../../src/base/run.ts';
import { openDatabase } from '../../../src/base/sqlite.ts';

describe('failures', () => {
  test('a failure survives a socket: problem and back', () => {
    const failure = new Failure('manifest.invalid', 'no name', { faults: ['name'] });
    const back = failureFrom(JSON.parse(JSON.stringify(problem(failure))), '');
    expect([back.code, back.message, back.details]).toEqual(['manifest.invalid', 'no name', { faults: ['name'] }]);
  });

  test('a stranger learns nothing of a defect', () => {
    expect(problem(new Error('/etc/secret'))).toEqual({
      type: 'urn:databox:problem:internal',
      status: 500,
      code: 'internal',
      title: 'internal error',
    });
    expect(exitCode(new Error('x'))).toBe(70);
  });

  test('no detail can change the status or the code', () => {
    expect(problem(new Failure('usage', 'no', { status: 200, code: 'x', title: 'y' }))).toMatchObject({
      status: 400,
      code: 'usage',
      title: 'no',
    });
  });

  test('every exit code is of sysexits.h', () => {
    for (const { exit } of Object.values(failures)) expect(exit).toBeGreaterThanOrEqual(64);
    for (const { exit } of Object.values(failures)) expect(exit).toBeLessThanOrEqual(78);
  });
});

describe('addresses', () => {
  test('numbers and text', () => {
    expect(toIp(toNumber('10.196.3.254'))).toBe('10.196.3.254');
    expect(bounds('10.196.3.7/24').map(toIp)).toEqual(['10.196.3.0', '10.196.3.255']);
    expect(within('10.196.3.9', '10.196.0.0/16')).toBe(true);
    expect(overlaps('10.0.0.0/8', '10.196.0.0/16')).toBe(true);
    expect(overlaps('10.196.0.0/16', '10.197.0.0/16')).toBe(false);
  });

  test.each([
    ['1.1.1.1', true],
    ['127.0.0.1', false],
    ['10.1.2.3', false],
    ['172.31.0.1', false],
    ['192.168.1.1', false],
    ['169.254.169.254', false],
    ['100.64.0.1', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['0.0.0.0', false],
    ['198.51.100.7', false],
    ['203.0.113.9', true],
    ['::1', false],
    ['::ffff:10.0.0.1', false],
    ['fe80::1', false],
    ['fc00::1', false],
    ['2606:4700::1', true],
    ['not an address', false],
  ])('%s is outside: %s', (ip, expected) => expect(isOutside(ip, ['203.0.113.0/24'])).toBe(expected));
});

describe('names', () => {
  test.each(['app-os-monitor', 'a', 'a'.repeat(52), '0x'])('%s is a component', (name) =>
    expect(ComponentName.safeParse(name).success).toBe(true),
  );
  test.each([
    '',
    '-a',
    'a-',
    'A',
    'a_b',
    '../x',
    'a b',
    'a\n',
    'a'.repeat(53),
    'x-core-store',
    'x-network',
    'arbiter',
    'аpp',
  ])('%j is none', (name) => expect(ComponentName.safeParse(name).success).toBe(false));
});

describe('json', () => {
  test('brackets in strings do not count as depth', () =>
    expect(parseJson(`["${'['.repeat(1000)}\\"${'['.repeat(1000)}"]`)).toHaveLength(1));
  test.each(['['.repeat(65) + ']'.repeat(65), '['.repeat(1_000_000), '{', '', 'nope'])('refused', (text) =>
    expect(() => parseJson(text)).toThrow(Failure),
  );
});

describe('databases', () => {
  test('migrations run once; a newer file is refused', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'dbx-sql-')), 'a', 'x.sqlite');
    openDatabase(file, ['CREATE TABLE a (x) STRICT;'.replace('(x)', '(x TEXT)')]).close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const db = openDatabase(file, ['not run again', 'CREATE TABLE b (x TEXT) STRICT;']);
    expect(db.pragma('user_version', { simple: true })).toBe(2);
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
    db.close();
    expect(() => openDatabase(file, ['one'])).toThrow(expect.objectContaining({ code: 'database.newer' }) as Error);
  });
});

describe('programs', () => {
  test('arguments meet no shell', async () => expect(await run('echo', ['$(id) ; ls'])).toBe('$(id) ; ls'));
  test('lines come as they are written', async () => {
    const lines: string[] = [];
    await run('printf', ['a\nb\n'], { onLine: (line) => lines.push(line) });
    expect(lines).toEqual(['a', 'b']);
  });
  test.each([
    ['a non-zero exit', 'sh', ['-c', 'echo no such thing >&2; exit 3'], /no such thing/],
    ['a signal', 'sh', ['-c', 'kill -9 $$'], /SIGKILL/],
    ['a missing program', '/nonexistent', [], /ENOENT/],
  ] as const)('%s is a failure with the reason', async (_claim, file, argv, message) => {
    await expect(run(file, argv, { code: 'docker.failed' })).rejects.toMatchObject({
      code: 'docker.failed',
      message: expect.stringMatching(message) as string,
    });
  });
  test('a deadline ends it', async () =>
    await expect(run('sleep', ['30'], { timeoutMs: 50 })).rejects.toThrow(/timed out/));
});
