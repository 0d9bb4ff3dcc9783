/** What the store's table cannot say: who may, who is told, and what is only of this door. */
import Database from 'better-sqlite3';
import { Failure } from '../../../src/base/errors.ts';
import { authorise } from '../store/harness.ts';
import { openStoreDoor } from './house.ts';
import { askToObserve, connect, listen, observe } from './raw.ts';

const [text, binary, json] = [0, 42, 50];

test('a token is looked at before the path', async () => {
  await using it = await openStoreDoor();
  using client = connect(it);
  const codes = async (...requests: [string, object?][]) => {
    const found: number[] = [];
    for (const [request, call] of requests) found.push((await client.ask(request, call)).code);
    return found;
  };
  const forged = { token: 'forged' };
  expect(await codes(['GET /kv/a/b', forged], ['GET /nothing', forged], ['GET /nothing'])).toEqual([129, 129, 128]);
  expect(await codes(['POST /kv/a/b', { token: 'app GET', body: '{}' }])).toEqual([129]);
  expect(await codes(['GET /kv/a/*'], ['GET /kv/a/'], ['GET /'], ['GET /status'], ['GET /a'])).toEqual([
    128, 128, 129, 128, 128,
  ]);
  expect(
    await codes(['GET /kv/a/b', { format: 7 }], ['GET /cat', { format: 7 }], ['GET /time', { format: 7 }]),
  ).toEqual([128, 69, 69]);
  expect(await codes(['POST /ts/a/batch', { body: '[]' }])).toEqual([128]);
  expect(await codes(['POST /kv/a/b', { format: binary, body: Buffer.alloc(1024 * 1024 + 1) }])).toEqual([141]);
});

test('a permission is looked at anew for each of the same requests', async () => {
  let isPermitted = true;
  await using it = await openStoreDoor({
    authorise(token, use) {
      if (isPermitted) return authorise(token, use);
      throw new Failure('token.forbidden', 'it was taken back');
    },
  });
  using client = connect(it);
  const post = async () => (await client.ask('POST /kv/a/b', { body: '{}' })).code;
  expect([await post(), await post()]).toEqual([65, 65]);
  isPermitted = false;
  expect([await post(), await post()]).toEqual([129, 129]);
  isPermitted = true;
  expect(await post()).toBe(65);
});

test('an answer says in which format it is', async () => {
  await using it = await openStoreDoor();
  using client = connect(it);
  const formatOf = async (request: string, format: number) =>
    (await client.ask(request, { format })).options.get(12)?.readUInt16BE();
  await client.ask('POST /kv/a/b', { format: binary, body: Buffer.from([0, 255]) });
  expect((await client.ask('GET /kv/a/b', { format: binary })).bytes.subarray(-2)).toEqual(Buffer.from([0, 255]));
  expect([
    await formatOf('GET /kv/a/b', binary),
    await formatOf('GET /kv/a/keys', text),
    await formatOf('GET /hello', json),
  ]).toEqual([42, 0, 0]);
  expect([
    await formatOf('GET /uptime', text),
    await formatOf('GET /cat', text),
    await formatOf('GET /ts/a/latest', json),
  ]).toEqual([50, 50, 50]);
});

test('observers are told of their path and format, of what was posted as it was', async () => {
  await using it = await openStoreDoor();
  using all = await observe(it, '/kv/id/*');
  using one = await observe(it, '/ts/a', { observe: 'data' });
  using client = connect(it);
  await client.ask('POST /kv/id/k', { format: text, body: 'not told: another format' });
  await client.ask('POST /kv/other/k', { body: '{}' });
  await client.ask('POST /kv/id/k', { body: 'no JSON' });
  await client.ask('GET /kv/id/k');
  await client.ask('POST /kv/id/k', { body: '{ "a" : 1 }\n' });
  await client.ask('POST /kv/id/k', { body: '{"a": 2}, "more"' });
  await client.ask('POST /ts/a/at/7', { body: '{"value":7}' });
  await client.ask('POST /ts/a', { body: '{"value": 8}' });
  expect((await all.next()).payload).toMatch(/^\d{13} \/kv\/id\/k json \{ "a" : 1 \}\n$/);
  expect((await all.next()).payload).toMatch(/^\d{13} \/kv\/id\/k json \{"a": 2\}$/);
  expect((await one.next()).payload).toMatch(/^\d{13} \/ts\/a json \{"value": 8\}$/);
  expect([await all.silent(), await one.silent()]).toEqual([true, true]);
});

