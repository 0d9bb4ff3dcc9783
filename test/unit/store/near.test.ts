/** Small answers of the main thread: which they are, and that nobody who asks sees a difference. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { isNear } from '../../../src/store/near.ts';
import { parse } from '../../../src/store/grammar.ts';
import type { Read } from '../../../src/store/operations.ts';
import { openFiles } from '../../open-files.ts';
import { backupOf, inParts } from './backups.ts';
import { damagePages } from './damage.ts';
import { startStore, store } from './harness.ts';

type It = Awaited<ReturnType<typeof startStore>>;

const read = (path: string): Read => parse({ method: 'GET', path, format: 'json' }) as Read;

test.each([
  ['/ts/a/latest', true],
  ['/ts/a/earliest', true],
  ['/ts/a/last/0', true],
  ['/ts/a/last/100', true],
  ['/ts/a/last/101', false],
  ['/ts/a,b/first/50', true],
  ['/ts/a,b/first/51', false],
  ['/ts/blob/a/latest', true],
  ['/kv/a/k', true],
  ['/ts/a/latest/filter/room/equals/hall', false],
  ['/ts/a/last/2/mean', false],
  ['/ts/a/last/2/every/1000/mean', false],
  ['/ts/a/since/0', false],
  ['/ts/a/range/5/5', false],
  ['/ts/a/length', false],
  ['/kv/a/keys', false],
  ['/kv/a/count', false],
  ['/cat', false],
])('whether %s is small: %s', (path, expected) => {
  expect(isNear(read(path), false)).toBe(expected);
  expect(isNear(read(path), true)).toBe(false);
});

test('a page is small when it holds all that is picked', () => {
  const question = { ...read('/ts/a/last/50'), limit: 50 } as Read;
  expect([isNear(question, false), isNear({ ...question, limit: 49 } as Read, false)]).toEqual([true, false]);
});

const post = async (it: It, path: string, body: string, type = 'application/json') =>
  expect((await it.ask({ method: 'POST', path, body, headers: { 'content-type': type } })).status).toBe(201);
const points = (count: number, data: (at: number) => string = (at) => `{"value":${at}}`) =>
  Array.from({ length: count }, (_, at) => `{"timestamp":${at},"data":${data(at)}}`);
const batch = (it: It, path: string, entries: readonly string[]) => post(it, `${path}/batch`, `[${entries.join()}]`);

/** Of this process, as the kernel lists them. */
const threads = (): number => readdirSync('/proc/self/task').length;
const tagged = (length: number) => `{"value":1,"room":"${'r'.repeat(length)}"}`;

// What a question is about decides too; a thread is started by the first that goes there.
test.each<[string, string, number, (it: It) => Promise<void>]>([
  ['a short value', '/kv/a/k', 0, (it) => post(it, '/kv/a/k', `["${'v'.repeat(65_000)}"]`)],
  ['a long value', '/kv/a/k', 1, (it) => post(it, '/kv/a/k', `["${'v'.repeat(66_000)}"]`)],
  ['no value', '/kv/a/k', 0, () => Promise.resolve()],
  ['a point', '/ts/a/latest', 0, (it) => post(it, '/ts/a', '{"value":1}')],
  ['a point with a long tag', '/ts/a/latest', 1, (it) => post(it, '/ts/a', tagged(70_000))],
  ['many points, one with a long tag', '/ts/a/last/100', 1, (it) => batch(it, '/ts/a', points(100, (at) => tagged(at === 7 ? 700 : 7)))], // prettier-ignore
  ['many points with tags', '/ts/a/last/100', 0, (it) => batch(it, '/ts/a', points(100, tagged))],
  ['a document', '/ts/blob/a/latest', 0, (it) => post(it, '/ts/blob/a', `["${'d'.repeat(65_000)}"]`)],
  ['a long document', '/ts/blob/a/latest', 1, (it) => post(it, '/ts/blob/a', `["${'d'.repeat(66_000)}"]`)],
  ['no series', '/ts/a/latest', 0, () => Promise.resolve()],
  ['a block', '/ts/a/last/100', 0, (it) => batch(it, '/ts/a', points(1_024))],
  ['a large block', '/ts/a/latest', 1, (it) => batch(it, '/ts/a', points(1_025))],
  ['a block of many letters', '/ts/a/latest', 1, (it) => batch(it, '/ts/a', points(1_000, (at) => `{ "value": ${at}, "room": "\\u00${at % 2 ? 'e8' : 'e9'}${'r'.repeat(60)}" }`))], // prettier-ignore
  [
    'rows that are newer than a large block',
    '/ts/a/last/5',
    0,
    async (it) => {
      await batch(it, '/ts/a', points(2_000));
      for (const at of [1, 2, 3, 4, 5]) await post(it, `/ts/a/at/${3_000 + at}`, '{"value":1}');
    },
  ],
])('who answers about %s: GET %s starts %d threads', async (_, path, started, write) => {
  await using it = await startStore();
  await write(it);
  await it.ask({ path: '/hello' });
  const before = threads();
  expect((await it.ask({ path })).status).toBe(200);
  expect(threads()).toBe(before + started);
});

