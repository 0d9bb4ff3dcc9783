import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { HypercatItem } from '../../../src/base/names.ts';
import { listen } from '../../../src/base/listen.ts';
import { silent } from '../../../src/base/log.ts';
import { startStores } from '../../../src/store/index.ts';
import { damagePages } from './damage.ts';
import { ask, authorise, pair, startStore, store, type Ask } from './harness.ts';

const item = (href: string): HypercatItem => ({
  'item-metadata': [
    { rel: 'urn:X-hypercat:rels:hasDescription:en', val: 'x' },
    { rel: 'urn:X-hypercat:rels:isContentType', val: 'application/json' },
  ],
  href,
});
const post = (it: Awaited<ReturnType<typeof startStore>>, path: string, body: string) =>
  it.ask({ method: 'POST', path, body });

test('the owner reads what a GET answers, with its type', async () => {
  await using it = await startStore();
  await it.ask({ method: 'POST', path: '/kv/a/%C3%A9t%C3%A9', body: 'hi', headers: { 'content-type': 'text/plain' } });
  await post(it, '/ts/a/at/1', '{"value":1}');
  const read = async (path: string, accept?: 'text') => {
    const { type, body } = await it.stores.read(store, path, accept);
    return [type, body.toString()];
  };
  expect(await read('/ts/a/latest')).toEqual(['application/json', '[{"timestamp":1,"data":{"value":1}}]']);
  expect(await read('/kv/a/été', 'text')).toEqual(['text/plain; charset=utf-8', 'hi']);
  expect(await read('/kv/a/%C3%A9t%C3%A9', 'text')).toEqual(['text/plain; charset=utf-8', 'hi']);
  expect(await read('/hello')).toEqual(['text/plain; charset=utf-8', 'hello world!']);
  await expect(it.stores.read(store, '/ts/a')).rejects.toMatchObject({ code: 'method.refused' });
  await expect(it.stores.read('absent', '/hello')).rejects.toMatchObject({ code: 'store.unknown' });
});

test('registrations are told to listeners and listed newest first', async () => {
  await using it = await startStore();
  const told: string[] = [];
  const end = it.stores.onCatalogue((name, { href }) => told.push(`${name} ${href}`));
  for (const href of ['a', 'b', 'a']) await post(it, '/cat', JSON.stringify(item(href)));
  end();
  await post(it, '/cat', JSON.stringify(item('c')));
  expect(told).toEqual([`${store} a`, `${store} b`, `${store} a`]);
  expect(await it.stores.catalogue(store)).toEqual([item('c'), item('b'), item('a')]);
});

test('statistics count every datasource that has something', async () => {
  await using it = await startStore();
  for (const path of ['/ts/n', '/ts/n', '/kv/k/1', '/kv/k/2']) await post(it, path, '{"value":1}');
  await post(it, '/ts/blob/b', '[]');
  await post(it, '/ts/gone', '{"value":1}');
  await it.ask({ method: 'DELETE', path: '/ts/gone/since/0' });
  const { bytes, datasources } = await it.stores.stats(store);
  expect(bytes).toBeGreaterThan(4_096);
  const whole = { keepMs: null, maxBytes: null };
  expect(datasources).toEqual([
    { id: 'k', kind: 'kv', entries: 2, ...whole },
    { id: 'n', kind: 'ts', entries: 2, ...whole },
    { id: 'b', kind: 'ts/blob', entries: 1, ...whole },
  ]);
});

test('a store survives close and open, and keeps the order of ties; remove leaves no file', async () => {
  await using it = await startStore();
  await post(it, '/ts/a/at/1', '{"value":1}');
  await it.stores.close(store);
  expect(it.stores.names()).toEqual([]);
  await it.stores.open(store);
  await it.stores.open(store);
  await post(it, '/ts/a/at/1', '{"value":2}');
  expect((await it.ask({ path: '/ts/a/latest' })).body).toBe('[{"timestamp":1,"data":{"value":2}}]');
  await it.stores.remove(store);
  expect(readdirSync(it.dir)).toEqual([]);
  await it.stores.open(store);
  expect((await it.ask({ path: '/ts/a/length' })).body).toBe('{"length":0}');
});

test('writes at once are all kept, a bad one among them fails alone', async () => {
  await using it = await startStore();
  const bodies = Array.from({ length: 64 }, (_, at) => (at === 32 ? '{"value":"x"}' : `{"value":${at}}`));
  const answers = await Promise.all(bodies.map((body) => post(it, '/ts/a', body)));
  expect(answers.filter(({ status }) => status === 400)).toHaveLength(1);
  expect((await it.ask({ path: '/ts/a/since/0/count' })).body).toBe('{"result":63}');
});

