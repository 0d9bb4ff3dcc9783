import fc from 'fast-check';
import { startStore, store, type Answer } from './harness.ts';

type It = Awaited<ReturnType<typeof startStore>>;
type Entry = { timestamp: number; data: { value: number } };
const it = await startStore();
afterAll(() => it[Symbol.asyncDispose]());

const lines = { accept: 'application/x-ndjson' };
const write = (path: string, entries: unknown, at: It = it) =>
  at.ask({ method: 'POST', path: `${path}/batch`, body: JSON.stringify(entries) });
const points = (...times: number[]) => times.map((timestamp) => ({ timestamp, data: { value: timestamp } }));
const valuesOf = ({ body }: Answer) => (JSON.parse(body) as Entry[]).map(({ data }) => data.value);
const codeOf = ({ status, body }: Answer) => [status, (JSON.parse(body) as { code: string }).code];
const nextOf = ({ link }: Answer): string | undefined =>
  /^<(\?limit=\d+&cursor=[\w-]+)>; rel="next"$/.exec(link ?? '')?.[1];
const refused = [400, 'cursor.invalid'];

/** Follows pages to their end. */
async function pagesOf(path: string, limit: number, headers = {}): Promise<Answer[]> {
  const pages: Answer[] = [];
  for (let query: string | undefined = `?limit=${limit}`; query !== undefined; query = nextOf(pages.at(-1) as Answer)) {
    const answer = await it.ask({ path: `${path}${query}`, headers });
    expect([answer.status, answer.link === undefined]).toEqual([200, nextOf(answer) === undefined]);
    pages.push(answer);
  }
  return pages;
}

const series = ['p', 'q', 'r'];
beforeAll(async () => {
  for (const [at, id] of series.entries()) {
    const entries = Array.from({ length: 8 + at * 5 }, (_, n) => ({
      timestamp: (n * 7 + at) % 5,
      data: { value: n * 10 + at, ...(n % 3 > 0 && { colour: n % 3 === 1 ? 'red' : 'dark red' }) },
    }));
    await write(`/ts/${id}`, entries);
    await write(
      `/ts/blob/${id}`,
      entries.map(({ timestamp, data }) => ({ timestamp, data: [data, 'a\nb\r', '\u2028'] })),
    );
  }
  for (let part = 0; part < 3; part++)
    await write('/ts/long', points(...Array.from({ length: 1_000 }, (_, n) => part * 1_000 + n)));
});

const selection = fc.record({
  root: fc.constantFrom('/ts', '/ts/blob'),
  ids: fc.uniqueArray(fc.constantFrom(...series, 'nobody'), { minLength: 1 }),
  pick: fc.constantFrom(
    'latest',
    'earliest',
    'last/5',
    'first/5',
    'last/0',
    'since/2',
    'range/1/3',
    'range/3/1',
    'since/0',
  ),
  filter: fc.constantFrom('', '', '/filter/colour/contains/red', '/filter/colour/equals/red'),
  limit: fc.integer({ min: 1, max: 12 }),
});

test('pages and lines are what the array is, whatever is selected', async () => {
  const property = fc.asyncProperty(selection, async ({ root, ids, pick, filter, limit }) => {
    const path = `${root}/${ids.join(',')}/${pick}${root === '/ts' ? filter : ''}`;
    const { body: whole } = await it.ask({ path });
    const inPages = await pagesOf(path, limit);
    for (const { body } of inPages) expect((JSON.parse(body) as unknown[]).length).toBeLessThanOrEqual(limit);
    expect(
      `[${inPages
        .map(({ body }) => body.slice(1, -1))
        .filter(Boolean)
        .join(',')}]`,
    ).toBe(whole);
    const { body, type } = await it.ask({ path, headers: lines });
    expect([type, body.endsWith('\n') || body === '']).toEqual(['application/x-ndjson', true]);
    expect(`[${body.split('\n').slice(0, -1).join(',')}]`).toBe(whole);
    const linesOfPages = (await pagesOf(path, limit, lines)).map((page) => page.body).join('');
    expect(linesOfPages).toBe(body);
  });
  await fc.assert(property, { numRuns: 60 });
}, 60_000);

