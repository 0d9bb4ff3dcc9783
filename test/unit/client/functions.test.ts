/** Functions between two components, over the real store of one of them. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createOriginalApi, retry, type Databox } from '../../../src/client/index.ts';
import { startBox, type Box } from './box.ts';

const target = 'driver-core-store';
let box: Box;
let driver: Databox;
let app: Databox;
beforeEach(async () => {
  box = await startBox();
  driver = box.join('driver');
  app = box.join('app');
  permit('double');
});
afterEach(async () => box[Symbol.asyncDispose]());

const permit = (name: string) => {
  box.arbiter.grant('app', { method: 'POST', path: `/notification/request/${name}/*`, target }, []);
  box.arbiter.grant('app', { method: 'GET', path: `/notification/response/${name}/*`, target }, []);
};
const double = ({ value }: { value: number }) => ({ value: value * 2 });
const offered = () => driver.store().functions;
const called = () => app.store(target).functions;

test('one component calls what another offers', async () => {
  const callers: unknown[] = [];
  await offered().register<{ value: number }>('double', (payload, call) => {
    callers.push(call);
    return double(payload);
  });
  expect(await called().call('double', { value: 4 })).toEqual({ value: 8 });
  expect(callers).toEqual([{ caller: 'app', format: 'json' }]);
});

test('calls are handled side by side, and each has its own answer', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await offered().register<{ nth: number }>('double', async ({ nth }) => {
    // The first one is answered only once the second one is there.
    if (nth === 2) resolve();
    await promise;
    return nth;
  });
  const calls = [1, 2].map((nth) => called().call('double', { nth }));
  expect(await Promise.all(calls)).toEqual([1, 2]);
});

test('the format of a call is that of its answer', async () => {
  await offered().register('double', (payload, { format }) => {
    if (payload instanceof Buffer) return Buffer.concat([payload, payload]);
    return typeof payload === 'string' ? `${format} ${payload}` : [payload];
  });
  expect(await called().call('double', 'ü')).toBe('text ü');
  expect(await called().call('double', Buffer.from([0, 255]))).toEqual(Buffer.from([0, 255, 0, 255]));
  expect(await called().call('double')).toEqual([{}]);
});

test('an answer of nothing is null', async () => {
  await offered().register('double', () => undefined);
  expect(await called().call('double')).toBeNull();
});

test.each([
  ['its message', () => Promise.reject(new RangeError('too large')), {}, /^too large \(/],
  ['what was thrown', () => Promise.reject('no error' as unknown as Error), {}, /^no error \(/], // eslint-disable-line
  ['an answer that the format cannot hold', () => ({}), 'text', /a string or a buffer/],
])('a handler that fails: the caller is told %s', async (_what, handler, payload, words) => {
  await offered().register('double', handler);
  const failing = called().call('double', payload);
  await expect(failing).rejects.toThrow(words);
  await expect(failing).rejects.toMatchObject({ name: 'DataboxError', code: 'function.failed' });
});

test('what nobody offers, or no longer, is refused at once', async () => {
  const refusal = { name: 'DataboxError', code: 'function.unobserved', status: 503 };
  await expect(called().call('double')).rejects.toMatchObject(refusal);
  const offer = await offered().register('double', double);
  offer[Symbol.dispose]();
  expect(await offer.ended).toBeUndefined();
  // The store learns of it a moment later.
  const late = () => expect(called().call('double', {}, { timeoutMs: 100 })).rejects.toMatchObject(refusal);
  await retry(late, { isPassing: () => true, timeoutMs: 20_000 });
});

test('what is not permitted is refused', async () => {
  await offered().register('secret', () => 1);
  await expect(called().call('secret')).rejects.toMatchObject({ code: 'permission.refused', status: 403 });
  await expect(called().register('other', () => 1)).rejects.toMatchObject({ code: 'permission.refused' });
});

test('who does not answer in time is given up, and a caller may give up', async () => {
  await offered().register('double', () => new Promise(() => {}));
  await expect(called().call('double', {}, { timeoutMs: 900 })).rejects.toMatchObject({ code: 'function.silent' });
  const stop = new AbortController();
  const waiting = called().call('double', {}, { signal: stop.signal });
  setTimeout(() => stop.abort(new Error('enough')), 100);
  await expect(waiting).rejects.toThrow('enough');
});

test('both go on after an interruption of the box', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = 0;
  await offered().register<{ value: number }>('double', async (payload) => {
    asked++;
    await promise;
    return double(payload);
  });
  const first = called().call('double', { value: 1 });
  while (asked === 0) await sleep(20);
  await box.down();
  await sleep(100);
  await box.up();
  resolve();
  expect(await first).toEqual({ value: 2 });
  expect(await retry(() => called().call('double', { value: 2 }))).toEqual({ value: 4 });
});

test('a function ends for good when its store is not permitted any more', async () => {
  const offer = await offered().register('double', double);
  box.arbiter.revoke('driver', { method: 'GET', path: '/*', target });
  box.stores.cut({ store: target, component: 'driver' });
  expect(await offer.ended).toMatchObject({ code: 'permission.refused' });
});

test('it is in the catalogue, and an app that was given it finds and calls it', async () => {
  const options = { vendor: 'you', description: 'Doubles' };
  await offered().register('double', double, options);
  const [item] = (await driver.store().getDatasourceCatalogue()).items;
  expect(item).toEqual({
    'item-metadata': [
      { rel: 'urn:X-hypercat:rels:hasDescription:en', val: 'Doubles' },
      { rel: 'urn:X-hypercat:rels:isContentType', val: 'application/json' },
      { rel: 'urn:X-databox:rels:hasVendor', val: 'you' },
      { rel: 'urn:X-databox:rels:hasType', val: 'you:func:double' },
      { rel: 'urn:X-databox:rels:hasDatasourceid', val: 'double' },
      { rel: 'urn:X-databox:rels:hasStoreType', val: 'notification/request' },
      { rel: 'urn:X-databox:rels:isFunc', val: true },
    ],
    href: `tcp://${target}:5555/request/double`,
  });
  const given = box.join('app', { DATASOURCE_DOUBLE: JSON.stringify(item) }).datasource('DOUBLE');
  expect(given).toMatchObject({ store: target, storeType: 'notification/request', id: 'double' });
  expect(await given.client.functions.call(given.id, { value: 5 })).toEqual({ value: 10 });
});

/** A request to the store as a program without this library makes it. */
async function bare(name: string, call: { method: 'GET' | 'POST'; path: string; query?: string; body?: string }) {
  const { env, secrets } = box.place(name);
  const { method, path, query = '', body } = call;
  const headers = {
    'x-api-key': await box.join(name).token({ target, method, path }),
    'content-type': 'application/json',
  };
  const ca = readFileSync(join(secrets, 'DATABOX_ROOT_CA'));
  const outgoing = request(`${env['DATABOX_DEV_URL']}${target}${path}${query}`, { method, headers, ca, agent: false });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return answer.setEncoding('utf8');
}
const textOf = async (answer: IncomingMessage) => (await answer.toArray()).join('');

