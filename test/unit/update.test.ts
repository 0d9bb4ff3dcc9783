/** scripts/lib/update on programs of its own, in a folder that stands for /usr/local: what it keeps, undoes and refuses. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dir = mkdtempSync(join(tmpdir(), 'dbx-update-'));
const [lib, program, data] = [join(dir, 'lib/databox'), join(dir, 'bin/databox'), join(dir, 'data')];
const [update, previous] = [join(lib, 'update'), join(lib, 'previous')];
afterAll(() => rmSync(dir, { recursive: true }));
beforeEach(() => {
  rmSync(dir, { recursive: true, force: true });
  for (const folder of [lib, join(dir, 'bin')]) mkdirSync(folder, { recursive: true });
  copyFileSync('scripts/lib/update', update);
  put('1');
  writeFileSync(data, '1');
});

/** A program that says its version, and can restore what the one after it changed. */
function put(version: string): void {
  rmSync(program, { force: true });
  const lines = [
    '#!/bin/sh',
    'case $1 in',
    `--version) echo ${version} ;;`,
    `state) case $2 in restore) [ ! -e ${data}.v1 ] || mv ${data}.v1 ${data} ;; settle) rm -f ${data}.v1 ;;`,
    `  check) [ "$(cat ${data})" -le ${version} ] ;; esac ;;`,
    'esac',
  ];
  writeFileSync(program, `${lines.join('\n')}\n`, { mode: 0o755 });
}
function migrate(): void {
  copyFileSync(data, `${data}.v1`);
  writeFileSync(data, '2');
}
const sh = (...argv: string[]) => spawnSync('sh', [update, ...argv], { encoding: 'utf8' });
const now = () => ({
  program: spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout.trim(),
  data: readFileSync(data, 'utf8'),
  unfinished: existsSync(previous),
});

test('O05 an update that nobody finished is undone before the next start: program and data', () => {
  expect(sh('begin').status).toBe(0);
  put('2');
  migrate();
  const check = sh('check');
  expect([check.status, check.stderr]).toEqual([0, 'databox: an interrupted update was undone: this is 1\n']);
  expect(now()).toEqual({ program: '1', data: '1', unfinished: false });
});

test.each([
  ['the data', () => spawnSync(join(previous, 'databox'), ['state', 'restore'])],
  [
    'data and program',
    () => {
      spawnSync(join(previous, 'databox'), ['state', 'restore']);
      put('1');
    },
  ],
])('O05 undoing that was interrupted after %s goes on at the next start', (_after, half) => {
  sh('begin');
  put('2');
  migrate();
  half();
  sh('check');
  expect(now()).toMatchObject({ program: '1', data: '1' });
});

test('cut off before the other program took its place: nothing is undone, and the next update begins anew', () => {
  sh('begin');
  sh('check');
  expect(now()).toEqual({ program: '1', data: '1', unfinished: true });
  expect(sh('begin').status).toBe(0);
  sh('abandon');
  expect(now()).toEqual({ program: '1', data: '1', unfinished: false });
});

test('an update begun over an interrupted one goes back to what last worked', () => {
  sh('begin');
  put('2');
  migrate();
  sh('begin');
  expect(now()).toEqual({ program: '1', data: '1', unfinished: true });
});

test('while somebody looks after the update, a start changes nothing', () => {
  sh('begin');
  put('2');
  migrate();
  const held = spawnSync('flock', [join(lib, 'update.lock'), 'sh', update, 'check'], { encoding: 'utf8' });
  expect(held.status).toBe(0);
  expect(now()).toEqual({ program: '2', data: '2', unfinished: true });
});

test('files that are settled are not left to a program that cannot read them', () => {
  sh('begin');
  put('2');
  migrate();
  spawnSync(program, ['state', 'settle']);
  expect(sh('check').stderr).toMatch(/the new version stays/);
  expect(now()).toEqual({ program: '2', data: '2', unfinished: false });
});

test('a version that is not in place is not called installed', () => {
  const finish = sh('finish', '2');
  expect(finish.status).toBe(1);
  expect(finish.stderr).toMatch(/^databox: 2 is not in place/);
});

test('what it does not know it does not do', () => expect(sh('begn').status).toBe(64));
