import { setTimeout as sleep } from 'node:timers/promises';
import { componentOfStore } from '../../../src/base/names.ts';
import { authorise, startStore, store } from './harness.ts';
import { observe, streaming, type It } from './observe.ts';

const owner = componentOfStore(store);

const post = (it: It, path: string, body = '{"value":1}', headers = {}) =>
  it.ask({ method: 'POST', path, body, headers });

test('a write is told before it is answered, as it was accepted', async () => {
  await using it = await startStore();
  const seen = await observe(it, '/ts/a');
  expect(seen.res.headers['content-type']).toBe('text/event-stream');
  const before = Date.now();
  await post(it, '/ts/a', ' { "value" : 1.50 , "b":"c d" } and more');
  await seen.count(1);
  expect(seen.text()).toMatch(
    /data: \{"timestamp":\d+,"path":"\/ts\/a","format":"json","data":\{"value":1\.50,"b":"c d"\}\}\n\n/,
  );
  expect(seen.events()[0]?.['timestamp']).toBeGreaterThanOrEqual(before);
});

test('a stream is asked for whatever the case, also beside other types', async () => {
  await using it = await startStore();
  const seen = await observe(it, '/ts/a', { headers: { accept: 'text/html, Text/Event-Stream;q=0.9' } });
  expect(seen.res.headers['content-type']).toBe('text/event-stream');
});

test('an exact path sees itself only; a wildcard one or more characters more', async () => {
  await using it = await startStore();
  const exact = await observe(it, '/ts/a');
  const wild = await observe(it, '/ts/*');
  const keys = await observe(it, '/kv/a/*?observe=data', { headers: {} });
  for (const path of ['/ts/b', '/ts/a/at/5', '/ts/blob/a', '/kv/a/k', '/kv/ab/k', '/ts/a']) await post(it, path);
  await Promise.all([exact.count(1), wild.count(4), keys.count(1)]);
  const paths = (seen: typeof exact) => seen.events().map((event) => event['path']);
  expect(paths(exact)).toEqual(['/ts/a']);
  expect(paths(wild)).toEqual(['/ts/b', '/ts/a/at/5', '/ts/blob/a', '/ts/a']);
  expect(paths(keys)).toEqual(['/kv/a/k']);
});

test('formats: all unless one is named; text as a string, binary in base64', async () => {
  await using it = await startStore();
  const all = await observe(it, '/kv/a/k');
  const texts = await observe(it, '/kv/a/k?format=text');
  await post(it, '/kv/a/k', '{"a":1}');
  await post(it, '/kv/a/k', 'two\nlines', { 'content-type': 'text/plain' });
  await post(it, '/kv/a/k', '\u0000', { 'content-type': 'application/octet-stream' });
  await Promise.all([all.count(3), texts.count(1)]);
  expect(all.events().map(({ format, data }) => [format, data])).toEqual([
    ['json', { a: 1 }],
    ['text', 'two\nlines'],
    ['binary', 'AA=='],
  ]);
  expect(texts.events().map(({ data }) => data)).toEqual(['two\nlines']);
});

test('refused writes, reads and deletes are not told; each observer is told once', async () => {
  await using it = await startStore();
  const [one, two] = [await observe(it, '/ts/a'), await observe(it, '/ts/*')];
  await post(it, '/ts/a', '{"value":"x"}');
  await it.ask({ path: '/ts/a/latest' });
  await it.ask({ method: 'DELETE', path: '/ts/a/latest' });
  await post(it, '/ts/a', '{"value":7}');
  await Promise.all([one.count(1), two.count(1)]);
  await sleep(20);
  expect([one, two].map((seen) => seen.events().map(({ data }) => data))).toEqual([[{ value: 7 }], [{ value: 7 }]]);
});

