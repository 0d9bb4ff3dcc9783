/** History in blocks: that it comes to be, and that nobody who asks sees a difference. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';
import Database from 'better-sqlite3';
import type { Sqlite } from '../../../src/base/sqlite.ts';
import { verifyBackup } from '../../../src/store/index.ts';
import { backupOf, inParts, withDatabase } from './backups.ts';
import { damageOldest } from './damage.ts';
import { startStore, store } from './harness.ts';

type It = Awaited<ReturnType<typeof startStore>>;
type Entry = { timestamp: number; data: { value: number; room?: string } };

const batch = async (it: It, entries: readonly Entry[], id = 'a') => {
  const { status } = await it.ask({ method: 'POST', path: `/ts/${id}/batch`, body: JSON.stringify(entries) });
  expect(status).toBe(201);
};
const get = async (it: It, path: string) => JSON.parse((await it.ask({ path })).body) as unknown;
const entriesFrom = (from: number, count: number): Entry[] =>
  Array.from({ length: count }, (_, at) => ({ timestamp: from + at, data: { value: (from + at) / 10, room: 'hall' } }));

/** How many entries lie in blocks, and how many in rows. */
function placesOf({ dir }: It): { blocks: number; sealed: number; rows: number } {
  const db = new Database(join(dir, `${store}.sqlite`), { readonly: true });
  try {
    const one = (sql: string): number => db.prepare<[], number>(sql).pluck().get() ?? 0;
    return {
      blocks: one('SELECT count(*) FROM block'),
      sealed: one('SELECT coalesce(sum(entries), 0) FROM block'),
      rows: one('SELECT count(*) FROM entry'),
    };
  } finally {
    db.close();
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !holds(); await sleep(20))
    if (Date.now() > end) throw new Error('it never was so');
}

test('a large batch in order is sealed as it comes; what comes in between, and small ones, are rows', async () => {
  await using it = await startStore();
  await batch(it, entriesFrom(0, 1_000));
  expect(placesOf(it)).toEqual({ blocks: 1, sealed: 1_000, rows: 0 });
  await batch(it, entriesFrom(500, 300));
  await batch(it, entriesFrom(5_000, 200));
  await batch(it, entriesFrom(2_000, 300).reverse());
  expect(placesOf(it)).toEqual({ blocks: 1, sealed: 1_000, rows: 800 });
  expect(await get(it, '/ts/a/length')).toEqual({ length: 1_800 });
  // Of one time the one that came later is the newer.
  const both = [entriesFrom(500, 1)[0], entriesFrom(500, 1)[0]];
  expect(await get(it, '/ts/a/range/500/500')).toEqual(both);
  expect(await get(it, '/ts/a/last/3')).toEqual(entriesFrom(5_197, 3).reverse());
  expect(await get(it, '/ts/a/first/502')).toEqual([...entriesFrom(0, 500), ...both]);
});

test('rows beyond the newest become blocks while nobody waits; each is still there once', async () => {
  await using it = await startStore({ sealing: { rows: 50, keep: 20 } });
  for (const { timestamp, data } of entriesFrom(0, 200)) {
    await it.ask({ method: 'POST', path: `/ts/a/at/${timestamp}`, body: JSON.stringify(data) });
  }
  await until(() => placesOf(it).sealed === 150);
  expect(placesOf(it)).toEqual({ blocks: 3, sealed: 150, rows: 50 });
  const all = entriesFrom(0, 200);
  expect(await get(it, '/ts/a/since/0')).toEqual(all.toReversed());
  expect(await get(it, '/ts/a/range/0/199/count')).toEqual({ result: 200 });
  // At, before and behind each end of a block.
  for (const n of [1, 49, 50, 51, 99, 100, 101, 149, 150, 151, 199, 200, 201]) {
    expect(await get(it, `/ts/a/first/${n}`)).toEqual(all.slice(0, n));
    expect(await get(it, `/ts/a/last/${n}`)).toEqual(all.slice(-n).reverse());
  }
  expect((await it.stores.stats(store)).datasources).toMatchObject([{ id: 'a', entries: 200 }]);
});

test('rows become a block as soon as there are enough, whenever they were last looked at', async () => {
  await using it = await startStore({ sealing: { batch: Infinity, rows: 50, keep: 20 } });
  for (const [from, count] of [
    [0, 1],
    [1, 50],
    [51, 18],
  ] as const) {
    await batch(it, entriesFrom(from, count));
    await sleep(200);
    expect(placesOf(it).sealed).toBe(0);
  }
  await batch(it, entriesFrom(69, 1));
  await until(() => placesOf(it).sealed === 50);
});

test('a file of before blocks is sealed once something is written to it', async () => {
  await using it = await startStore({ sealing: { batch: Infinity, rows: Infinity } });
  await batch(it, entriesFrom(0, 300));
  await it.stores.close(store);
  await using again = await startStore({ dir: it.dir, sealing: { rows: 100, keep: 10 } });
  expect(placesOf(again)).toEqual({ blocks: 0, sealed: 0, rows: 300 });
  await again.ask({ method: 'POST', path: '/ts/b', body: '{"value":1}' });
  await until(() => placesOf(again).sealed === 200);
  expect(await get(again, '/ts/a/since/0')).toEqual(entriesFrom(0, 300).reverse());
});