test('a provider without this library may answer as it likes', async () => {
  const requests = await bare('driver', { method: 'GET', path: '/notification/request/double/*', query: '?observe=notification' }); // prettier-ignore
  const answers = ['{"plain":1}', 'no JSON', '{"Status":0,"Response":"eyJhIjoxfQ=="}', '{"Status":97,"Response":""}'];
  requests.on('data', (text: string) => {
    const [, path] = /"response":"([^"]+)"/.exec(text) ?? [];
    if (path !== undefined) void bare('driver', { method: 'POST', path, body: answers.shift() ?? '' }).then(textOf);
  });
  expect(await called().call('double')).toEqual({ plain: 1 });
  expect(await called().call('double')).toBe('no JSON');
  expect(await called().call('double')).toEqual({ a: 1 });
  await expect(called().call('double')).rejects.toMatchObject({
    code: 'function.failed',
    title: expect.stringMatching(/status 97/) as string,
  });
  requests.destroy();
});

test('a caller without this library is answered with Status and Response', async () => {
  await offered().register('double', double);
  await textOf(await bare('app', { method: 'POST', path: '/notification/request/double/7', body: '{"value":1}' }));
  const answer = await bare('app', { method: 'GET', path: '/notification/response/double/7', query: '?wait=5' });
  const { Status, Response } = JSON.parse(await textOf(answer)) as { Status: number; Response: string };
  expect([Status, Buffer.from(Response, 'base64').toString()]).toEqual([0, '{"value":2}']);
});

test('NewStoreClient has the same as FUNC', async () => {
  const offer = await createOriginalApi(() => driver)
    .NewStoreClient()
    .FUNC.Register('double', double);
  const client = createOriginalApi(() => app).NewStoreClient(`tcp://${target}:5555`);
  expect(await client.FUNC.Call('double', { value: 3 })).toEqual({ value: 6 });
  offer[Symbol.dispose]();
});
