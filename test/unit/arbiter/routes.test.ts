import { request } from 'node:http';
import { createArbiter, type Arbiter } from '../../../src/arbiter/index.ts';
import { createExcessBook } from '../../../src/base/excess.ts';
import { listen, type Listener } from '../../../src/base/listen.ts';
import { silent } from '../../../src/base/log.ts';
import type { Refusal } from '../../../src/base/refusals.ts';
import { reading, store } from './house.ts';

const local = '127.0.0.1';
let arbiter: Arbiter;
let listener: Listener;
beforeEach(async () => {
  arbiter = createArbiter({ file: ':memory:', log: silent, checkAddress: true });
  arbiter.register({ name: store, type: 'store', key: 'store key' });
  arbiter.register({ name: 'app', type: 'app', key: 'app key', address: local });
  arbiter.register({ name: 'away', type: 'app', key: 'away key', address: '127.0.0.2' });
  arbiter.grant('app', reading, []);
  listener = await listen({ address: local, port: 0, handler: arbiter.handler });
});
afterEach(async () => {
  await listener[Symbol.asyncDispose]();
  arbiter[Symbol.dispose]();
});

type Call = { key?: string; body?: unknown; headers?: Record<string, string>; from?: string };
type Answer = { status: number; type: string; text: string; retryAfter: string | undefined };
const call = (method: string, path: string, o: Call = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = { ...(o.key !== undefined && { 'x-api-key': o.key }), ...o.headers };
    const outgoing = request(
      { host: local, port: listener.port, method, path, headers, localAddress: o.from ?? local },
      (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        res.on('end', () =>
          resolve({
            status: res.statusCode ?? 0,
            type: res.headers['content-type'] ?? '',
            text,
            retryAfter: res.headers['retry-after'],
          }),
        );
      },
    );
    const body = typeof o.body === 'string' ? o.body : JSON.stringify(o.body ?? null);
    outgoing.on('error', reject).end(method === 'POST' ? body : undefined);
  });
const ask = { ...reading, path: '/ts/temp/latest' };

test('POST /token answers with a token as text, which works', async () => {
  const { status, type, text } = await call('POST', '/token', { key: 'app key', body: ask });
  expect({ status, type }).toEqual({ status: 200, type: 'text/plain' });
  expect(arbiter.verify(text, { ...ask, caller: local }).component).toBe('app');
});

test('a key may come as a bearer token', async () => {
  arbiter.register({ name: 'plain', type: 'app', key: 'a+/=', address: local });
  expect((await call('GET', '/status', { headers: { authorization: 'Bearer a+/=' } })).text).toBe('active');
});

test.each([
  ['no key', {}],
  ['wrong key', { key: 'app kez' }],
  ['the key of a component at another address', { key: 'away key' }],
  ['the right key from another address', { key: 'app key', from: '127.0.0.3' }],
  ['the key of a component without an address', { key: 'store key' }],
  [
    'another app’s key with its name in a forwarding header',
    { key: 'away key', headers: { 'x-forwarded-for': '127.0.0.2' } },
  ],
])('T13 every route refuses %s', async (_, credentials) => {
  for (const [method, path] of [
    ['POST', '/token'],
    ['GET', '/cat'],
    ['GET', '/status'],
    ['GET', '/nothing'],
  ] as const) {
    const { status, text } = await call(method, path, { ...credentials, body: ask });
    expect({ path, status, code: (JSON.parse(text) as { code: string }).code }).toEqual({
      path,
      status: 401,
      code: 'key.invalid',
    });
  }
});

test('a key that two components at one place hold names neither', () => {
  using loose = createArbiter({ file: ':memory:', log: silent, checkAddress: false });
  for (const name of ['a', 'b']) loose.register({ name, type: 'app', key: 'shared' });
  expect(() => loose.authenticate('shared', local)).toThrow('does not belong');
  loose.register({ name: 'c', type: 'app', key: 'own' });
  expect(loose.authenticate('own', '')).toBe('c');
});

test.each([
  ['another path', { ...ask, path: '/ts/light/latest' }, 403],
  ['an invented method', { ...ask, method: 'FISH' }, 403],
  ['the root', { ...ask, path: '/' }, 403],
  ['dots', { ...ask, path: '/ts/temp/../x' }, 400],
  ['another app’s name', { ...ask, name: 'away' }, 400],
  ['no target', { path: '/x', method: 'GET' }, 400],
  ['an unknown caveat', { ...ask, caveats: [{ rows: 1 }] }, 400],
  ['caveats that are null', { ...ask, caveats: null }, 200],
  ['no JSON', '{"target":', 400],
  ['deep JSON', '['.repeat(10_000), 400],
  ['100 KB', 'x'.repeat(100_000), 413],
  ['nothing', '', 400],
])('POST /token with %s', async (_, body, status) =>
  expect((await call('POST', '/token', { key: 'app key', body })).status).toBe(status),
);

test.each([
  ['GET', '/token'],
  ['POST', '/cat'],
  ['GET', '/cat/'],
  ['GET', '//cat'],
  ['GET', '/CAT'],
  ['GET', '/cm/upsert-container-info'],
])('%s %s is not there', async (method, path) =>
  expect((await call(method, path, { key: 'app key' })).status).toBe(404),
);

