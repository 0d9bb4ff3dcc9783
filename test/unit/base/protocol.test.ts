/** What is refused before any route is looked for is a problem too, on the bare connection. */
import { connect } from 'node:net';
import { listen, type Listener } from '../../../src/base/listen.ts';

let door: Listener;
beforeAll(async () => {
  const handler: Parameters<typeof listen>[0]['handler'] = (req, res) => {
    req.on('error', () => {}).resume();
    req.on('end', () => res.end('fine'));
  };
  door = await listen({ address: '127.0.0.1', port: 0, handler });
});
afterAll(() => door[Symbol.asyncDispose]());

/** All that the door says until it hangs up. */
function say(text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(door.port, '127.0.0.1', () => socket.write(text));
  let said = '';
  socket.setEncoding('utf8').on('data', (part: string) => (said += part));
  socket.on('error', () => {}).on('close', () => resolve(said));
  return promise;
}

const close = 'Host: a\r\nConnection: close\r\n';
test.each([
  ['not HTTP at all', 'hello\r\n\r\n', 400, 'request.invalid'],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'request.invalid'],
  ['no host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'request.invalid'],
  [
    'two lengths',
    `POST / HTTP/1.1\r\n${close}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
    400,
    'request.invalid',
  ],
  [
    'a chunk without a size',
    `POST / HTTP/1.1\r\n${close}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    400,
    'request.invalid',
  ],
  ['endless headers', `GET / HTTP/1.1\r\n${close}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'request.too-large'],
  ['a wish', `GET / HTTP/1.1\r\n${close}Expect: a miracle\r\n\r\n`, 417, 'expectation.refused'],
  ['a proxy', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', 405, 'method.refused'],
])('%s', async (_what, text, status, code) => {
  const [head = '', body = ''] = (await say(text)).split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} .*content-type: application/problem\\+json`, 'is'));
  expect(JSON.parse(body)).toMatchObject({ status, code });
});

test('behind the beginning of an answer nothing is added', async () => {
  const said = await say('GET / HTTP/1.1\r\nHost: a\r\n\r\n\0\0\0\0\r\n\r\n');
  expect(said.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
});