describe('lines', () => {
  test('of more than a part are whole, each entry on its own', async () => {
    const { body } = await it.ask({ path: '/ts/long/since/0', headers: lines });
    const entries = body
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as Entry).data.value);
    expect(entries).toEqual(Array.from({ length: 3_000 }, (_, n) => 2_999 - n));
  });

  test('buckets come in lines as well', async () => {
    const path = '/ts/long/since/0/every/1000/count';
    const { body } = await it.ask({ path, headers: lines });
    expect(`[${body.trimEnd().split('\n').join(',')}]`).toBe((await it.ask({ path })).body);
  });

  test.each([
    ['/ts/p/latest', 'application/x-ndjson, application/json', 200, 'application/x-ndjson'],
    ['/ts/p/latest', 'text/html, application/X-NDJSON;q=1', 200, 'application/x-ndjson'],
    ['/ts/p/latest', 'application/json, application/x-ndjson', 200, 'application/json'],
    ['/ts/p/latest', '*/*, application/x-ndjson', 200, 'application/json'],
    ['/ts/p/length', 'application/x-ndjson, application/json', 200, 'application/json'],
    ['/ts/p/length', 'application/x-ndjson', 415, 'application/problem+json'],
    ['/ts/p/since/0/mean', 'application/x-ndjson', 415, 'application/problem+json'],
    ['/ts/p/length', 'application/x-ndjson, text/plain', 415, 'application/problem+json'],
    ['/kv/p/k', 'application/x-ndjson', 415, 'application/problem+json'],
    ['/kv/p/keys', 'application/x-ndjson', 415, 'application/problem+json'],
  ])('%s, Accept: %s: %i', async (path, accept, status, type) => {
    const answer = await it.ask({ path, headers: { accept } });
    expect([answer.status, answer.type]).toEqual([status, type]);
  });

  test('a failure half-way breaks the connection, it is no end', async () => {
    await using big = await startStore();
    const text = 'x'.repeat(900_000);
    const documents = Array.from({ length: 24 }, () =>
      big.ask({ method: 'POST', path: '/ts/blob/a', body: `["${text}"]` }),
    );
    await Promise.all(documents);
    const half = await big.open({ path: '/ts/blob/a/since/0', headers: lines });
    expect(half.statusCode).toBe(200);
    // Nothing is taken: the store stands at what the connection holds.
    await new Promise((resolve) => setTimeout(resolve, 300));
    await big.stores.close(store);
    const taken = (async () => {
      let bytes = 0;
      for await (const chunk of half as AsyncIterable<Buffer>) bytes += chunk.length;
      return bytes;
    })();
    await expect(taken).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(half.complete).toBe(false);
  }, 60_000);
});

describe('pages', () => {
  test('are at most a part: 256 KiB and one document', async () => {
    await write(
      '/ts/blob/heavy',
      Array.from({ length: 9 }, (_, timestamp) => ({ timestamp, data: ['x'.repeat(100_000)] })),
    );
    const sizes = (await pagesOf('/ts/blob/heavy/since/0', 1_000)).map(
      ({ body }) => (JSON.parse(body) as unknown[]).length,
    );
    expect(sizes).toEqual([3, 3, 3]);
  });

  test('go on where they were, whatever is written and deleted meanwhile', async () => {
    await write('/ts/moving', points(10, 20, 30, 40, 50, 60));
    const first = await it.ask({ path: '/ts/moving/since/0?limit=2' });
    await write('/ts/moving', points(70, 55, 5));
    for (const time of [60, 40]) await it.ask({ method: 'DELETE', path: `/ts/moving/range/${time}/${time}` });
    const second = await it.ask({ path: `/ts/moving/since/0${nextOf(first)}` });
    const third = await it.ask({ path: `/ts/moving/since/0${nextOf(second)}` });
    expect([first, second, third].map(valuesOf)).toEqual([
      [60, 50],
      [30, 20],
      [10, 5],
    ]);
    expect(third.link).toBeUndefined();
    // A page can be asked for again, and in another size.
    const again = nextOf(first)?.replace('limit=2', 'limit=3') ?? '';
    expect(valuesOf(await it.ask({ path: `/ts/moving/since/0${again}` }))).toEqual([30, 20, 10]);
  });

  test('of what is deleted meanwhile end', async () => {
    await write('/ts/gone', points(1, 2, 3));
    const first = await it.ask({ path: '/ts/gone/since/0?limit=1' });
    await it.ask({ method: 'DELETE', path: '/ts/gone/since/0' });
    expect(await it.ask({ path: `/ts/gone/since/0${nextOf(first)}` })).toMatchObject({ body: '[]', link: undefined });
  });

  test('T09: a token for the last five reads five, page by page, and never a sixth', async () => {
    const token = 'app GET /ts/five/last/5';
    await write('/ts/five', points(1, 2, 3, 4, 5, 6, 7));
    const wide = await it.ask({ path: '/ts/five/since/0?limit=1' });
    const first = await it.ask({ path: '/ts/five/last/5?limit=3', token });
    await write('/ts/five', points(8));
    const second = await it.ask({ path: `/ts/five/last/5${nextOf(first)}`, token });
    expect([valuesOf(first), valuesOf(second), second.link]).toEqual([[7, 6, 5], [4, 3], undefined]);
    expect((await it.ask({ path: `/ts/five/since/0${nextOf(first)}`, token })).status).toBe(403);
    expect(codeOf(await it.ask({ path: `/ts/five/last/5${nextOf(wide)}`, token }))).toEqual(refused);
  });

  test.each([
    ['/ts/p/latest?limit=0', 'value.invalid'],
    ['/ts/p/latest?limit=1001', 'value.invalid'],
    ['/ts/p/latest?limit=-1', 'value.invalid'],
    ['/ts/p/latest?limit=1e1', 'value.invalid'],
    ['/ts/p/latest?limit=', 'value.invalid'],
    ['/ts/p/latest?limit=1&limit=1', 'path.invalid'],
    ['/ts/p/latest?cursor=a', 'path.invalid'],
    ['/ts/p/latest?limit=1&observe=data', 'path.invalid'],
    ['/ts/p/length?limit=1', 'path.invalid'],
    ['/ts/p/since/0/mean?limit=1', 'path.invalid'],
    ['/ts/p/since/0/every/5/mean?limit=1', 'path.invalid'],
    ['/kv/p/keys?limit=1', 'path.invalid'],
    ['/hello?limit=1', 'path.invalid'],
  ])('%s is 400 %s', async (path, code) => {
    expect(codeOf(await it.ask({ path }))).toEqual([400, code]);
  });

  test.each(['POST', 'DELETE'])('%s has none', async (method) => {
    expect(codeOf(await it.ask({ method, path: '/ts/p/latest?limit=1' }))).toEqual([400, 'path.invalid']);
  });
});

