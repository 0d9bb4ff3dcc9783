import { startStore } from './harness.ts';

const it = await startStore();
afterAll(() => it[Symbol.asyncDispose]());

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