test('T10 asking in a loop ends in 429 with a time to come back', async () => {
  let last: Answer | undefined;
  for (let i = 0; i < 260 && last?.status !== 429; i++) {
    last = await call('POST', '/token', { key: 'app key', body: { ...ask, path: '/no' } });
  }
  expect(last).toMatchObject({ status: 429, retryAfter: '1' });
});

test('guessing keys ends in 429, and the right key still works from there', async () => {
  let last: Answer | undefined;
  for (let i = 0; i < 80 && last?.status !== 429; i++) last = await call('GET', '/cat', { key: `guess ${i}` });
  expect(last?.status).toBe(429);
  expect((await call('GET', '/cat', { key: 'app key' })).status).toBe(200);
});

test('GET /cat: the root catalogue, oldest first, a re-registered one at the end', async () => {
  arbiter.register({ name: store, type: 'store', key: 'new key' });
  const { status, type, text } = await call('GET', '/cat', { key: 'app key' });
  expect({ status, type }).toEqual({ status: 200, type: 'application/json' });
  const item = (name: string) => ({
    'item-metadata': [
      { rel: 'urn:X-hypercat:rels:hasDescription:en', val: `tcp://${name}:5555` },
      { rel: 'urn:X-hypercat:rels:isContentType', val: 'application/vnd.hypercat.catalogue+json' },
    ],
    href: `tcp://${name}:5555`,
  });
  expect(JSON.parse(text)).toEqual({
    'catalogue-metadata': [
      { rel: 'urn:X-hypercat:rels:isContentType', val: 'application/vnd.hypercat.catalogue+json' },
      { rel: 'urn:X-hypercat:rels:hasDescription:en', val: 'Databox Root Catalogue' },
      { rel: 'urn:X-hypercat:rels:hasHomepage', val: 'http://www.databoxproject.uk/' },
      { rel: 'urn:X-hypercat:rels:containsContentType', val: 'application/vnd.hypercat.catalogue+json' },
      { rel: 'urn:Xhypercat:rels:supportsSearch', val: 'urn:X-hypercat:search:simple' },
    ],
    items: ['app', 'away', store].map(item),
  });
});

test('a component that asks too often is refused, told when to come back, and counted; others are not', async () => {
  const book = createExcessBook({ log: silent, nameOf: () => undefined });
  using busy = createArbiter({
    file: ':memory:',
    log: silent,
    checkAddress: true,
    pace: { perSecond: 10, book, now: () => 0 },
  });
  busy.register({ name: 'app', type: 'app', key: 'app key', address: local });
  busy.register({ name: 'away', type: 'app', key: 'away key', address: '127.0.0.2' });
  await listener[Symbol.asyncDispose]();
  listener = await listen({ address: local, port: 0, handler: busy.handler });
  const answers = [];
  for (let n = 0; n < 60; n++) answers.push(await call('GET', '/status', { key: 'app key' }));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused[0]).toMatchObject({ type: 'application/problem+json', retryAfter: '1' });
  expect((await call('GET', '/status', { key: 'away key', from: '127.0.0.2' })).status).toBe(200);
  expect(book.list()).toMatchObject([{ component: 'app', service: 'arbiter', count: refused.length }]);
});

test('who asks for tokens in a loop is counted too', () => {
  const book = createExcessBook({ log: silent, nameOf: () => undefined });
  using busy = createArbiter({ file: ':memory:', log: silent, checkAddress: true, pace: { perSecond: 10, book } });
  busy.register({ name: 'app', type: 'app', key: 'app key', address: local });
  for (let n = 0; n < 250; n++) expect(() => busy.mint('app', { ...reading, caveats: [] }, 'rest')).toThrow();
  expect(book.list()).toMatchObject([{ component: 'app', service: 'arbiter', what: 'requests' }]);
});

test('what it refuses is on record before it is answered, with whoever proved who it is', async () => {
  const told: unknown[] = [];
  const onRefused = async ({ component, caller, target, method, path, failure }: Refusal): Promise<void> => {
    await new Promise((done) => setTimeout(done, 5));
    told.push([component, caller, target, `${method} ${path}`, failure.code]);
  };
  using mine = createArbiter({ file: ':memory:', log: silent, checkAddress: true, onRefused });
  mine.register({ name: 'app', type: 'app', key: 'app key', address: local });
  await using door = await listen({ address: local, port: 0, handler: mine.handler });
  const post = (key: string, path = '/token') =>
    fetch(`http://${local}:${door.port}${path}`, {
      method: 'POST',
      headers: { 'x-api-key': key },
      body: JSON.stringify(ask),
    });
  expect([(await post('wrong')).status, told]).toEqual([
    401,
    [[undefined, local, 'arbiter', 'POST /token', 'key.invalid']],
  ]);
  expect([(await post('app key')).status, told[1]]).toEqual([
    403,
    ['app', local, 'arbiter', 'POST /token', 'permission.refused'],
  ]);
  expect([(await post('app key', '/nothing')).status, told.length]).toEqual([404, 2]);
});
