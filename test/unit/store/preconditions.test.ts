import { hash } from 'node:crypto';
import { startStore, type Answer } from './harness.ts';

const it = await startStore();
afterAll(() => it[Symbol.asyncDispose]());

const path = (name: string) => `/kv/pre/${name}`;
const get = (name: string, headers = {}) => it.ask({ path: path(name), headers });
const put = (name: string, body: string, headers = {}) =>
  it.ask({ method: 'POST', path: path(name), body, headers: { 'content-type': 'application/json', ...headers } });
const drop = (name: string, headers = {}) => it.ask({ method: 'DELETE', path: path(name), headers });
const codeOf = ({ status, body }: Answer) => [status, (JSON.parse(body) as { code: string }).code];
const failed = [412, 'precondition.failed'];
const invalid = [400, 'precondition.invalid'];

describe('ETag', () => {
  test('is that of the write, strong, and stays while the same value is written, however it is spaced', async () => {
    const { etag } = await put('same', '{"a": 1.50}');
    expect(etag).toMatch(/^"json\.[\w-]{22}"$/);
    expect((await get('same')).etag).toBe(etag);
    expect((await put('same', '{"a":1.50}')).etag).toBe(etag);
    expect((await get('same')).etag).toBe(etag);
    expect((await put('same', '{"a":1.5}')).etag).not.toBe(etag);
  });

  test('is another one for another key, after each change, and after a delete, also of an equal value', async () => {
    const tags = [(await put('one', '{"a":1}')).etag, (await put('two', '{"a":1}')).etag];
    for (const body of ['{"a":2}', '{"a":1}']) tags.push((await put('one', body)).etag);
    await drop('one');
    tags.push((await put('one', '{"a":1}')).etag);
    expect(new Set(tags).size).toBe(5);
  });

  test('tells nobody who may only write whether the value is one that it guesses', async () => {
    await put('secret', '{"home":true}');
    const token = `spy POST ${path('secret')}`;
    const guessed = (text: string) => `"json.${hash('sha256', text, 'base64url')}"`;
    const spy = (headers: Record<string, string>) =>
      it.ask({ method: 'POST', path: path('secret'), body: '{"home":false}', headers, token });
    // What it wrote itself once, before others did, is no guess that it can try.
    const { etag: own = '' } = await it.ask({ method: 'POST', path: path('secret'), body: '{"home":true}', token });
    await put('secret', '{"home":false}');
    await put('secret', '{"home":true}');
    for (const tag of [guessed('{"home":true}'), own]) expect(codeOf(await spy({ 'if-match': tag }))).toEqual(failed);
    for (const tag of [guessed('{"home":true}'), own]) {
      expect((await spy({ 'if-none-match': tag })).status).toBe(201);
      await put('secret', '{"home":true}');
    }
  });

  test('differs between namespaces that hold the same bytes', async () => {
    const tags = [];
    for (const type of ['application/json', 'text/plain', 'application/octet-stream']) {
      await put('three', '{}', { 'content-type': type });
      tags.push((await get('three', { accept: type })).etag);
    }
    expect(new Set(tags).size).toBe(3);
  });

  test('is there for an empty value, not for none', async () => {
    expect((await get('none')).etag).toBeUndefined();
    await put('empty', '', { 'content-type': 'text/plain' });
    expect((await get('empty', { accept: 'text/plain' })).etag).toMatch(/^"text\./);
  });
});

describe('a read', () => {
  test.each([
    ['the tag', (tag: string) => tag, 304],
    ['the tag as a weak one', (tag: string) => `W/${tag}`, 304],
    ['one of several', (tag: string) => `"a" ,\t${tag}, "b"`, 304],
    ['*', () => '*', 304],
    ['another tag', () => '"json.x"', 200],
    ['an empty tag', () => '""', 200],
  ])('If-None-Match: %s', async (_claim, header, status) => {
    const { etag = '' } = await put('read', '{"a":1}');
    const answer = await get('read', { 'if-none-match': header(etag) });
    expect([answer.status, answer.body, answer.etag]).toEqual([status, status === 200 ? '{"a":1}' : '', etag]);
  });

  test('of nothing is never "not modified"', async () => {
    expect(await get('nothing', { 'if-none-match': '*' })).toMatchObject({ status: 200, body: '{}' });
  });
});

describe('a write and a delete', () => {
  test.each([
    ['If-Match: the tag', (tag: string) => ({ 'if-match': tag }), true],
    ['If-Match: one of several', (tag: string) => ({ 'if-match': `"a", ${tag}` }), true],
    ['If-Match: *', () => ({ 'if-match': '*' }), true],
    ['If-Match: another', () => ({ 'if-match': '"a"' }), false],
    ['If-Match: the tag as a weak one', (tag: string) => ({ 'if-match': `W/${tag}` }), false],
    ['If-None-Match: *', () => ({ 'if-none-match': '*' }), false],
    ['If-None-Match: the tag', (tag: string) => ({ 'if-none-match': tag }), false],
    ['If-None-Match: another', () => ({ 'if-none-match': '"a"' }), true],
    ['both, of which one holds', (tag: string) => ({ 'if-match': tag, 'if-none-match': tag }), false],
  ])('%s', async (_claim, headers, isDone) => {
    const { etag = '' } = await put('there', '{"a":1}');
    const written = await put('there', '{"a":2}', headers(etag));
    expect(isDone ? written.status : codeOf(written)).toEqual(isDone ? 201 : failed);
    expect((await get('there')).body).toBe(isDone ? '{"a":2}' : '{"a":1}');
    const { etag: now = '' } = await get('there');
    const dropped = await drop('there', headers(now));
    expect(isDone ? dropped.status : codeOf(dropped)).toEqual(isDone ? 204 : failed);
    expect((await get('there')).body).toBe(isDone ? '{}' : '{"a":1}');
  });

  test('of what is not there: If-Match fails, If-None-Match: * does not', async () => {
    expect(codeOf(await put('absent', '{}', { 'if-match': '*' }))).toEqual(failed);
    expect(codeOf(await drop('absent', { 'if-match': '"a"' }))).toEqual(failed);
    expect((await put('absent', '{}', { 'if-none-match': '*' })).status).toBe(201);
    expect(codeOf(await put('absent', '{"b":1}', { 'if-none-match': '*' }))).toEqual(failed);
  });

  test('keeps to its namespace', async () => {
    await put('spaces', '{}');
    expect((await put('spaces', 'a', { 'content-type': 'text/plain', 'if-none-match': '*' })).status).toBe(201);
  });

  test('that is refused tells no observer', async () => {
    const told: string[] = [];
    const end = it.stores.watch('driver-test-core-store', path('seen'), {
      tell: (line) => told.push(line) > 0,
      end: () => {},
    });
    await put('seen', '{"a":1}', { 'if-match': '*' });
    await put('seen', '{"a":2}');
    end();
    expect(told).toEqual([expect.stringContaining('"data":{"a":2}')]);
  });
});

describe('writers that come together', () => {
  test.each([
    ['If-Match', 30],
    ['If-None-Match', 30],
  ])('exactly one of them wins: %s', async (header, writers) => {
    for (let round = 0; round < 10; round++) {
      const name = `${header}${round}`;
      const tag = header === 'If-Match' ? ((await put(name, '{"by":-1}')).etag ?? '') : '*';
      const other = Array.from({ length: writers }, (_, by) => put(`${name}.${by}`, '{}'));
      const answers = await Promise.all(
        Array.from({ length: writers }, (_, by) => put(name, `{"by":${by}}`, { [header]: tag })),
      );
      const winners = answers.flatMap(({ status }, by) => (status === 201 ? [by] : []));
      expect([winners.length, answers.filter(({ status }) => status === 412).length]).toEqual([1, writers - 1]);
      expect((await get(name)).body).toBe(`{"by":${winners[0]}}`);
      // What was committed together with the refused ones is there.
      expect((await Promise.all(other)).every(({ status }) => status === 201)).toBe(true);
    }
  });

  test('a counter that all of them raise counts every one', async () => {
    await put('counter', '{"n":0}');
    const raise = async (): Promise<void> => {
      const { body, etag = '' } = await get('counter');
      const n = (JSON.parse(body) as { n: number }).n + 1;
      const { status } = await put('counter', `{"n":${n}}`, { 'if-match': etag });
      if (status === 412) return raise();
    };
    await Promise.all(Array.from({ length: 20 }, raise));
    expect((await get('counter')).body).toBe('{"n":20}');
  });
});

describe('is refused rather than ignored', () => {
  test.each(['abc', '', '"a', '"a" "b"', '"a",', '*, "a"', 'w/"a"', '"a b"', '"a""b"', "'a'"])(
    'a malformed one: %s',
    async (text) => {
      for (const header of ['if-match', 'if-none-match']) {
        expect(codeOf(await put('malformed', '{}', { [header]: text }))).toEqual(invalid);
      }
      expect(codeOf(await get('malformed', { 'if-none-match': text }))).toEqual(invalid);
      expect((await get('malformed')).etag).toBeUndefined();
    },
  );

  test.each([
    ['GET', '/kv/pre/a', { 'if-match': '*' }],
    ['GET', '/kv/pre/keys', { 'if-none-match': '*' }],
    ['GET', '/kv/pre/count', { 'if-none-match': '*' }],
    ['GET', '/ts/a/latest', { 'if-none-match': '"a"' }],
    ['GET', '/hello', { 'if-none-match': '*' }],
    ['GET', '/kv/pre/a', { 'if-none-match': '*', accept: 'text/event-stream' }],
    ['POST', '/ts/a', { 'if-match': '*' }],
    ['POST', '/ts/a/batch', { 'if-none-match': '*' }],
    ['POST', '/cat', { 'if-none-match': '*' }],
    ['DELETE', '/kv/pre', { 'if-match': '*' }],
    ['DELETE', '/ts/a/latest', { 'if-match': '*' }],
    ['POST', '/kv/pre/a', { 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }],
    ['GET', '/kv/pre/a', { 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }],
    ['GET', '/kv/pre/a', { 'if-range': '"a"' }],
  ])('a misplaced one: %s %s %j', async (method, at, headers) => {
    const body = method === 'POST' ? { body: '{"value":1}' } : {};
    expect(codeOf(await it.ask({ method, path: at, headers, ...body }))).toEqual(invalid);
  });

  test('after the token: a stranger learns nothing by it', async () => {
    expect((await it.ask({ path: path('a'), token: '', headers: { 'if-match': 'x' } })).status).toBe(401);
    expect((await it.ask({ path: path('a'), token: 'app POST /*', headers: { 'if-match': 'x' } })).status).toBe(403);
  });
});
