import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { storeVersion, verifyBackup } from '../../../src/store/index.ts';
import { backupOf, inParts, putTogether, takeApart, withDatabase, type Taken } from './backups.ts';
import { damagePages } from './damage.ts';
import { startStore, store } from './harness.ts';

type It = Awaited<ReturnType<typeof startStore>>;
const write = async (it: It, value: number) =>
  (await it.ask({ method: 'POST', path: `/ts/a/at/${value}`, body: `{"value":${value}}` })).status;
const valuesOf = async (it: It) =>
  (JSON.parse((await it.ask({ path: '/ts/a/first/1000000' })).body) as { data: { value: number } }[]).map(
    ({ data }) => data.value,
  );
const bring = (it: It, bytes: Buffer, name = store) =>
  it.stores.restore({ name, source: inParts(bytes), fits: () => {} });

async function filled() {
  const it = await startStore();
  for (const value of [1, 2, 3]) await write(it, value);
  await it.ask({ method: 'POST', path: '/ts/blob/b', body: '{"any":["thing"]}' });
  await it.ask({ method: 'POST', path: '/kv/k/json', body: '{"a":1}' });
  await it.ask({ method: 'POST', path: '/kv/k/t', body: 'text', headers: { 'content-type': 'text/plain' } });
  const rels = ['hasDescription:en', 'isContentType'].map((rel) => ({ rel: `urn:X-hypercat:rels:${rel}`, val: 'x' }));
  const item = { href: `tcp://${store}:5555/ts/a`, 'item-metadata': rels };
  await it.ask({ method: 'POST', path: '/cat', body: JSON.stringify(item) });
  return it;
}

test('a backup brings everything back, and the store goes on from there', async () => {
  await using it = await filled();
  const backup = await backupOf(it.stores);
  expect(await verifyBackup(inParts(backup), 'all')).toMatchObject({
    store,
    component: 'driver-test',
    version: storeVersion,
  });
  await it.ask({ method: 'DELETE', path: '/ts/a/since/0' });
  await write(it, 9);
  expect(await bring(it, backup)).toMatchObject({ header: { origin: 'examples' }, setAside: null });
  expect(await valuesOf(it)).toEqual([1, 2, 3]);
  expect((await it.ask({ path: '/ts/blob/b/latest' })).body).toContain('{"any":["thing"]}');
  expect((await it.ask({ path: '/kv/k/t', headers: { accept: 'text/plain' } })).body).toBe('text');
  expect(await it.stores.catalogue(store)).toHaveLength(1);
  expect(await write(it, 4)).toBe(201);
  expect(await valuesOf(it)).toEqual([1, 2, 3, 4]);
  expect(readdirSync(it.dir).filter((name) => !/\.sqlite(-wal|-shm)?$/.test(name))).toEqual([]);
});

test('what was deleted is in no backup', async () => {
  await using it = await startStore();
  await it.ask({ method: 'POST', path: '/ts/blob/a', body: '{"secret":"burn-after-reading"}' });
  await it.ask({ method: 'DELETE', path: '/ts/blob/a/since/0' });
  expect(takeApart(await backupOf(it.stores)).database.includes('burn-after-reading')).toBe(false);
});

test('observers of a store that is restored end, and are told of a gap when they come back', async () => {
  await using it = await filled();
  const backup = await backupOf(it.stores);
  const ended: string[] = [];
  it.stores.watch(store, '/ts/*', { tell: () => true, end: (reason) => void ended.push(reason) });
  const before = it.ask({ path: '/ts/a', headers: { accept: 'text/event-stream' } });
  await bring(it, backup);
  const id = /^id: (\S+)$/m.exec((await before).body)?.[1] ?? '';
  expect([ended, (await before).body]).toEqual([['closed'], expect.stringContaining('"reason":"closed"')]);
  const again = it.ask({ path: '/ts/a', headers: { accept: 'text/event-stream', 'last-event-id': id } });
  await write(it, 5);
  await it.stores.close(store);
  expect((await again).body).toMatch(/event: gap\ndata: {"reason":"restarted","since":\d+}/);
});