test('audit: the component whose store it is sees each request and its outcome', async () => {
  await using it = await openStoreDoor();
  using audit = await observe(it, '/kv/*', { observe: 'audit', token: 'driver-test' });
  using client = connect(it);
  await client.ask('POST /kv/a/b', { body: '{}' });
  await client.ask('GET /kv/a/b');
  await client.ask('POST /kv/a/b', { body: 'x' });
  await client.ask('DELETE /kv/a/b');
  await client.ask('GET /kv/a/b', { token: 'forged' });
  await askToObserve(it, '/kv/a/*');
  const lines = [
    'app POST /kv/a/b 65',
    'app GET /kv/a/b 69',
    'app POST /kv/a/b 128',
    'app DELETE /kv/a/b 66',
    'unknown GET /kv/a/b 129',
    'app GET(OBSERVE) /kv/a/* 69',
  ];
  for (const line of lines)
    expect((await audit.next()).payload).toMatch(
      new RegExp(`^\\d{13} driver-test-core-store ${line.replaceAll(/[*()]/g, '\\$&')}$`),
    );
  expect((await client.ask('GET /kv/*', { observe: 'audit' })).code).toBe(129);
});

test('a permission that ends takes its observations with it', async () => {
  await using it = await openStoreDoor();
  using observer = await observe(it, '/kv/a/*');
  expect(it.stores.cut({ store: 'driver-test-core-store', component: 'app' })).toBe(1);
  expect((await observer.next()).code).toBe(163);
});

test('a store that is closed and opened again goes on to tell, from the first write on', async () => {
  await using it = await openStoreDoor();
  using observer = await observe(it, '/kv/a/*');
  await it.stores.close('driver-test-core-store');
  using client = connect(it);
  expect((await client.ask('GET /kv/a/b')).code).toBe(163);
  await it.stores.open('driver-test-core-store');
  await client.ask('POST /kv/a/b', { body: '{"the":"first"}' });
  expect((await observer.next()).payload).toMatch(/ \/kv\/a\/b json \{"the":"first"\}$/);
});

test('a store opens, whatever has become of what is written down of its observers', async () => {
  await using it = await openStoreDoor();
  new Database(it.bookFile).exec('DROP TABLE observation').close();
  await it.stores.close('driver-test-core-store');
  await it.stores.open('driver-test-core-store');
  using client = connect(it);
  expect((await client.ask('POST /kv/a/b', { body: '{}' })).code).toBe(65);
});

test('a function, step by step as the library of Go calls it', async () => {
  await using it = await openStoreDoor();
  using provider = await observe(it, '/notification/request/*', { observe: 'notification', token: 'driver-test' });
  using caller = connect(it);
  const [request, response] = ['/notification/request/f/1', '/notification/response/f/1'];
  const { code, options, payload } = await caller.ask(`GET ${response}`, { maxAge: 0 });
  expect([code, payload, [...options.keys()]]).toEqual([65, '', [2048]]);
  expect((await caller.ask(`GET ${response}`)).code).toBe(163);
  using answer = listen(it, { identity: response, key: options.get(2048)?.toString() ?? '' });
  expect((await caller.ask(`POST ${request}`, { body: 'plain words' })).code).toBe(65);
  expect((await caller.ask(`POST ${request}`, { format: text, body: 'x' })).code).toBe(163);
  expect((await provider.next()).payload).toMatch(/^\d{13} app \/notification\/response\/f\/1 json plain words$/);
  const body = '{"Status":0,"Response":"eA=="}';
  expect((await caller.ask(`POST ${response}`, { token: 'driver-test', body })).code).toBe(65);
  const told = await answer.next();
  expect([told.code, told.payload.split(' ').slice(1)]).toEqual([69, [response, 'json', body]]);
  expect((await caller.ask(`GET ${response}`)).code).toBe(65);
  expect((await caller.ask('POST /notification/request/g', { body: '' })).code).toBe(128);
});

test('what one door is told, the other tells', async () => {
  await using it = await openStoreDoor();
  using client = connect(it);
  await client.ask('POST /ts/a/at/5', { body: '{"value":1.50}' });
  expect((await it.stores.read('driver-test-core-store', '/ts/a/latest')).body.toString()).toBe(
    '[{"timestamp":5,"data":{"value":1.50}}]',
  );
});