test('each small answer is the one that a reader gives', async () => {
  await using it = await startStore({ sealing: { batch: 3, rows: 4, keep: 2 } });
  const rooms = ['', ',"room":"hall"', ',"room":"\\u0068all"', ', "floor": "1"'];
  const entry = fc.record({ at: fc.integer({ min: -3, max: 30 }), value: fc.integer({ min: 0, max: 9 }), room: fc.constantFrom(...rooms) }); // prettier-ignore
  const step = fc.record({ id: fc.constantFrom('a', 'b'), entries: fc.array(entry, { minLength: 1, maxLength: 6 }), isOrdered: fc.boolean() }); // prettier-ignore
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      round++;
      const name = (id: string) => `${id}${round}`;
      for (const { id, entries, isOrdered } of steps) {
        const all = isOrdered ? entries.toSorted((one, other) => one.at - other.at) : entries;
        await batch(it, `/ts/${name(id)}`, all.map(({ at, value, room }) => `{"timestamp":${at},"data":{"value":${value}.0${room}}}`)); // prettier-ignore
      }
      for (const ids of [name('a'), name('b'), `${name('b')},${name('a')}`]) await sameOf(it, ids);
    }),
    { numRuns: 15 },
  );
});

/** What a question for few gives, beside what one gives that goes to a reader: for many, or in pages. */
async function sameOf(it: It, ids: string): Promise<void> {
  const series = ids.split(',').length;
  for (const end of ['last', 'first']) {
    for (const n of [0, 1, 2, 5, 50]) {
      const path = `/ts/${ids}/${end}/${n}`;
      const far = series === 1 ? (await linesOf(it, `/ts/${ids}/${end}/1000`)).slice(0, n) : await pagesOf(it, path, n);
      expect([path, await linesOf(it, path)]).toEqual([path, far]);
    }
  }
}

const inLines = { accept: 'application/x-ndjson' };
const lines = (body: string): string[] => body.split('\n').filter(Boolean);
const linesOf = async (it: It, path: string) => lines((await it.ask({ path, headers: inLines })).body);

async function pagesOf(it: It, path: string, n: number): Promise<string[]> {
  const seen: string[] = [];
  for (let query: string | undefined = `?limit=${Math.max(1, n)}`; query !== undefined;) {
    const { body, link } = await it.ask({ path: `${path}${query}`, headers: inLines });
    seen.push(...lines(body));
    query = /<([^>]*)>/.exec(link ?? '')?.[1];
  }
  return seen;
}

test('what was written is seen at once, and nothing is held between two questions', async () => {
  await using it = await startStore();
  await Promise.all(
    ['a', 'b', 'c'].map(async (id) => {
      for (let at = 0; at < 30; at++) {
        await post(it, `/ts/${id}`, `{"value":${at}}`);
        expect((await it.ask({ path: `/ts/${id}/latest` })).body).toMatch(`{"value":${at}}`);
        await post(it, `/kv/${id}/k`, `[${at}]`);
        expect((await it.ask({ path: `/kv/${id}/k` })).body).toBe(`[${at}]`);
      }
    }),
  );
  const db = new Database(join(it.dir, `${store}.sqlite`));
  // A transaction that was left open would keep the log from being emptied.
  expect(db.pragma('wal_checkpoint(TRUNCATE)')).toEqual([{ busy: 0, log: 0, checkpointed: 0 }]);
  db.close();
});

test('a statement is planned when it is first used, and not again', async () => {
  await using it = await startStore();
  await post(it, '/kv/a/k', '[1]');
  await post(it, '/ts/a', '{"value":1,"room":"hall"}');
  await batch(it, '/ts/b', points(10));
  await post(it, '/ts/blob/a', '{"a":1}');
  const paths = ['/kv/a/k', '/ts/a/latest', '/ts/b,a/last/5', '/ts/b/first/2', '/ts/blob/a/earliest'];
  const all = () => Promise.all(paths.map(async (path) => expect((await it.ask({ path })).status).toBe(200)));
  await all();
  // better-sqlite3 makes the function that makes rows of a statement whenever that was planned.
  const made = jest.spyOn(globalThis, 'Function');
  try {
    await all();
    expect(made).not.toHaveBeenCalled();
  } finally {
    made.mockRestore();
  }
});

test.each(['/kv/a/k', '/ts/a/latest', '/ts/a/last/100', '/ts/blob/a/earliest'])(
  'a damaged page that %s meets sets the store aside, and others go on',
  async (path) => {
    await using it = await startStore();
    await it.stores.open('other');
    await post(it, '/kv/a/k', '{"a":1}');
    await post(it, '/ts/a', '{"value":1}');
    await post(it, '/ts/blob/a', '{"a":1}');
    await it.stores.close(store);
    damagePages(join(it.dir, `${store}.sqlite`));
    await it.stores.open(store);
    const { status, body } = await it.ask({ path });
    expect([status, JSON.parse(body)]).toMatchObject([503, { title: 'the file of the store is damaged' }]);
    await new Promise(setImmediate);
    expect(it.stores.setAside()).toEqual([{ store, why: 'the file of the store is damaged' }]);
    expect((await it.stores.read('other', '/ts/a/latest')).body.toString()).toBe('[]');
  },
);

test('a store that is restored is read anew, and a closed one is held open by nobody', async () => {
  await using it = await startStore();
  const latest = async () => (await it.ask({ path: '/ts/a/latest' })).body;
  await post(it, '/ts/a/at/1', '{"value":1}');
  const backup = await backupOf(it.stores);
  await post(it, '/ts/a/at/2', '{"value":2}');
  expect(await latest()).toBe('[{"timestamp":2,"data":{"value":2}}]');
  await it.stores.restore({ name: store, source: inParts(backup), fits: () => {} });
  expect(await latest()).toBe('[{"timestamp":1,"data":{"value":1}}]');
  await it.stores.close(store);
  expect(openFiles().filter((file) => file.startsWith(it.dir))).toEqual([]);
});