describe('a cursor', () => {
  const path = '/ts/p/since/0';
  const cursorOf = async (at: It = it, asked = {}) => nextOf(await at.ask({ path: `${path}?limit=1`, ...asked })) ?? '';

  test('is good for its path, reader and layout alone', async () => {
    const query = await cursorOf();
    expect((await it.ask({ path: `${path}${query}` })).status).toBe(200);
    for (const other of ['/ts/q/since/0', '/ts/p/since/1', '/ts/p,q/since/0', '/ts/blob/p/since/0', '/ts/p/last/9']) {
      expect(codeOf(await it.ask({ path: `${other}${query}` }))).toEqual(refused);
    }
    expect(codeOf(await it.ask({ path: `${path}${query}`, token: 'other' }))).toEqual(refused);
    expect(codeOf(await it.ask({ path: `${path}${query}`, headers: lines }))).toEqual(refused);
    // The same path, spelled otherwise.
    expect((await it.ask({ path: `/%74s/p/since/0${query}` })).status).toBe(200);
  });

  test('that was changed anywhere is refused', async () => {
    const query = await cursorOf();
    const [before = '', cursor = ''] = query.split(/(?<=cursor=)/);
    const bytes = Buffer.from(cursor, 'base64url');
    for (const at of bytes.keys()) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 1;
      expect(codeOf(await it.ask({ path: `${path}${before}${changed.toString('base64url')}` }))).toEqual(refused);
    }
    for (const length of [0, 1, 12, 27, 28, 29, bytes.length - 1]) {
      const shorter = bytes.subarray(0, length).toString('base64url');
      expect(codeOf(await it.ask({ path: `${path}${before}${shorter}` }))).toEqual(refused);
    }
  });

  test.each([
    ['spans in the clear', Buffer.from('[[1,0,0,9,9]]').toString('base64url')],
    ['zeros', Buffer.alloc(60).toString('base64url')],
    ['no base64', '%7B%7D'],
    ['ten thousand letters', 'a'.repeat(10_000)],
    ['__proto__', '__proto__'],
  ])('%s is refused', async (_claim, cursor) => {
    expect(codeOf(await it.ask({ path: `${path}?limit=1&cursor=${cursor}` }))).toEqual(refused);
  });

  test('tells nothing: it is another each time, of the same page', async () => {
    expect(await cursorOf()).not.toBe(await cursorOf());
  });

  test('does not outlive its store: what comes after under the same name has other series', async () => {
    await using other = await startStore();
    await write('/ts/p', points(1, 2, 3), other);
    const query = await cursorOf(other);
    expect(codeOf(await it.ask({ path: `${path}${query}` }))).toEqual(refused);
    await other.stores.remove(store);
    await other.stores.open(store);
    await write('/ts/secret', points(1, 2, 3), other);
    expect(codeOf(await other.ask({ path: `${path}${query}` }))).toEqual(refused);
  });

  test('of a hundred series fits into a request', async () => {
    const ids = Array.from({ length: 100 }, (_, n) => `series-${n}`);
    for (const id of ids) await write(`/ts/${id}`, points(1_767_225_600_000, 1_767_225_600_001));
    const values = (await pagesOf(`/ts/${ids.join(',')}/last/2`, 70)).flatMap(valuesOf);
    expect(values.length).toBe(200);
  });
});