test('what is deleted goes out of a block, and nothing else does', async () => {
  await using it = await startStore();
  const other = entriesFrom(2_000, 300).map((one, at) => ({
    ...one,
    data: { ...one.data, room: at % 2 ? 'hall' : 'attic' },
  }));
  await batch(it, entriesFrom(0, 1_000));
  await batch(it, other);
  expect((await it.ask({ method: 'DELETE', path: '/ts/a/range/100/899' })).status).toBe(204);
  expect((await it.ask({ method: 'DELETE', path: '/ts/a/since/2000/filter/room/equals/attic' })).status).toBe(204);
  const left = [...entriesFrom(0, 100), ...entriesFrom(900, 100), ...other.filter(({ data }) => data.room === 'hall')];
  expect(await get(it, '/ts/a/since/0')).toEqual(left.reverse());
  expect((await it.ask({ method: 'DELETE', path: '/ts/a/since/0' })).status).toBe(204);
  expect(placesOf(it)).toEqual({ blocks: 0, sealed: 0, rows: 0 });
});

test('lines that a block has already are not written again', async () => {
  await using it = await startStore();
  await batch(it, entriesFrom(0, 300));
  const body = entriesFrom(290, 20)
    .map((one) => `${JSON.stringify(one)}\n`)
    .join('');
  const headers = { 'content-type': 'application/x-ndjson' };
  const answer = await it.ask({ method: 'POST', path: '/ts/a/batch', body, headers });
  expect(JSON.parse(answer.body)).toEqual({ lines: 20, written: 10 });
  expect(await get(it, '/ts/a/length')).toEqual({ length: 310 });
});

test('pages go on through blocks and rows, whatever is sealed between two of them', async () => {
  await using it = await startStore({ sealing: { rows: 50, keep: 20 } });
  await batch(it, entriesFrom(0, 300));
  await batch(it, entriesFrom(300, 200));
  const seen: unknown[] = [];
  for (let path: string | undefined = '/ts/a/since/0?limit=70'; path !== undefined;) {
    const { body, link } = await it.ask({ path });
    seen.push(...(JSON.parse(body) as unknown[]));
    const next = /<\?([^>]*)>/.exec(link ?? '')?.[1];
    path = next && `/ts/a/since/0?${next}`;
    await sleep(30);
  }
  expect(seen).toEqual(entriesFrom(0, 500).reverse());
});

test('S12 a damaged block is what a damaged page is: the store is set aside', async () => {
  await using it = await startStore();
  await batch(it, entriesFrom(0, 300));
  await it.stores.close(store);
  const db = new Database(join(it.dir, `${store}.sqlite`));
  db.exec('UPDATE block SET data = zeroblob(200)');
  db.close();
  await it.stores.open(store);
  expect((await it.ask({ path: '/ts/a/latest' })).status).toBe(503);
  await new Promise(setImmediate);
  expect(it.stores.problems()).toEqual([expect.stringMatching(/set aside: .*damaged/)]);
});

test('S12 damage among old rows is told when they are to be sealed, though nobody asks for them', async () => {
  await using it = await startStore({ sealing: { batch: Infinity, rows: Infinity } });
  await batch(it, entriesFrom(0, 2_000));
  await it.stores.close(store);
  damageOldest(join(it.dir, `${store}.sqlite`));
  await using again = await startStore({ dir: it.dir, sealing: { rows: 100, keep: 10 } });
  const { status } = await again.ask({ method: 'POST', path: '/ts/a', body: '{"value":1}' });
  expect(status).toBe(201);
  await until(() => again.stores.problems().length > 0);
  expect(again.stores.problems()).toEqual([expect.stringMatching(/set aside: .*damaged/)]);
});

describe('M12 a backup is refused whole for', () => {
  let backup: Buffer;
  beforeAll(async () => {
    await using it = await startStore();
    await batch(it, entriesFrom(0, 300));
    await batch(it, entriesFrom(1_000, 300));
    backup = await backupOf(it.stores);
  });
  const verdict = (change: (db: Sqlite) => void) => verifyBackup(inParts(withDatabase(backup, change)), 'all');
  test('nothing, as it is', async () => {
    expect(await verdict(() => {})).toMatchObject({ store });
  });
  const copy = 'INSERT INTO block SELECT NULL, series, fromTime, fromSeq, toTime, toSeq, entries + 0, data FROM block';
  test.each<[string, string]>([
    ['a block of another size than it says', 'UPDATE block SET entries = entries + 1'],
    ['a block of another time than it says', 'UPDATE block SET fromTime = fromTime - 1'],
    ['a block of another end than it says', 'UPDATE block SET toSeq = toSeq + 1'],
    ['a block of no series', 'UPDATE block SET series = 99'],
    ['a block of documents', "UPDATE series SET kind = 'ts/blob'"],
    ['a block that lies over another', `DROP INDEX place; ${copy}; DELETE FROM sqlite_sequence`],
    ['no block', 'UPDATE block SET data = zeroblob(20)'],
    ['tags that are not there', 'DELETE FROM tag'],
    ['numbers that the next entry would get', 'UPDATE counter SET value = 0'],
  ])('%s', async (_, sql) => {
    await expect(verdict((db) => void db.exec(sql))).rejects.toMatchObject({ code: 'backup.invalid' });
  });
  test('a block that would fill memory', async () => {
    const bomb = deflateRawSync(Buffer.alloc(64 * 1_024 * 1_024));
    await expect(verdict((db) => void db.prepare('UPDATE block SET data = ?').run(bomb))).rejects.toMatchObject({
      code: 'backup.invalid',
    });
  });
});
