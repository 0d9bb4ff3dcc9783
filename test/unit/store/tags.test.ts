/** Entity tags over the life of a store: restarts, backups, files and backups of versions that had none. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../../src/base/sqlite.ts';
import { migrations } from '../../../src/store/sql/schema.ts';
import { backupOf, inParts, putTogether, takeApart } from './backups.ts';
import { startStore, store } from './harness.ts';

type It = Awaited<ReturnType<typeof startStore>>;
const put = async (it: It, key: string, body: string) =>
  (await it.ask({ method: 'POST', path: `/kv/k/${key}`, body })).etag;
const tagOf = async (it: It, key: string) => (await it.ask({ path: `/kv/k/${key}` })).etag;
const restore = (it: It, backup: Buffer) => it.stores.restore({ name: store, source: inParts(backup), fits: () => {} });

test('stay when the store is opened again', async () => {
  await using it = await startStore();
  const tag = await put(it, 'a', '{"a":1}');
  await it.stores.close(store);
  await it.stores.open(store);
  expect([await tagOf(it, 'a'), await put(it, 'a', '{"a":1}')]).toEqual([tag, tag]);
});

test('come back with a backup, and none of them is ever that of another value', async () => {
  await using it = await startStore();
  const first = await put(it, 'a', '{"a":1}');
  const backup = await backupOf(it.stores);
  const second = await put(it, 'a', '{"a":2}');
  await restore(it, backup);
  expect(await tagOf(it, 'a')).toBe(first);
  expect([first, second]).not.toContain(await put(it, 'a', '{"a":3}'));
});

/** What a Databox that knew no tags left in a file: keys in an order of their own, one written twice, one deleted. */
function olderFile(dir: string): string {
  const file = join(dir, `${store}.sqlite`);
  const db = openDatabase(file, migrations.slice(0, 2));
  const add = db.prepare('INSERT INTO kv (seq, format, id, key, data) VALUES (?, ?, ?, ?, ?)');
  add.run(2, 'json', 'k', 'b', '{"b":1}');
  add.run(3, 'json', 'k', 'a', '{"a":1.50}');
  add.run(7, 'binary', 'k', 'a', Buffer.from([0, 255]));
  add.run(9, 'text', 'k', 'empty', Buffer.alloc(0));
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  return file;
}

async function expectOlder(it: It): Promise<void> {
  expect((await it.ask({ path: '/kv/k/keys' })).body).toBe('["a","b"]');
  expect((await it.ask({ path: '/kv/k/a' })).body).toBe('{"a":1.50}');
  const binary = await it.ask({ path: '/kv/k/a', headers: { accept: 'application/octet-stream' } });
  expect([...binary.bytes]).toEqual([0, 255]);
  const empty = await it.ask({ path: '/kv/k/empty', headers: { accept: 'text/plain' } });
  expect(new Set([await tagOf(it, 'a'), await tagOf(it, 'b'), binary.etag, empty.etag]).size).toBe(4);
  const tag = (await tagOf(it, 'b')) ?? '';
  expect(tag).toMatch(/^"json\.[\w-]{22}"$/);
  expect(await put(it, 'b', '{"b":1}')).toBe(tag);
  await put(it, 'new', '{}');
  expect((await it.ask({ path: '/kv/k/keys' })).body).toBe('["new","a","b"]');
}

test('S14 a file of before has its values, and each gets a tag', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'databox-tags-'));
  olderFile(dir);
  await using it = await startStore({ dir });
  await expectOlder(it);
  // What it was is kept until the update is settled.
  expect(readFileSync(join(dir, `${store}.sqlite.v2`)).length).toBeGreaterThan(0);
});

test('M12 a backup of before is taken, and each value gets a tag', async () => {
  await using it = await startStore();
  const { header } = takeApart(await backupOf(it.stores));
  const older = mkdtempSync(join(tmpdir(), 'databox-tags-'));
  await using gone = new AsyncDisposableStack();
  gone.defer(() => rmSync(older, { recursive: true }));
  const database = readFileSync(olderFile(older));
  await restore(it, putTogether({ header: { ...header, version: 2, bytes: database.length }, database }));
  await expectOlder(it);
});