test('audit sees every request with its outcome, not its own start', async () => {
  await using it = await startStore();
  const audit = await observe(it, '/ts/*?observe=audit', { headers: {}, token: owner });
  await post(it, '/ts/a');
  await post(it, '/ts/a', 'x');
  await it.ask({ path: '/ts/a/latest', token: 'reader GET /ts/a/latest' });
  await it.ask({ method: 'DELETE', path: '/ts/a/latest', token: 'reader GET /ts/a/latest' });
  await audit.count(4);
  expect(audit.events().map(({ component, method, path, status }) => [component, method, path, status])).toEqual([
    ['app', 'POST', '/ts/a', 201],
    ['app', 'POST', '/ts/a', 400],
    ['reader', 'GET', '/ts/a/latest', 200],
    [null, 'DELETE', '/ts/a/latest', 403],
  ]);
});

test('audit sees who begins to watch, and who may not; one that comes back missed nothing by that', async () => {
  await using it = await startStore();
  const audit = await observe(it, '/ts/*?observe=audit', { headers: {}, token: owner });
  const data = await observe(it, '/ts/a', { token: 'reader' });
  await it.ask({ path: '/ts/a?observe=data', token: 'reader GET /ts/b' });
  await it.ask({ path: '/ts/*?observe=audit', token: 'reader' });
  await audit.count(3);
  expect(
    audit.events().map(({ component, method, path, observe: mode, status }) => [component, method, path, mode, status]),
  ).toEqual([
    ['reader', 'GET', '/ts/a', 'data', 200],
    [null, 'GET', '/ts/a', 'data', 403],
    [null, 'GET', '/ts/*', 'audit', 403],
  ]);
  expect(data.events()).toEqual([]);
  const id = [...audit.text().matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '';
  audit.req.destroy();
  const back = await observe(it, '/ts/*?observe=audit', { headers: { 'last-event-id': id }, token: owner });
  await post(it, '/ts/a');
  await back.count(1);
  expect(back.text()).not.toContain('event: gap');
});

test('audit tells only the component whose store it is, and who was given a permission for it', async () => {
  const audit = { component: 'auditor', grant: 1, caveats: [{ observe: 'audit' }] };
  await using it = await startStore({
    authorise: (token, use) => (token === 'auditor' ? audit : authorise(token, use)),
  });
  const ask = (token: string) => it.ask({ path: '/ts/*?observe=audit', token });
  const stranger = await ask('app');
  expect([stranger.status, JSON.parse(stranger.body)]).toMatchObject([403, { code: 'token.forbidden' }]);
  expect(stranger.body).toContain('audit is for the component whose store this is');
  expect((await ask(`${owner}-2`)).status).toBe(403);
  for (const token of [owner, 'auditor']) {
    const seen = await observe(it, '/ts/*?observe=audit', { token, headers: {} });
    await post(it, '/ts/a');
    await seen.count(1);
  }
});

test('the token is asked for the very path, mode and method', async () => {
  const asked: unknown[] = [];
  await using it = await startStore({ authorise: (_token, use) => (asked.push(use), { component: owner, grant: 1 }) });
  await observe(it, '/ts/a/*');
  await observe(it, '/ts/a?observe=audit');
  expect(asked).toEqual([
    { caller: '127.0.0.1', target: store, method: 'GET', path: '/ts/a/*', observe: 'data' },
    { caller: '127.0.0.1', target: store, method: 'GET', path: '/ts/a', observe: 'audit' },
  ]);
  expect((await it.ask({ method: 'POST', path: '/ts/a?observe=data', body: '{}' })).status).toBe(405);
});

test('cut ends what it names, at once and with the reason', async () => {
  await using it = await startStore();
  const [a, b, other] = [
    await observe(it, '/ts/a'),
    await observe(it, '/ts/b/*'),
    await observe(it, '/ts/a', { token: 'other' }),
  ];
  expect(it.stores.cut({ store, component: 'app', path: '/ts/a' })).toBe(1);
  await a.end();
  expect(a.text()).toMatch(/event: end\ndata: \{"reason":"revoked"\}\n\n$/);
  expect(it.stores.cut({ store, component: 'app', path: '/ts/b*' })).toBe(1);
  await b.end();
  expect(it.stores.cut({ store, component: 'app' })).toBe(0);
  await post(it, '/ts/a');
  await other.count(1);
});

test('a stream ends with the permission it was opened under', async () => {
  let until = 0;
  await using it = await startStore({
    authorise: (token) => ({ component: token, grant: 1, ...(token === 'guest' && { until }) }),
  });
  until = Date.now() + 1_500;
  const [guest, other] = [await observe(it, '/ts/a', { token: 'guest' }), await observe(it, '/ts/a')];
  await post(it, '/ts/a');
  await guest.end();
  expect(Date.now()).toBeGreaterThan(until);
  await post(it, '/ts/a');
  await other.count(2);
  expect(guest.text()).toMatch(/event: end\ndata: \{"reason":"expired"\}\n\n$/);
  expect(guest.events().filter(({ path }) => path === '/ts/a')).toHaveLength(1);
  expect(it.stores.cut({ store, component: 'guest' })).toBe(0);
});

test('who comes back is told whether something may have been missed, and since when', async () => {
  await using it = await startStore();
  const idOf = (seen: { text(): string }) => [...seen.text().matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '';
  const gaps = async (id: string) => {
    const seen = await observe(it, '/ts/a', { headers: { ...streaming, 'last-event-id': id } });
    await post(it, '/ts/a'); // a gap is told before anything else
    await seen.count(1);
    // Together with the new id: who is cut off in between must not come back with that alone.
    const [, told] = /^: observing\nid: .+\nevent: gap\ndata: (.*)\n\n/.exec(seen.text()) ?? [];
    return { id: idOf(seen), gap: told === undefined ? undefined : (JSON.parse(told) as Record<string, unknown>) };
  };
  const before = Date.now();
  const first = await observe(it, '/ts/a');
  await post(it, '/ts/a');
  await first.count(1);
  const early = idOf(first);
  const { id, gap } = await gaps(early);
  expect(gap).toBeUndefined();
  const missed = await gaps(early);
  expect(missed.gap).toMatchObject({ reason: 'missed', since: expect.any(Number) as number });
  expect(missed.gap?.['since']).toBeGreaterThanOrEqual(before);
  await it.stores.close(store);
  await it.stores.open(store);
  expect((await gaps(id)).gap).toMatchObject({ reason: 'restarted', since: Number(id.split('.')[2]) });
  expect((await gaps('forged')).gap).toEqual({ reason: 'restarted' });
});

test('streams end when the store closes', async () => {
  await using it = await startStore();
  const seen = await observe(it, '/ts/a');
  await it.stores.close(store);
  await seen.end();
  expect(seen.text()).toMatch(/"reason":"closed"/);
  expect((await it.ask({ path: '/hello' })).status).toBe(404);
});

test('a reader that falls behind is closed and does not hold up the writer', async () => {
  await using it = await startStore();
  const slow = await observe(it, '/ts/blob/a');
  slow.res.pause();
  const body = JSON.stringify(['a'.repeat(900_000)]);
  for (let round = 0; round < 16; round++) expect((await post(it, '/ts/blob/a', body)).status).toBe(201);
  expect(it.stores.cut({ store, component: 'app' })).toBe(0);
  slow.req.destroy();
});

test('the points of a batch are told one by one, in order, as single writes are, before the writer has its answer', async () => {
  await using it = await startStore();
  const timed = await observe(it, '/ts/a/*');
  const untimed = await observe(it, '/ts/a');
  const points = Array.from({ length: 3_000 }, (_, value) => `{"timestamp":${value * 2},"data":{ "value": ${value} }}`);
  expect((await post(it, '/ts/a/batch', `[${points.join(',')},{"data":{"value":7}}]`)).status).toBe(201);
  await post(it, '/ts/a/batch', '[{"timestamp":1,"data":{"value":1}},{"data":{}}]');
  await post(it, '/ts/a/at/9', '{"value":9}');
  await timed.count(3_001);
  await untimed.count(1);
  const told = timed.events().map(({ path, data }) => [path, data]);
  const expected = Array.from({ length: 3_000 }, (_, value) => [`/ts/a/at/${value * 2}`, { value }]);
  expect(told).toEqual([...expected, ['/ts/a/at/9', { value: 9 }]]);
  expect(untimed.events().map(({ path, data }) => [path, data])).toEqual([['/ts/a', { value: 7 }]]);
});
