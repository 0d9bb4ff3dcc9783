/** S01, S02: what a hostile or careless sender puts into paths and names. */
import Database from 'better-sqlite3';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startStore, store, type Answer } from './harness.ts';

const it = await startStore();
afterAll(() => it[Symbol.asyncDispose]());
const post = (path: string, body: string | Buffer, headers = {}) => it.ask({ method: 'POST', path, body, headers });
const get = (path: string) => it.ask({ path });
const codeOf = ({ body }: Answer) => (JSON.parse(body) as { code?: string }).code;
const encode = encodeURIComponent;

describe('S01 one canonical path', () => {
  test.each([
    ['an empty segment', '/ts//a/latest'],
    ['a trailing slash', '/ts/a/latest/'],
    ['a dot segment', '/ts/./a/latest'],
    ['an encoded dot segment', '/ts/a/%2e%2e/b/latest'],
    ['an encoded slash', '/ts/a%2Fb/latest'],
    ['a backslash', '/ts/a%5Cb/latest'],
    ['double encoding', '/ts/a%2562/latest'],
    ['NUL', '/ts/a%00/latest'],
    ['a line break', '/ts/a%0Ab/latest'],
    ['a right-to-left mark', '/ts/a%E2%80%8Fb/latest'],
    ['not NFC', '/ts/e%CC%81/latest'],
    ['bytes that are no UTF-8', '/ts/%FF/latest'],
    ['half an escape', '/ts/a%2/latest'],
    ['a * inside', '/ts/a*b/latest'],
    ['257 bytes of id', `/ts/${'a'.repeat(257)}/latest`],
    ['257 bytes of id in 129 letters', `/kv/${encodeURIComponent(`${'é'.repeat(128)}a`)}/k`],
    ['10,000 letters', `/ts/${'a'.repeat(10_000)}/latest`],
    ['101 joined series', `/ts/${Array.from({ length: 101 }, (_, at) => at).join(',')}/latest`],
    ['a query', '/ts/a/latest?method=DELETE'],
    ['a format without observation', '/ts/a/latest?format=json'],
    ['an unknown mode', '/ts/a?observe=everything'],
    ['a mode twice', '/ts/a?observe=data&observe=audit'],
  ])('%s is 400', async (_claim, path) => {
    const answer = await it.ask({ path });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toHaveProperty('code');
  });

  test('paths are case-sensitive', async () => {
    expect((await it.ask({ path: '/TS/a/latest' })).status).toBe(404);
  });

  test.each(['/kv/ID/k', '/kv/k/ID', '/ts/ID/at/1', '/ts/blob/ID/at/1', '/ts/ID/batch'])(
    'in %s: climbing, hidden and endless ids are 400, whatever is done with them',
    async (template) => {
      const ids = [
        '..',
        '.',
        '%2e%2e',
        '..%2F..%2Fetc',
        '..%5Cetc',
        '%00',
        'a%00b',
        '%E2%80%AE',
        '%EF%BB%BF',
        'a'.repeat(10_240),
      ];
      for (const id of ids) {
        for (const method of ['GET', 'POST', 'DELETE']) {
          const body = method === 'POST' ? { body: '{"value":1}' } : {};
          const answer = await it.ask({ method, path: template.replace('ID', id), ...body });
          expect([id.slice(0, 20), method, answer.status, codeOf(answer)]).toEqual([
            ...[id.slice(0, 20), method, 400, 'path.invalid'],
          ]);
        }
      }
    },
  );

  test.each([['/kv/a/keys', '/kv/a/count', '/ts/blob', '/ts/blob/a,b', '/ts/a,b']])(
    'a reserved word is no id or key: %s, %s, %s, …',
    async (...paths) => {
      for (const path of paths) expect((await post(path, '{"value":1}')).status).toBe(400);
    },
  );

  test.each(['latest', 'at', 'batch', 'length', 'filter', '__proto__', 'constructor', 'toString', 'CON', 'ts', 'kv'])(
    'the word %s is an id like any other',
    async (id) => {
      expect((await post(`/ts/${id}/at/1`, '{"value":7}')).status).toBe(201);
      expect((await get(`/ts/${id}/latest`)).body).toBe('[{"timestamp":1,"data":{"value":7}}]');
      expect((await post(`/kv/${id}/${id}`, '[7]')).status).toBe(201);
      expect((await get(`/kv/${id}/${id}`)).body).toBe('[7]');
    },
  );

  test.each(['/ts/a,ID/latest', '/ts/ID,b/latest', '/ts/blob/a,ID/since/0', '/ts/a,ID/last/2/sum', '/ts/ID,b/length'])(
    'in %s: what is no id alone is none in a join',
    async (template) => {
      for (const id of ['.', '..', '%2e', '%2E.', '%2e%2e%2Fb', 'a%00b', 'b*']) {
        for (const method of ['GET', 'DELETE']) {
          const answer = await it.ask({ method, path: template.replace('ID', id) });
          expect([id, method, answer.status, codeOf(answer)]).toEqual([id, method, 400, 'path.invalid']);
        }
      }
      expect((await get(template.replace('ID', '...'))).status).toBe(200);
    },
  );

  test('no id, key or store name is part of a file path', async () => {
    for (const id of ['..a', '-rf', '~', '$HOME', 'a.sqlite', store]) {
      expect((await post(`/ts/${encode(id)}`, '{"value":1}')).status).toBe(201);
      expect((await post(`/kv/${encode(id)}/${encode(id)}`, '{}')).status).toBe(201);
    }
    for (const name of ['..', '../x', 'a/b', 'a\0', 'A', '', 'a.b', `${'a'.repeat(64)}`, '.hidden', '-a']) {
      await expect(it.stores.open(name)).rejects.toMatchObject({ code: 'store.unknown' });
    }
    const files = ['', '-shm', '-wal'].map((end) => `${store}.sqlite${end}`);
    expect(readdirSync(it.dir).sort()).toEqual(files);
  });
});

