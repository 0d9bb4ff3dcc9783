/** Functions between components: a call reaches who observes, its answer reaches who called, once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createFunctions } from '../../../src/store/functions.ts';
import { startStore } from './harness.ts';
import { observe, type It } from './observe.ts';

const requests = '/notification/request/double/*?observe=notification';
const request = '/notification/request/double/1';
const response = '/notification/response/double/1';
const send = (it: It, path: string, body: string, { type = 'application/json', token = 'app' } = {}) =>
  it.ask({ method: 'POST', path, body, token, headers: { 'content-type': type } });
const take = (it: It, path = response, wait = '') => it.ask({ path: `${path}${wait}` });
const codeOf = ({ body }: { body: string }): unknown => (JSON.parse(body) as { code?: unknown }).code;

test('a call is told with who calls and where the answer is expected; the answer is taken once', async () => {
  await using it = await startStore();
  const provider = await observe(it, requests, { headers: {}, token: 'provider' });
  expect((await send(it, request, ' { "value" : 2 } ', { token: 'caller' })).status).toBe(201);
  await provider.count(1);
  expect(provider.events()).toEqual([
    {
      ...{ timestamp: expect.any(Number) as number, component: 'caller', path: request, response, format: 'json' },
      data: { value: 2 },
    },
  ]);
  const waiting = take(it, response, '?wait=30');
  await sleep(50);
  expect((await send(it, response, '{"Status":0}', { token: 'provider' })).status).toBe(201);
  expect(await waiting).toMatchObject({ status: 200, type: 'application/json', body: '{"Status":0}' });
  expect(await take(it)).toMatchObject({ status: 404 });
});

test('an answer that comes before its caller waits for it, in its own type and bytes', async () => {
  await using it = await startStore();
  await send(it, response, ' plain words ', { type: 'text/plain' });
  await send(it, response, 'newer', { type: 'application/octet-stream' });
  expect(await take(it)).toMatchObject({ status: 200, type: 'application/octet-stream', body: 'newer' });
  expect(codeOf(await take(it))).toBe('function.silent');
});

test.each([
  ['text/plain', 'plain words', 'text', 'plain words'],
  ['application/json', 'no JSON', 'json', 'no JSON'],
  ['application/json', '', 'json', ''],
  ['application/octet-stream', '\u0001\u0002', 'binary', 'AQI='],
])('%s %j is passed on unread', async (type, body, format, data) => {
  await using it = await startStore();
  const provider = await observe(it, requests, { headers: {} });
  expect((await send(it, request, body, { type })).status).toBe(201);
  await provider.count(1);
  expect(provider.events()[0]).toMatchObject({ format, data });
});

test('without anybody who observes the call in its format it is refused', async () => {
  await using it = await startStore();
  expect(await send(it, request, '{}')).toMatchObject({ status: 503 });
  const other = await observe(it, `${requests}&format=json`, { headers: {} });
  const refused = await send(it, request, 'x', { type: 'text/plain' });
  expect([refused.status, codeOf(refused)]).toEqual([503, 'function.unobserved']);
  expect((await send(it, request, '{}')).status).toBe(201);
  await other.count(1);
});

test('any mode of observation makes a call known', async () => {
  await using it = await startStore();
  const seen = await observe(it, '/notification/request/*');
  expect((await send(it, request, '{"value":1}')).status).toBe(201);
  await seen.count(1);
  expect(seen.events()[0]).toMatchObject({ path: request, data: { value: 1 } });
});

test('observers of another kind of path are told as notifications too, with who wrote', async () => {
  await using it = await startStore();
  const seen = await observe(it, '/kv/a/*?observe=notification', { headers: {} });
  await send(it, '/kv/a/request', '{"b":1}', { token: 'writer' });
  await seen.count(1);
  expect(seen.events()[0]).toMatchObject({ component: 'writer', path: '/kv/a/request', response: '/kv/a/response' });
});

test('each entry of a batch is told as a notification too', async () => {
  await using it = await startStore();
  const seen = await observe(it, '/ts/*?observe=notification', { headers: {} });
  await send(it, '/ts/a/batch', '[{"timestamp":1,"data":{"value":2}},{"data":{"value":3}}]', { token: 'writer' });
  await seen.count(2);
  expect(seen.events()).toMatchObject([
    { component: 'writer', path: '/ts/a/at/1', data: { value: 2 } },
    { component: 'writer', path: '/ts/a', data: { value: 3 } },
  ]);
});

test('one waits for an answer: a second is refused, one who leaves makes room', async () => {
  await using it = await startStore();
  const first = take(it, response, '?wait=1');
  await sleep(50);
  const second = await take(it, response, '?wait=1');
  expect([second.status, codeOf(second)]).toEqual([409, 'function.taken']);
  expect(codeOf(await first)).toBe('function.silent');
  const third = take(it, response, '?wait=30');
  await sleep(50);
  await send(it, response, '{}');
  expect((await third).status).toBe(200);
});

test.each([
  ['GET', request, 405],
  ['DELETE', response, 405],
  ['POST', '/notification/request/double', 404],
  ['POST', '/notification/request/double/1/2', 404],
  ['POST', '/notification/other/double/1', 404],
  ['POST', '/notification/request/a,b/1', 400],
  ['GET', `${response}?wait=61`, 400],
  ['GET', `${response}?wait=-1`, 400],
  ['GET', `${response}?wait=1&limit=2`, 400],
  ['GET', '/ts/a/latest?wait=1', 400],
])('%s %s is %d', async (method, path, status) => {
  await using it = await startStore();
  expect((await it.ask({ method, path, ...(method === 'POST' && { body: '{}' }) })).status).toBe(status);
});

describe('answers that nobody came for', () => {
  const answer = (length: number) => ({ format: 'binary' as const, body: Buffer.alloc(length) });
  const never = new AbortController().signal;
  const isThere = (functions: ReturnType<typeof createFunctions>, path: string) =>
    functions.take(path, 0, never).then(() => true, () => false); // prettier-ignore
  test('are forgotten after a minute', async () => {
    let now = 0;
    const functions = createFunctions(() => now);
    functions.give('/a', answer(1));
    now = 59_999;
    functions.give('/b', answer(1));
    now = 60_000;
    expect([await isThere(functions, '/a'), await isThere(functions, '/b')]).toEqual([false, true]);
  });
  test('are at most 64, and 4 MiB; the oldest goes first', async () => {
    const functions = createFunctions();
    for (let at = 0; at < 65; at++) functions.give(`/${at}`, answer(1));
    expect([await isThere(functions, '/0'), await isThere(functions, '/1')]).toEqual([false, true]);
    functions.give('/large', answer(4 * 1024 * 1024));
    expect([await isThere(functions, '/64'), await isThere(functions, '/large')]).toEqual([false, true]);
  });
});