test('a backup while everybody writes has every acknowledged point of before its start, and is a prefix', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 200 }), async (writers, head) => {
      await using it = await startStore();
      let next = 0;
      let isOver = false;
      const acknowledged = new Set<number>();
      const writing = Array.from({ length: writers }, async () => {
        while (!isOver) {
          const value = next++;
          if ((await write(it, value)) === 201) acknowledged.add(value);
        }
      });
      while (acknowledged.size < head) await new Promise(setImmediate);
      const before = new Set(acknowledged);
      const backup = await backupOf(it.stores);
      expect(acknowledged.size).toBeGreaterThan(before.size);
      isOver = true;
      await Promise.all(writing);
      await bring(it, backup);
      const kept = await valuesOf(it);
      expect([...before].filter((value) => !kept.includes(value))).toEqual([]);
      // Values are handed out in order and each writer has one under way: of those behind the newest, few may miss.
      const newest = Math.max(-1, ...kept);
      expect(newest + 1 - kept.length).toBeLessThan(writers);
    }),
    { numRuns: 4 },
  );
}, 120_000);

describe('M12 a hostile or broken backup is refused whole', () => {
  let it: It;
  let backup: Buffer;
  beforeAll(async () => {
    it = await filled();
    backup = await backupOf(it.stores);
    await write(it, 7);
  });
  afterAll(() => it[Symbol.asyncDispose]());
  const header = (change: object) => {
    const { header: own, database } = takeApart(backup);
    return putTogether({ header: { ...own, ...change }, database });
  };
  const refused = async (bytes: Buffer, code = 'backup.invalid') => {
    await expect(bring(it, bytes)).rejects.toMatchObject({ code });
    await expect(verifyBackup(inParts(bytes), 'all')).rejects.toMatchObject({ code });
    expect(await valuesOf(it)).toEqual([1, 2, 3, 7]);
    expect(readdirSync(it.dir).filter((name) => !/\.sqlite(-wal|-shm)?$/.test(name))).toEqual([]);
  };

  test('cut at any offset', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: backup.length - 1 }), (at) => refused(backup.subarray(0, at))),
      { numRuns: 60 },
    ));
  test('one byte altered, at any offset', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: backup.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const altered = Buffer.from(backup);
          altered[at] = (altered[at] ?? 0) ^ by;
          // Of the format's number, one bit makes a newer one.
          const code = altered.includes('"format":1,')
            ? 'backup.invalid'
            : (expect.stringMatching(/invalid|newer/) as string);
          await refused(altered, code);
        },
      ),
      { numRuns: 60 },
    ));
  test('anything behind its end, sealed or not', async () => {
    await refused(Buffer.concat([backup, Buffer.from('x')]));
    const { header: own, database } = takeApart(backup);
    const frame = zstdCompressSync(database);
    for (const tail of [Buffer.from('x'), Buffer.alloc(1_000), frame]) {
      await refused(putTogether({ header: own, database }, Buffer.concat([frame, tail])));
    }
  });
  test('a bomb: more than it says, more than the disk holds, more memory than a frame may ask for', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024));
    await refused(putTogether({ ...takeApart(backup) } satisfies Taken, bomb));
    await refused(header({ bytes: 2 ** 50 }), 'store.full');
    expect(bomb.length).toBeLessThan(10_000);
  });
  test.each([
    ['no line', Buffer.alloc(100_000, 'x'), 'backup.invalid'],
    ['nothing', Buffer.alloc(0), 'backup.invalid'],
    ['a line that is no header', Buffer.from('[]\n'), 'backup.invalid'],
    ['another format', Buffer.from('{"databox":"store-backup","format":2}\n'), 'database.newer'],
  ])('%s', (_claim, bytes, code) => refused(bytes, code));
  test('a size that is another', () => refused(header({ bytes: takeApart(backup).database.length + 1 })));
  test('a member that nobody knows', () => refused(header({ path: '../../etc/passwd' })));
  test('a newer version', () =>
    refused(
      withDatabase(backup, (db) => void db.pragma('user_version = 99')),
      'database.newer',
    ));
  test.each<[string, string]>([
    ['no version', 'PRAGMA user_version = 0'],
    ['the mark of another program', 'PRAGMA application_id = 7'],
    [
      'a trigger',
      "CREATE TRIGGER t AFTER INSERT ON entry BEGIN INSERT INTO kv VALUES (1, 'json', 'x', 'y', zeroblob(16), '{}'); END",
    ],
    ['a view', 'CREATE VIEW v AS SELECT * FROM kv'],
    ['a table', 'CREATE TABLE t (a)'],
    ['a table fewer', 'DROP TABLE kv'],
    ['an index', 'CREATE INDEX i ON entry (value)'],
    ['a table in the place of another', 'DROP TABLE counter; CREATE TABLE counter (name TEXT, value INTEGER)'],
    [
      'a schema that only SQLite’s own tables name',
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' ' WHERE name = 'kv'",
    ],
    ['a number for the next entry that was used', "UPDATE counter SET value = 0 WHERE name = 'seq'"],
    ['a tag that is none', "PRAGMA ignore_check_constraints = ON; UPDATE kv SET tag = x'00'"],
    ['JSON that is none', "UPDATE kv SET data = '{' WHERE format = 'json'"],
    ['a document that breaks out', `UPDATE document SET text = '1},{"timestamp":0'`],
    ['a value that is too long', "UPDATE kv SET data = zeroblob(2000000) WHERE format = 'text'"],
    ['a datasource under another name', "UPDATE catalogue SET href = 'tcp://other:5555/ts/a'"],
  ])('a database with %s', async (_claim, sql) => {
    const bytes = withDatabase(backup, (db) => void db.exec(sql));
    expect(bytes.equals(backup)).toBe(false);
    await refused(bytes);
  });
  test('a damaged database under a good seal', async () => {
    const { header: own, database } = takeApart(backup);
    for (const at of [0, 100, 4_096]) {
      const spoilt = Buffer.from(database);
      spoilt.fill(0xa5, at, at + 300);
      await refused(putTogether({ header: own, database: spoilt }));
    }
    await refused(putTogether({ header: own, database: Buffer.alloc(Number(own['bytes']), 'x') }));
  });
  test('what does not fit', async () => {
    const fits = () => {
      throw new Error('of somebody else');
    };
    const source = inParts(backup);
    await expect(it.stores.restore({ name: store, source, fits })).rejects.toThrow('of somebody else');
    for (const name of ['absent', '../x', '']) {
      await expect(bring(it, backup, name)).rejects.toMatchObject({ code: 'store.unknown' });
    }
    expect(await valuesOf(it)).toEqual([1, 2, 3, 7]);
  });
  test('two at once: one is refused', async () => {
    const both = await Promise.allSettled([bring(it, backup), bring(it, backup)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await valuesOf(it)).toEqual([1, 2, 3]);
  });
});