describe('S02 SQL', () => {
  const hostile = [
    ...["a'b", 'a"b', 'a;--', 'a;v=1', '`a`', 'a]b', '?1', ':a', '@a', '$a', 'NULL', '1=1', '--'],
    ...["' OR '1'='1", "'; DROP TABLE entry; --", "x' UNION SELECT item FROM catalogue --", '") OR 1=1 --', 'a_c', '_'],
    ...['DROP TABLE entry', 'été', '温度', '{"a":1}', '$[0]', "json('x')", 'a'.repeat(256)],
  ];

  beforeAll(async () => {
    for (const [n, text] of ['abc', 'axc', 'a_c', 'a%c', "a'c"].entries()) {
      await post(`/ts/canary/at/${n}`, JSON.stringify({ value: n, t: text }));
    }
  });

  test.each(hostile)('%s is literal data: id, key, tag, text', async (word) => {
    const at = encode(word);
    const body = JSON.stringify({ value: 1, [word]: word });
    for (const path of [`/ts/${at}/at/1`, `/ts/${at}/at/2`]) expect((await post(path, body)).status).toBe(201);
    const batch = JSON.stringify([{ timestamp: 3, data: { value: 1, [word]: word } }]);
    expect((await post(`/ts/${at}/batch`, batch)).body).toBe('{"written":1}');
    for (const is of ['equals', 'contains']) {
      expect((await get(`/ts/${at}/since/0/filter/${at}/${is}/${at}/count`)).body).toBe('{"result":3}');
      expect((await get(`/ts/canary/since/0/filter/${at}/${is}/${at}`)).body).toBe('[]');
    }
    expect((await get(`/ts/${at}/latest`)).body).toBe(`[{"timestamp":3,"data":${body}}]`);
    expect((await post(`/kv/${at}/${at}`, body)).status).toBe(201);
    expect((await get(`/kv/${at}/keys`)).body).toBe(JSON.stringify([word]));
    expect((await it.ask({ method: 'DELETE', path: `/kv/${at}/${at}` })).status).toBe(204);
    expect((await it.ask({ method: 'DELETE', path: `/ts/${at}/since/0/filter/${at}/equals/${at}` })).status).toBe(204);
    expect((await get(`/ts/${at}/length`)).body).toBe('{"length":0}');
  });

  test.each([
    ['a_c', [2]],
    ['_', [2]],
    ["a'c", [4]],
    ['a', [4, 3, 2, 1, 0]],
  ])('%s in a filter is no pattern', async (text, values) => {
    const found = await get(`/ts/canary/since/0/filter/t/contains/${encode(text)}`);
    expect((JSON.parse(found.body) as { data: { value: number } }[]).map(({ data }) => data.value)).toEqual(values);
  });

  test.each([
    ['/ts/canary/since/0/filter/t/contains/%25', 400],
    ['/ts/canary/last/1;DROP%20TABLE%20entry', 400],
    ['/ts/canary/last/1%20OR%201=1', 400],
    ['/ts/canary/last/-1', 400],
    ["/ts/canary/since/0'", 400],
    ['/ts/canary/range/0/(SELECT%201)', 400],
    ['/ts/canary/since/0/every/1;--/sum', 400],
    ['/ts/canary/latest?limit=1;--', 400],
    ['/ts/canary/latest?limit=1&cursor=%27%20OR%201=1', 400],
    ['/ts/canary/latest/sum(value)', 404],
    ['/ts/canary/latest/sum;--', 404],
    ['/ts/canary/latest/load_extension', 404],
    ['/ts/canary/latest/filter/t/LIKE/a', 404],
    ['/ts/canary/latest/filter/t/equals%20OR/a', 404],
  ])('%s is refused', async (path, status) => {
    expect((await get(path)).status).toBe(status);
  });

  test('after all of it nothing else was read, changed or broken', async () => {
    expect((await get('/ts/canary/since/0/count')).body).toBe('{"result":5}');
    const db = new Database(join(it.dir, `${store}.sqlite`), { readonly: true });
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all();
    db.close();
    expect(tables).toEqual([
      'block',
      'catalogue',
      'counter',
      'document',
      'entry',
      'kv',
      'retention',
      'series',
      'sqlite_sequence',
      'tag',
    ]);
  });
});
