/** What one caller of a gate may have in memory, and how that is counted without a look into what is sealed. */
import { randomBytes } from 'node:crypto';
import { connect as connectTcp, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { curveKeyPair, Router } from 'zeromq';
import { wireBytes } from '../../../src/zest/framing.ts';
import { loadNative } from '../../../src/zest/native.ts';
import { bare } from '../../../src/zest/reply.ts';
import { createTurns } from '../../../src/zest/turns.ts';
import { app, openGate, other, until } from './gatehouse.ts';
import { askToObserve, connect, dealer, frameOf, wellKnown } from './raw.ts';

const mega = 1024 * 1024;
/** Far below the usual: what is to be beyond it is quickly made. */
const most = {
  requests: { unread: 8 * mega, unsent: 2 * mega, stalledMs: 300 },
  events: { unread: 1_000, unsent: 2 * mega, stalledMs: 300 },
};

test('a message without end is cut off before it fills the memory; other callers are served', async () => {
  await using it = await openGate({ most });
  using many = dealer(it.from(app));
  await many.send('', ...Array<Buffer>(12).fill(randomBytes(mega)));
  await until(() => it.told.includes('unread'));
  using client = connect(it.from(other));
  expect((await client.ask('GET /kv/a')).code).toBe(69);
  using again = connect(it.from(app));
  expect((await again.ask('GET /kv/a')).code).toBe(69);
});

test('whoever speaks to the socket of events is cut off', async () => {
  await using it = await openGate({ most });
  const { key } = await askToObserve(it.from(app), '/kv/a');
  using many = dealer({ ...it.from(app), port: it.from(app).pushPort }, key);
  const talk = setInterval(() => void many.send('x'.repeat(500)), 10);
  await until(() => it.told.includes('unread'));
  clearInterval(talk);
});

test('answers that nobody reads are not made: who asked is cut off after a while, other callers are served', async () => {
  await using it = await openGate({ most });
  using client = connect(it.from(other));
  // More than the buffers of both ends of a connection take.
  await client.ask('POST /kv/long', { body: Buffer.alloc(4 * mega, 'x') });
  using deaf = dealer(it.from(app), wellKnown.publicKey, 1);
  for (let asked = 0; asked < 8; asked++) await deaf.send('', frameOf('GET /kv/long'));
  await until(() => it.told.includes('unsent'));
  using reader = connect(it.from(app));
  for (const one of [client, reader]) expect((await one.ask('GET /kv/long')).payload.length).toBe(4 * mega);
}, 120_000);

test('turns: so many at once, the others in order, nobody while it is full', async () => {
  let isFull = false;
  const turn = createTurns(2, () => isFull);
  const begun: number[] = [];
  const ends = [0, 1, 2, 3].map((n) =>
    turn().then((end) => {
      begun.push(n);
      return end;
    }),
  );
  (await ends[0])?.();
  await ends[2];
  expect(begun).toEqual([0, 1, 2]);
  isFull = true;
  (await ends[1])?.();
  await sleep(60);
  expect(begun).toEqual([0, 1, 2]);
  isFull = false;
  await ends[3];
});

test('messages of all sizes leave nothing on the account: what is counted is what is on the wire', async () => {
  const wire = await openWire();
  const sizes = [0, 1, 100, 187, 188, 189, 220, 221, 222, 223, 300, 70_000, 2_000_000];
  for (const size of sizes) expect(await wire.exchange(size)).toBe(wireBytes(0) + wireBytes(size));
  wire.close();
});

/** A REQ, a ROUTER, and who counts between them. */
async function openWire() {
  const keys = curveKeyPair();
  const router = new Router({ curveServer: true, curveSecretKey: keys.secretKey, linger: 0 });
  await router.bind('tcp://127.0.0.1:*');
  const inner = Number(/\d+$/.exec(router.lastEndpoint ?? '')?.[0]);
  const came: Buffer[] = [];
  const passed = (): number => loadNative().handshakeBeyond(Buffer.concat(came), 7_000);
  const between = createTcpServer((socket) => {
    const far = connectTcp(inner, '127.0.0.1');
    socket.on('data', (piece: Buffer) => {
      came.push(piece);
      far.write(piece);
    });
    far.pipe(socket);
  });
  await new Promise<void>((done) => between.listen(0, '127.0.0.1', done));
  const { port } = between.address() as AddressInfo;
  const client = connect({ port, pushPort: 0 }, keys.publicKey);
  return {
    async exchange(size: number): Promise<number> {
      const before = passed();
      const asked = client.send(Buffer.alloc(size));
      const [name = '', , body = ''] = await router.receive();
      expect(body.length).toBe(size);
      const counted = passed() - before;
      await router.send([name, '', bare(65)]);
      await asked;
      return counted;
    },
    close() {
      client[Symbol.dispose]();
      router.close();
      between.close();
    },
  };
}

test('a handshake is found in pieces of any size, and a long one is refused', () => {
  const beyond = (bytes: Buffer, step: number): number => loadNative().handshakeBeyond(bytes, step);
  const command = (size: number) => Buffer.concat([Buffer.from([4, size]), Buffer.alloc(size)]);
  const long = Buffer.concat([Buffer.from([6, 0, 0, 0, 0, 0, 0, 1, 44]), Buffer.alloc(300)]);
  const whole = Buffer.concat([Buffer.alloc(64), command(200), long, Buffer.from('more')]);
  for (const step of [1, 3, 63, 64, 65, 1_000]) {
    expect(beyond(whole, step)).toBe(4);
    for (const less of [64, 65, 66, 266, 267, 575]) expect(beyond(whole.subarray(0, less), step)).toBe(0);
    expect(beyond(Buffer.concat([Buffer.alloc(64), command(0), command(0)]), step)).toBe(0);
    for (const last of [0, 255]) {
      const endless = Buffer.concat([Buffer.alloc(64), Buffer.from([6, 255, 0, 0, 0, 0, 0, 0, last])]);
      expect(beyond(endless, step)).toBe(-1);
    }
    const two = Buffer.concat([Buffer.alloc(64), Buffer.from([6, 0, 0, 0, 0, 0, 0, 15, 0]), Buffer.alloc(3_840), long]);
    expect(beyond(two, step)).toBe(-1);
  }
});