test.each([
  ['/ts/a', 1_400, ''],
  ['/ts/blob/a', 120, `,"pad":"${'p'.repeat(10_000)}"`],
])('a long reply of %s comes whole and in order', async (path, count, pad) => {
  await using it = await startStore();
  const write = (at: number) => post(it, `${path}${at % 3}/at/${at % 7 === 0 ? 5 : at}`, `{"value":${at}${pad}}`);
  await Promise.all(Array.from({ length: count }, (_, at) => write(at)));
  type Entries = { timestamp: number; data: { value: number } }[];
  const read = async (query: string) => JSON.parse((await it.ask({ path: `${path}${query}` })).body) as Entries;
  const all = await read('0,a1,a2/since/0');
  const times = all.map(({ timestamp }) => timestamp);
  expect(new Set(all.map(({ data }) => data.value)).size).toBe(count);
  expect(times).toEqual([...times].sort((a, b) => b - a));
  expect(all.filter(({ data }) => data.value % 3 === 0)).toEqual(await read('0/since/0'));
  expect((await read(`0,a1,a2/first/${count}`)).reverse()).toEqual(all);
});

describe('a store that cannot be opened fails alone', () => {
  const cases: [string, (file: string) => void, string, RegExp][] = [
    ['no database', (file) => writeFileSync(file, 'x'.repeat(10_000)), 'store.unavailable', /not a database/],
    ['a folder in its place', (file) => mkdirSync(file), 'store.unavailable', /cannot be opened/],
    ['a newer file', newer, 'database.newer', /is of version 99/],
  ];
  test.each(cases)('%s', async (_claim, spoil, code, sentence) => {
    await using it = await startStore();
    spoil(join(it.dir, 'broken.sqlite'));
    await expect(it.stores.open('broken')).rejects.toMatchObject({
      code,
      message: expect.stringMatching(sentence) as string,
    });
    expect((await post(it, '/ts/a', '{"value":1}')).status).toBe(201);
    expect(it.stores.names()).toEqual([store]);
    await expect(it.stores.read('broken', '/hello')).rejects.toMatchObject({ code: 'store.unavailable' });
    expect(existsSync(join(it.dir, 'broken.sqlite'))).toBe(true);
  });

  test('one whose pages are damaged later answers 503 where they are needed', async () => {
    await using it = await startStore();
    await post(it, '/kv/a/k', '{"a":1}');
    await it.stores.close(store);
    damagePages(join(it.dir, `${store}.sqlite`));
    await it.stores.open(store);
    const answer = await it.ask({ path: '/kv/a/k' });
    expect([answer.status, answer.body]).toEqual([
      503,
      expect.stringMatching(/"title":"the file of the store is damaged"/),
    ]);
    expect(answer.body).not.toMatch(/sqlite"?:\/|stack|cause/);
    await it.stores.open('other');
    expect((await it.stores.read('other', '/kv/a/count')).body.toString()).toBe('{"count":0}');
  });

  test('a name that is no host name is no store', async () => {
    await using it = await startStore();
    const files = readdirSync(it.dir);
    for (const name of ['../x', 'a/b', '', 'A', '-a', 'a'.repeat(64), '.']) {
      await expect(it.stores.open(name)).rejects.toMatchObject({ code: 'store.unknown' });
    }
    expect(readdirSync(it.dir)).toEqual(files);
  });
});

test('what the box needs of the disk is not for stores: writing ends, reading and deleting go on', async () => {
  await using it = await startStore({ reserveBytes: Number.MAX_SAFE_INTEGER });
  const write = await it.ask({ method: 'POST', path: '/ts/a', body: '{"value":1}' });
  expect([write.status, JSON.parse(write.body)]).toEqual([507, expect.objectContaining({ code: 'store.full' })]);
  expect((await it.ask({ path: '/ts/a/latest' })).status).toBe(200);
  expect((await it.ask({ method: 'DELETE', path: '/ts/a/since/0' })).status).toBe(204);
});

test('a catalogue has an end: it is read whole, and an item fits into an environment variable', async () => {
  await using it = await startStore();
  const rels = ['hasDescription:en', 'isContentType'].map((rel) => ({ rel: `urn:X-hypercat:rels:${rel}`, val: 'x' }));
  const register = async (at: number, length = 32_000) => {
    const entries = [...rels, { rel: 'long', val: 'x'.repeat(length) }];
    const body = JSON.stringify({ href: `tcp://${store}:5555/ts/${at}`, 'item-metadata': entries });
    return (await it.ask({ method: 'POST', path: '/cat', body })).status;
  };
  expect(await register(0, 33_000)).toBe(400);
  let listed = 0;
  while (listed < 300 && (await register(listed)) === 201) listed++;
  expect(Math.round(listed / 10)).toBe(26);
  expect([await register(listed), await register(0)]).toEqual([507, 201]);
});

test('S04 a full store alone refuses writes with 507, the owner is told, it reads on, and recovers when there is room', async () => {
  const anybody = () => ({ component: 'driver-test', grant: 1 });
  await using it = await startStore({ storeLimitBytes: 512 * 1024, authorise: anybody });
  await it.stores.open('other');
  const tls = await pair();
  await using other = await listen({ address: '127.0.0.1', port: 0, handler: it.stores.handler('other'), tls });
  const place = { agent: new Agent({ ca: tls.cert }), port: other.port };
  const elsewhere = (asked: Ask) => ask(place, asked);
  const document = JSON.stringify(['d'.repeat(20_000)]);
  const statuses: number[] = [];
  for (let at = 0; at < 40; at++) statuses.push((await post(it, `/ts/blob/a/at/${at}`, document)).status);
  const kept = statuses.filter((status) => status === 201).length;
  expect(new Set(statuses)).toEqual(new Set([201, 507]));
  expect((await it.ask({ path: '/ts/blob/a/length' })).body).toBe(`{"length":${kept}}`);
  expect(it.stores.problems()).toEqual([
    expect.stringMatching(new RegExp(`^${store}: writes fail, .*quota.* is full`)),
  ]);
  for (let at = 0; at < 5; at++) {
    const answers = await Promise.all([
      post(it, '/ts/blob/a', document),
      elsewhere({ method: 'POST', path: `/ts/blob/a/at/${at}`, body: document }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([507, 201]);
  }
  const answers = await Promise.all([post(it, '/ts/blob/a', document), post(it, '/kv/a/k', '{"a":1}')]);
  expect(answers.map(({ status }) => status)).toEqual([507, 201]);
  expect((await it.ask({ method: 'DELETE', path: '/ts/blob/a/since/0' })).status).toBe(204);
  expect((await post(it, '/ts/blob/a', document)).status).toBe(201);
  expect(it.stores.problems()).toEqual([]);
});

test('a handler made before its store is open answers for it later', async () => {
  await using it = await startStore();
  await it.stores.close(store);
  const answer = await ask(it, { path: '/hello' });
  expect([answer.status, JSON.parse(answer.body)]).toMatchObject([404, { code: 'store.unknown' }]);
  await it.stores.open(store);
  expect((await ask(it, { path: '/hello' })).status).toBe(200);
});

function newer(file: string): void {
  const db = new Database(file);
  db.pragma('user_version = 99');
  db.close();
}

/** Of this process, as the kernel lists them. */
const threads = (): number => readdirSync('/proc/self/task').length;

test('the thread that reads ends when nobody reads, and the next read starts it again', async () => {
  await using it = await startStore({ readerRestMs: 100 });
  await post(it, '/ts/a/at/1', '{"value":1}');
  const before = threads();
  const read = async () => (await it.ask({ path: '/ts/a/since/0' })).body;
  for (const round of [1, 2]) {
    expect([round, await read()]).toEqual([round, '[{"timestamp":1,"data":{"value":1}}]']);
    expect([round, threads()]).toEqual([round, before + 1]);
    // The kernel's list is behind the end of a thread by a moment.
    for (const deadline = Date.now() + 5_000; threads() > before && Date.now() < deadline;) await sleep(20);
    expect([round, threads()]).toEqual([round, before]);
  }
});

test.each([
  ['/ts/a/latest', 0],
  ['/ts/a/last/101', 1],
  ['/ts/a/since/0', 1],
  ['/ts/a/last/10000/mean', 1],
  ['/ts/a/last/10001/mean', 2],
  ['/ts/a,b/last/10000/mean', 2],
  ['/ts/a/since/0/mean', 2],
  ['/ts/a/since/0/filter/room/equals/hall', 2],
  ['/ts/a/since/0/every/1000/mean', 2],
  ['/ts/a/length', 2],
])('what may take long has a thread of its own: %s', async (path, count) => {
  await using it = await startStore();
  await post(it, '/ts/a/at/1', '{"value":1}');
  const before = threads();
  if (count > 0) await it.ask({ path: '/ts/a/range/1/1' });
  expect((await it.ask({ path })).status).toBe(200);
  expect(threads()).toBe(before + count);
});

test('a reader that is in use does not rest', async () => {
  await using it = await startStore({ readerRestMs: 60 });
  await Promise.all(Array.from({ length: 500 }, (_, at) => post(it, `/ts/a/at/${at}`, `{"value":${at}}`)));
  const until = Date.now() + 600;
  while (Date.now() < until) {
    const counts = await Promise.all([1, 2, 3].map(() => it.ask({ path: '/ts/a/length' })));
    expect(counts.map(({ body }) => body)).toEqual(Array(3).fill('{"length":500}'));
    await sleep(Math.random() * 80);
  }
});

test('without a store there is no storage thread', async () => {
  await using it = await startStore();
  const before = threads();
  await using none = await startStores({ dir: join(it.dir, 'none'), authorise, log: silent });
  expect(none.names()).toEqual([]);
  expect(threads()).toBe(before);
});
