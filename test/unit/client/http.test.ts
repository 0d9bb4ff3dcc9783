import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isPassing } from '../../../src/client/errors.ts';
import { createHttp } from '../../../src/client/http.ts';

test('an answer that is too long is no failure that passes', async () => {
  await using server = createServer((req, res) => res.end('x'.repeat(Number(req.url?.slice(1))))).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  using http = createHttp(undefined, { answerLimitBytes: 1_000 });
  expect((await http.ask({ method: 'GET', url: `${url}/1000` })).body).toHaveLength(1_000);
  const failure: unknown = await http.ask({ method: 'GET', url: `${url}/1001` }).catch((err: unknown) => err);
  expect(failure).toMatchObject({ code: 'answer.too-large', status: 0 });
  expect(isPassing(failure)).toBe(false);
});
