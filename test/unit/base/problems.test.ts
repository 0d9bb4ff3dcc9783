import express from 'express';
import { connect } from 'node:net';
import { problems, readBody } from '../../../src/base/http.ts';
import { listen } from '../../../src/base/listen.ts';
import { createLog, type Log } from '../../../src/base/log.ts';

/** A server that reads bodies; what it logged as an error, and a promise of the next request's end. */
async function start() {
  const errors: string[] = [];
  const log: Log = createLog('silent');
  log.error = ((_facts: unknown, sentence: string) => void errors.push(sentence)) as Log['error'];
  const ends: (() => void)[] = [];
  const app = express();
  app.post('/read', async (req, res) => {
    await readBody(req, 1_000).finally(() => setImmediate(() => ends.shift()?.()));
    res.end();
  });
  app.post('/defect', () => {
    throw new TypeError('a defect');
  });
  app.use(problems(log));
  const server = await listen({ address: '127.0.0.1', port: 0, handler: app });
  const ended = () => new Promise<void>((resolve) => ends.push(resolve));
  return { errors, ended, port: server.port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

test('a caller that hangs up half-way is no error of ours; a defect is', async () => {
  await using box = await start();
  const ended = box.ended();
  const socket = connect(box.port, '127.0.0.1', () => {
    socket.write('POST /read HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf', () => socket.destroy());
  });
  await ended;
  expect(box.errors).toEqual([]);
  expect((await fetch(`http://127.0.0.1:${box.port}/defect`, { method: 'POST' })).status).toBe(500);
  expect(box.errors).toEqual(['request failed']);
});
