import { setTimeout as sleep } from 'node:timers/promises';
import { curveKeyPair, Request } from 'zeromq';
import { silent } from '../../../src/base/log.ts';
import { bare } from '../../../src/zest/reply.ts';
import { startServer } from '../../../src/zest/server.ts';
import { connect, dealer, frameOf, wellKnown } from './raw.ts';
import { openTarget } from './target.ts';

test('each kind of answer, over CURVE', async () => {
  await using it = await openTarget();
  using client = connect(it);
  const codes = async (...requests: [string, object?][]) => {
    const found: number[] = [];
    for (const [request, call] of requests) found.push((await client.ask(request, call)).code);
    return found;
  };
  expect(await codes(['POST /kv/a', { body: '{"a":1}' }], ['GET /kv/a'], ['DELETE /kv/a'])).toEqual([65, 69, 66]);
  expect(await codes(['GET /kv/a', { token: 'forged' }], ['GET /defect'], ['PUT /kv/a'])).toEqual([129, 160, 128]);
  expect((await client.ask('GET /kv/a')).payload).toBe('{"a":1}');
  expect((await client.send(Buffer.alloc(0))).code).toBe(128);
});

test('requests of one client are answered in order, and a slow one keeps no other client waiting', async () => {
  await using it = await openTarget();
  using many = dealer(it);
  for (const request of ['GET /held', 'POST /kv/a', 'DELETE /kv/a']) await many.send('', frameOf(request));
  while (it.asked.length === 0) await sleep(10);
  using other = connect(it);
  expect((await other.ask('GET /kv/b')).code).toBe(69);
  expect(it.asked).toEqual(['/held', '/kv/b']);
  it.release();
  expect(await many.codes(3)).toEqual([69, 65, 66]);
});

test('who asks for more than is answered at once is told so, and all that were taken are answered', async () => {
  await using it = await openTarget();
  using many = dealer(it);
  for (let sent = 0; sent < 50; sent++) await many.send('', frameOf('GET /held'));
  expect(await many.codes(42)).toEqual(Array<number>(42).fill(163));
  it.release();
  expect(await many.codes(8)).toEqual(Array<number>(8).fill(69));
});

test('a request that fails beyond its answer keeps none behind it waiting', async () => {
  const turns = [() => Promise.reject(new Error('no turn')), () => Promise.resolve(() => {})];
  const traffic = {
    took() {},
    gave() {},
    isFull: () => false,
    turn: () => turns.shift()?.() ?? Promise.resolve(() => {}),
  };
  await using server = await startServer({
    ...{ endpoint: { address: '127.0.0.1', port: 0 }, secretKey: wellKnown.secretKey, traffic, log: silent },
    answer: (frame) => Promise.resolve(bare(frame[0] === 1 ? 69 : 65)),
  });
  using many = dealer({ port: server.port, pushPort: 0 });
  for (const request of ['GET /a', 'GET /b', 'POST /c']) await many.send('', frameOf(request));
  expect(await many.codes(2)).toEqual([69, 65]);
});

test.each([
  ['one part behind the empty one', ['', frameOf('GET /a')], 69],
  ['one more behind it', ['', frameOf('GET /a'), 'more'], 128],
  ['none behind it', [''], 128],
  ['no empty part', [frameOf('GET /a')], 69],
  ['a part before the empty one', ['stamp', '', frameOf('GET /a')], 69],
])('a message is answered: %s', async (_name, parts, code) => {
  await using it = await openTarget();
  using many = dealer(it);
  await many.send(...parts);
  expect(await many.codes(1)).toEqual([code]);
});

test('a client without CURVE, or with another server’s key, is not served', async () => {
  await using it = await openTarget();
  for (const options of [{}, { curveServerKey: curveKeyPair().publicKey, ...keys() }]) {
    const socket = new Request({ linger: 0, receiveTimeout: 300, ...options });
    socket.connect(`tcp://127.0.0.1:${it.port}`);
    await socket.send(frameOf('GET /kv/a'));
    await expect(socket.receive()).rejects.toThrow();
    socket.close();
  }
  expect(it.asked).toEqual([]);
});

function keys() {
  const { publicKey, secretKey } = curveKeyPair();
  return { curvePublicKey: publicKey, curveSecretKey: secretKey };
}
