import { once } from 'node:events';
import { connect } from 'node:net';
import { request, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { createConnections } from '../../../src/base/connections.ts';
import { listen } from '../../../src/base/listen.ts';
import { readBody, sendJson, sendProblem, tokenOf } from '../../../src/base/http.ts';

const echo = (limit: number) =>
  listen({
    address: '127.0.0.1',
    port: 0,
    connections: createConnections(3),
    handler: (req, res) =>
      void readBody(req, limit)
        .then((body) => sendJson(res, 200, { token: tokenOf(req), size: body.length }))
        .catch((err: unknown) => sendProblem(res, err)),
  });

test.each([
  [{ 'x-api-key': ' abc ' }, 'abc'],
  [{ authorization: 'Bearer abc.def' }, 'abc.def'],
  [{ authorization: 'Basic abc' }, ''],
  [{}, ''],
])('the token of %j is %j', async (headers, token) => {
  await using server = await echo(10);
  const reply = await fetch(`http://127.0.0.1:${server.port}/`, { headers: headers as Record<string, string> });
  expect(await reply.json()).toEqual({ token, size: 0 });
});

test('a body over the limit is refused as it passes it, with or without a length', async () => {
  await using server = await echo(10);
  const url = `http://127.0.0.1:${server.port}/`;
  const declared = await fetch(url, { method: 'POST', body: 'x'.repeat(11) });
  expect([declared.status, declared.headers.get('content-type')]).toEqual([413, 'application/problem+json']);
  const chunked = request(url, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } });
  chunked.on('error', () => {});
  chunked.write('x'.repeat(11));
  const [res] = (await once(chunked, 'response')) as [{ statusCode: number; resume(): void }];
  expect(res.statusCode).toBe(413);
  res.resume();
  chunked.destroy();
});

test('S03 a body in pieces of one byte is whole, and takes no more memory than in one piece', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const living = (): number => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = living();
  let grew = 0;
  const pieces = async function* () {
    for (let at = 0; at < 200_000; at++) {
      yield Buffer.from([at % 251]);
      if (at % 1_000 === 0) await nextTurn();
    }
    grew = living() - before;
  };
  const req = Object.assign(Readable.from(pieces()), { headers: {} }) as unknown as IncomingMessage;
  const body = await readBody(req, 200_000);
  expect(body.equals(Buffer.from(Uint8Array.from({ length: 200_000 }, (_, at) => at % 251)))).toBe(true);
  expect(grew).toBeLessThan(5_000_000);
});

test('reset ends the connections of one address with a reset', async () => {
  await using server = await echo(10);
  const client = connect(server.port, '127.0.0.1');
  await once(client, 'connect');
  while (server.reset('127.0.0.1') === 0) await new Promise((done) => setImmediate(done));
  const [err] = (await once(client, 'error')) as [NodeJS.ErrnoException];
  expect(err.code).toBe('ECONNRESET');
  expect(server.reset('127.0.0.2')).toBe(0);
});

test('one caller holds a bounded number of connections', async () => {
  await using server = await echo(10);
  const clients = Array.from({ length: 4 }, () => connect(server.port, '127.0.0.1'));
  const ends = clients.map((client) => new Promise((done) => client.once('error', () => done('reset'))));
  expect(await Promise.race(ends)).toBe('reset');
  for (const client of clients) client.destroy();
});
