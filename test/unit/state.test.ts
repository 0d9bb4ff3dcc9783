/** `databox state`, on the files of a real state directory. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArbiter } from '../../src/arbiter/index.ts';
import { lockDirectory } from '../../src/base/lock.ts';
import { openDatabase } from '../../src/base/sqlite.ts';
import { stateActions } from '../../src/state.ts';
import { databox } from './cli/command.ts';

const dir = mkdtempSync(join(tmpdir(), 'dbx-state-'));
const [arbiter, store] = [join(dir, 'arbiter.sqlite'), join(dir, 'stores/x-core-store.sqlite')];
afterAll(() => rmSync(dir, { recursive: true }));
beforeEach(() => {
  for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true });
  mkdirSync(join(dir, 'stores'));
  createArbiter({ file: arbiter, checkAddress: false, log: silent })[Symbol.dispose]();
});
const silent = { info() {}, warn() {}, error() {}, debug() {}, child: () => silent } as never;
const versions = (count: number) => Array.from({ length: count }, (_, at) => `CREATE TABLE t${at} (x TEXT) STRICT;`);

test('files of this version are known; one that a newer version wrote is named, with exit code 78', async () => {
  expect(stateActions.check(dir)).toEqual([]);
  openDatabase(store, versions(99)).close();
  const refused = await databox(['state', 'check', '--state-dir', dir]);
  expect(refused.code).toBe(78);
  expect(refused.err).toMatch(`${store} is of version 99, as a newer Databox wrote it; this one knows `);
}, 60_000);

test('each file’s version is told, also of one that a newer Databox wrote', async () => {
  openDatabase(store, versions(99)).close();
  const { code, out } = await databox(['state', 'formats', '--state-dir', dir]);
  expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^\d+ \S+arbiter.sqlite\n99 \S+\n$/) as string });
  expect(out).toMatch(`99 ${store}`);
}, 60_000);

test('an updated file is put back, but not under a running box', async () => {
  openDatabase(store, versions(1)).close();
  openDatabase(store, versions(2)).close();
  const running = lockDirectory(dir);
  expect(() => stateActions.restore(dir)).toThrow(/another Databox runs/);
  running[Symbol.dispose]();
  const restored = await databox(['state', 'restore', '--state-dir', dir, '--json']);
  expect(JSON.parse(restored.out)).toEqual({ files: [store] });
  const db = openDatabase(store, versions(1));
  expect(db.pragma('user_version', { simple: true })).toBe(1);
  db.close();
  expect(stateActions.restore(dir)).toEqual([]);
}, 60_000);

test('a settled update cannot be undone', () => {
  openDatabase(store, versions(1)).close();
  openDatabase(store, versions(2)).close();
  expect(stateActions.settle(dir)).toEqual([store]);
  expect(stateActions.restore(dir)).toEqual([]);
});
