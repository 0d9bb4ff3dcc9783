import { once } from 'node:events';
import { connect } from 'node:tls';
import { startStore } from './harness.ts';

const it = await startStore();
afterAll(() => it[Symbol.asyncDispose]());
const post = (path: string, body: string | Buffer, headers = {}) => it.ask({ method: 'POST', path, body, headers });

describe('a token is asked for first', () => {
  test.each(['/hello', '/time', '/uptime', '/status', '/cat', '/kv/a/b', '/ts/a/latest', '/no/such/path', '/ts//a'])(
    '%s without one is 401',
    async (path) => {
      const answer = await it.ask({ path, token: '' });
      expect([answer.status, answer.type]).toEqual([401, 'application/problem+json']);
      expect(JSON.parse(answer.body)).toMatchObject({
        code: 'token.missing',
        type: 'urn:databox:problem:token.missing',
      });
    },
  );

  test.each([
    ['a forged one', 'forged', 'GET', '/ts/a/latest', 401],
    ['another path', 'app GET /ts/a/*', 'GET', '/ts/b/latest', 403],
    ['a sibling that shares its prefix', 'app GET /ts/temp/*', 'GET', '/ts/temperature/latest', 403],
    ['another method', 'app GET /ts/a/*', 'DELETE', '/ts/a/latest', 403],
    ['a join with another series', 'app GET /ts/a/*', 'GET', '/ts/a,b/latest', 403],
    ['its own path', 'app GET /ts/a/*', 'GET', '/ts/a/latest', 200],
    ['its own path, percent-encoded once', 'app GET /ts/a/*', 'GET', '/%74s/a/latest', 200],
    ['a wildcard read as a path', 'app GET /ts/*', 'GET', '/ts/*', 400],
  ])('%s', async (_claim, token, method, path, status) => {
    expect((await it.ask({ method, path, token })).status).toBe(status);
  });

  test('Authorization: Bearer does as well', async () => {
    const answer = await it.ask({ path: '/hello', token: '', headers: { authorization: 'Bearer app' } });
    expect(answer.body).toBe('hello world!');
  });
});

describe('one canonical path', () => {
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
    ['an unknown mode', '/ts/a?observe=notification'],
    ['a mode twice', '/ts/a?observe=data&observe=audit'],
  ])('%s is 400', async (_claim, path) => {
    const answer = await it.ask({ path });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toHaveProperty('code');
  });

  test.each([
    "a'b",
    'a"b',
    'a;--',
    'DROP TABLE entry',
    '100%'.replace('%', '_'),
    'été',
    '温度',
    'a;v=1',
    '..a',
    'a'.repeat(256),
  ])('id %s is literal data', async (id) => {
    const path = `/ts/${encodeURIComponent(id)}`;
    expect((await post(path, `{"value":1,"t":${JSON.stringify(id)}}`)).status).toBe(201);
    expect((await it.ask({ path: `${path}/latest/filter/t/equals/${encodeURIComponent(id)}/count` })).body).toBe(
      '{"result":1}',
    );
  });

  test('% and _ in a filter are no wildcards', async () => {
    await post('/ts/literal', '{"value":1,"t":"abc"}');
    expect((await it.ask({ path: '/ts/literal/latest/filter/t/contains/a_c' })).body).toBe('[]');
  });

  test('paths are case-sensitive', async () => {
    expect((await it.ask({ path: '/TS/a/latest' })).status).toBe(404);
  });
});

describe('bodies', () => {
  const megabyte = 1024 * 1024;
  test('of the limit are taken, of one byte more refused', async () => {
    const filled = (bytes: number) => `["${'a'.repeat(bytes - 4)}"]`;
    expect((await post('/ts/blob/big', filled(megabyte))).status).toBe(201);
    expect((await it.ask({ path: '/ts/blob/big/latest' })).body.length).toBeGreaterThan(megabyte);
    expect((await post('/ts/blob/big', filled(megabyte + 1))).status).toBe(413);
  });

  test('without a length are refused as soon as they pass the limit', async () => {
    const answer = await endless('/ts/blob/big');
    expect(answer).toMatch(/^HTTP\/1.1 413 .*body\.too-large/s);
  });

  test.each([
    ['64 deep', '['.repeat(64) + ']'.repeat(64), 201],
    ['65 deep', '['.repeat(65) + ']'.repeat(65), 400],
    ['100,000 deep', '['.repeat(100_000), 400],
    ['a member twice, deep inside', '{"a":[{"b":1,"c":{"b":1},"b":2}]}', 400],
    ['a member twice, once escaped', '{"a":1,"\\u0061":2}', 400],
    ['a colon in a string', '{"a":":","b":"\\":"}', 201],
    ['1e999 deep inside', '{"a":[1e999]}', 400],
    ['-1e999', '[-1e999]', 400],
    ['half a surrogate pair', '["\\udc00"]', 400],
    ['a whole pair', '["\\ud83d\\ude00"]', 201],
    ['bytes that are no UTF-8', Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]), 400],
    ['a raw line break in a string', '["\n"]', 400],
  ])('%s', async (_claim, body, status) => {
    expect((await post('/ts/blob/shapes', body)).status).toBe(status);
  });

  test('an unusual key is a key', async () => {
    const body = '{"__proto__":{"a":1},"constructor":2,"1":3,"0":4}';
    expect((await post('/kv/odd/__proto__', body)).status).toBe(201);
    expect((await it.ask({ path: '/kv/odd/__proto__' })).body).toBe(body);
  });
});

/** Sends a chunked body that does not end, until an answer comes. */
async function endless(path: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: it.port, ca: it.agent.options.ca });
  await once(socket, 'secureConnect');
  socket.write(`POST ${path} HTTP/1.1\r\nHost: s\r\nX-Api-Key: app\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const chunk = `${(65_536).toString(16)}\r\n${'a'.repeat(65_536)}\r\n`;
  const timer = setInterval(() => socket.writable && socket.write(chunk), 1);
  let said = '';
  socket.on('data', (data: Buffer) => (said += data.toString())).on('error', () => {});
  await once(socket, 'close');
  clearInterval(timer);
  return said;
}