test('S12 a store whose pages are damaged is set aside at the first that is met; others run; a restore mends it', async () => {
  await using it = await filled();
  const backup = await backupOf(it.stores);
  await it.stores.close(store);
  const file = join(it.dir, `${store}.sqlite`);
  damagePages(file);
  await it.stores.open(store);
  await it.stores.open('other');
  expect((await it.ask({ path: '/kv/k/json' })).status).toBe(503);
  await new Promise(setImmediate);
  expect(it.stores.names()).toEqual(['other']);
  expect(it.stores.problems()).toEqual([expect.stringMatching(/set aside: .*damaged.*databox store restore/)]);
  expect((await it.ask({ method: 'POST', path: '/ts/a', body: '{"value":1}' })).status).toBe(503);
  expect((await it.stores.read('other', '/kv/a/count')).body.toString()).toBe('{"count":0}');
  await expect(it.stores.backup(store, { component: 'x', type: 'app', origin: '' })).rejects.toMatchObject({
    code: 'store.unavailable',
  });
  expect(await bring(it, backup)).toMatchObject({ setAside: `${file}.damaged` });
  expect([await valuesOf(it), it.stores.problems()]).toEqual([[1, 2, 3], []]);
  expect(readdirSync(it.dir)).toContain(`${store}.sqlite.damaged`);
  await it.stores.remove(store);
  expect(readdirSync(it.dir).filter((name) => name.startsWith(store))).toEqual([]);
});

test('S12 a damaged page that nobody asked for is found by a backup, which is not made', async () => {
  await using it = await startStore();
  for (let at = 0; at < 200; at++) {
    await it.ask({ method: 'POST', path: `/ts/blob/a/at/${at}`, body: `["${'x'.repeat(3_000)}"]` });
  }
  await it.stores.close(store);
  const file = join(it.dir, `${store}.sqlite`);
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0x5a, bytes.length - 8_192));
  await it.stores.open(store);
  await expect(backupOf(it.stores)).rejects.toMatchObject({ code: 'store.unavailable' });
  await new Promise(setImmediate);
  expect(it.stores.names()).toEqual([]);
});
