/** Whatever a client sends, to a store or to the arbiter, is answered once, and is no defect; the next request finds the door as it was. */
import fc from 'fast-check';
import { curveKeyPair, Dealer } from 'zeromq';
import { Failure } from '../../../src/base/errors.ts';
import { decode, encode } from '../../../src/zest/codec.ts';
import { readRequest } from '../../../src/zest/request.ts';
import { seed, share } from '../api/hammer.ts';
import { openArbiter } from './arbiter-house.ts';
import { about, app, asking, manager } from './cases.arbiter.ts';
import { envelopes, frames } from './frames.ts';
import { openStoreDoor } from './house.ts';
import { frameOf, readReply, wellKnown, type Place } from './raw.ts';

beforeAll(() => console.info(`DATABOX_FUZZ_SEED=${seed} repeats this run`));

const known = [65, 66, 69, 128, 129, 134, 141, 163];

/** A client that is no REQ, so that it would see a second answer. */
function openClient({ port }: Place) {
  const { publicKey, secretKey } = curveKeyPair();
  const curve = { curveServerKey: wellKnown.publicKey, curvePublicKey: publicKey, curveSecretKey: secretKey };
  const socket = new Dealer({ ...curve, linger: 0, receiveTimeout: 60_000 });
  socket.connect(`tcp://127.0.0.1:${port}`);
  return { socket, [Symbol.dispose]: () => socket.close() };
}

type Attack = { tokens: readonly string[]; samples: readonly Buffer[]; probe: Buffer; numRuns: number };

/** Each message is followed by a good one, whose answer comes behind all of the first: there was one. */
async function hammer(place: Place, { tokens, samples, probe, numRuns }: Attack): Promise<Set<number>> {
  using client = openClient(place);
  const { socket } = client;
  const seen = new Set<number>();
  const property = fc.asyncProperty(envelopes(frames(tokens, samples)), async (parts) => {
    await socket.send(parts);
    await socket.send(['probe', '', probe]);
    const { code } = readReply((await socket.receive()).at(-1) ?? Buffer.alloc(0));
    expect(known).toContain(code);
    seen.add(code);
    const [stamp, , reply] = await socket.receive();
    expect([stamp?.toString(), readReply(reply ?? Buffer.alloc(0)).code]).toEqual(['probe', 69]);
  });
  await fc.assert(property, { numRuns, seed, endOnFailure: true });
  return seen;
}

const ofStore = [
  frameOf('POST /kv/a/b', { body: '{"a":1}' }),
  frameOf('GET /kv/a/b'),
  frameOf('DELETE /kv/a/b'),
  frameOf('POST /ts/a', { body: '{"value":1,"room":"hall"}' }),
  frameOf('GET /ts/a/since/0/filter/room/equals/hall'),
  frameOf('GET /kv/a/*', { observe: '' }),
  frameOf('GET /notification/response/f/1', { maxAge: 0 }),
  frameOf('GET /kv/a/b', { token: 'forged' }),
];

test('a store', async () => {
  await using it = await openStoreDoor();
  const tokens = ['app', 'driver-test', 'forged', 'app GET /kv/*', ''];
  const [probe, numRuns] = [frameOf('GET /hello'), share(2_000, 20_000)];
  const seen = await hammer(it, { tokens, samples: ofStore, probe, numRuns });
  // Frames that are only refused would say little.
  expect([...seen]).toEqual(expect.arrayContaining([65, 66, 69, 128, 129]));
}, 600_000);

const ofArbiter = [
  frameOf('GET /status', app),
  frameOf('GET /cat', app),
  frameOf('POST /token', { ...app, body: asking({}) }),
  frameOf('POST /cm/upsert-container-info', { ...manager, body: '{"name":"x","type":"app","key":"k"}' }),
  frameOf('POST /cm/delete-container-info', { ...manager, body: '{"name":"x"}' }),
  frameOf('POST /cm/grant-container-permissions', { ...manager, body: about('twin') }),
  frameOf('GET /*', { ...manager, observe: 'audit' }),
  frameOf('GET /cat', { ...app, token: 'guess' }),
];

test('the arbiter', async () => {
  await using it = await openArbiter();
  const tokens = [app.token, manager.token, 'guess', ''];
  const [probe, numRuns] = [frameOf('GET /cat', manager), share(1_000, 10_000)];
  const seen = await hammer(it, { tokens, samples: ofArbiter, probe, numRuns });
  expect([...seen]).toEqual(expect.arrayContaining([65, 66, 69, 128, 129]));
}, 600_000);

test('the codec: what is read is put together again, and all else is refused', () => {
  const check = fc.property(frames(['app'], ofStore), (frame) => {
    try {
      const asked = readRequest(frame);
      expect(asked.body.length).toBeLessThan(frame.length);
      expect(encode(decode(frame))).toEqual(frame);
    } catch (err) {
      if (!(err instanceof Failure) || err.code !== 'frame.invalid') throw err;
    }
  });
  fc.assert(check, { numRuns: share(3_000, 30_000), seed, endOnFailure: true });
});
