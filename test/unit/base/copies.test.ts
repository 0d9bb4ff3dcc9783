/** An update of the files can be undone, wherever it was interrupted: real files, real processes, SIGKILL. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { copiesIn, dropCopies, keepCopy, restoreCopies } from '../../../src/base/copies.ts';
import { checkDatabase, openDatabase } from '../../../src/base/sqlite.ts';
import { makeFile, migrationsOf, versionOf, wholly } from './copies.world.ts';

const dir = mkdtempSync(join(tmpdir(), 'dbx-copies-'));
const [template, file] = [join(dir, 'template.db'), join(dir, 'state', 'stores', 'x.sqlite')];
const state = join(dir, 'state');
beforeAll(() => makeFile(template));
afterAll(() => rmSync(dir, { recursive: true }));
beforeEach(() => {
  for (const left of ['found.db', 'found.db-wal', 'found.db-shm']) rmSync(join(dir, left), { force: true });
  rmSync(state, { recursive: true, force: true });
  mkdirSync(join(state, 'stores'), { recursive: true });
  copyFileSync(template, file);
});

const update = () => openDatabase(file, migrationsOf(2)).close();

test('a file is copied before it is changed, and put back as it was', () => {
  update();
  expect(versionOf(file)).toEqual(wholly(2));
  expect(copiesIn(state)).toEqual([{ file, copy: `${file}.v1` }]);
  expect(versionOf(`${file}.v1`)).toEqual(wholly(1));
  expect(statSync(`${file}.v1`).mode & 0o777).toBe(0o600);
  expect(restoreCopies(state)).toEqual([{ file, copy: `${file}.v1` }]);
  expect(versionOf(file)).toEqual(wholly(1));
  expect(copiesIn(state)).toEqual([]);
});

test('the log of the newer version does not reach the older file', () => {
  const db = openDatabase(file, migrationsOf(2));
  db.exec(`UPDATE fact SET text = 'of version 2, and more' WHERE id < 100`);
  // As a killed process leaves it: the log is there, nobody folded it in.
  copyFileSync(`${file}-wal`, join(dir, 'wal'));
  db.close();
  copyFileSync(join(dir, 'wal'), `${file}-wal`);
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
  restoreCopies(state);
  expect(versionOf(file)).toEqual(wholly(1));
});

test('a file that is new, or of this version, has no copy', () => {
  openDatabase(join(state, 'new.sqlite'), migrationsOf(1)).close();
  update();
  dropCopies(state);
  update();
  expect(copiesIn(state)).toEqual([]);
});

test('one file has one copy: that of the last change', () => {
  update();
  openDatabase(file, [...migrationsOf(2), 'CREATE TABLE more (x TEXT) STRICT;']).close();
  expect(copiesIn(state)).toEqual([{ file, copy: `${file}.v2` }]);
});

test('a folder that cannot take the copy: refused, and the file is as it was', () => {
  // Where the copy is to be written stands what cannot be replaced, as root too.
  mkdirSync(`${file}.v1`);
  writeFileSync(join(`${file}.v1`, 'x'), '');
  expect(update).toThrow();
  expect(versionOf(file)).toEqual(wholly(1));
  expect(readdirSync(join(state, 'stores')).sort()).toEqual(['x.sqlite', 'x.sqlite.half', 'x.sqlite.v1']);
});

test('without room for the copy the file stays as it is, and the sentence says how much is needed', () => {
  truncateSync(file, 2 ** 42);
  expect(() => keepCopy(file, 1)).toThrow(/4398081 MB must be free/);
  expect(readdirSync(join(state, 'stores'))).toEqual(['x.sqlite']);
});

test('a newer file is told by a look that changes nothing', () => {
  update();
  const before = statSync(file).mtimeMs;
  expect(() => checkDatabase(file, 1)).toThrow(expect.objectContaining({ code: 'database.newer' }) as Error);
  checkDatabase(file, 2);
  checkDatabase(join(state, 'absent.sqlite'), 1);
  expect(existsSync(join(state, 'absent.sqlite'))).toBe(false);
  expect(statSync(file).mtimeMs).toBe(before);
});

describe('S14 O05 killed in the middle of an update', () => {
  const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? -1;

  /** Runs the update in a process of its own and kills it as soon as this is so. @returns whether it was done before */
  async function killedWhen(isSo: (said: string) => boolean): Promise<boolean> {
    const child = spawn(process.execPath, ['--no-warnings', `${import.meta.dirname}/slow-migration.ts`, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (said += part));
    const gone = once(child, 'close');
    while (!isSo(said) && child.exitCode === null) await setImmediate();
    child.kill('SIGKILL');
    await gone;
    return said.includes('done');
  }

  test.each([
    ['before it begins', (said: string) => said.includes('started'), [1]],
    ['while it copies', () => sizeOf(`${file}.half`) >= 0, [1]],
    ['when the copy is there', () => sizeOf(`${file}.v1`) >= 0, [1, 2]],
    ['while it changes the file', () => sizeOf(`${file}.v1`) >= 0 && sizeOf(`${file}-wal`) > 0, [1, 2]],
    ['when it is done', (said: string) => said.includes('done'), [2]],
  ])(
    '%s: the file is wholly old or wholly new, the old one can be had, and the next start goes on',
    async (_when, isSo, versions) => {
      const done = await killedWhen(isSo);
      copyFileSync(file, join(dir, 'found.db'));
      if (sizeOf(`${file}-wal`) >= 0) copyFileSync(`${file}-wal`, join(dir, 'found.db-wal'));
      const { version } = versionOf(join(dir, 'found.db'));
      expect(versionOf(join(dir, 'found.db'))).toEqual(wholly(Number(version)));
      expect(done ? [2] : versions).toContain(version);
      restoreCopies(state);
      expect(versionOf(file)).toEqual(wholly(1));
      update();
      expect(versionOf(file)).toEqual(wholly(2));
      expect(readdirSync(join(state, 'stores')).sort()).toEqual(['x.sqlite', 'x.sqlite.v1']);
    },
    60_000,
  );
});
