/** What a reader remembers of its clients changes nothing of what it reads. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { createReader, readRequest, type Asked } from '../../../src/zest/request.ts';
import { frames } from './frames.ts';
import { frameOf } from './raw.ts';

const samples = [
  frameOf('POST /kv/a/b', { body: '{"a":1}' }),
  frameOf('POST /kv/a/b', { body: '{"a":2,"b":"longer"}' }),
  frameOf('POST /kv/a/b'),
  frameOf('POST /kv/a/c', { body: '{"a":1}' }),
  frameOf('POST /kv/a/b', { body: '{"a":1}', token: 'pqq' }),
  frameOf('POST /kv/a/b', { body: '{"a":1}', format: 0 }),
  frameOf('GET /kv/a/*', { observe: '', maxAge: 7 }),
];

/** Of a reader or of `readRequest`: what was asked, or why that cannot be read. */
const outcome = (read: () => Asked): unknown => {
  try {
    return read();
  } catch (err) {
    return String(err);
  }
};

test('each frame is read as if it were the first', () => {
  const step = fc.record({ client: fc.constantFrom('a', 'b'), frame: frames(['app', 'pqq', ''], samples) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const read = createReader();
      for (const { client, frame } of steps) {
        expect(outcome(() => read(frame, client))).toEqual(outcome(() => readRequest(frame)));
      }
    }),
  );
});

test('so is every pair of frames that differ in one byte, or end earlier', () => {
  const [first = Buffer.alloc(0)] = samples;
  for (let at = 0; at < first.length; at++) {
    const other = Buffer.from(first);
    other[at] = (other[at] ?? 0) ^ 1;
    for (const frame of [other, first.subarray(0, at), Buffer.concat([first, other])]) {
      const read = createReader();
      read(first, 'a');
      expect(outcome(() => read(frame, 'a'))).toEqual(outcome(() => readRequest(frame)));
    }
  }
});

test('a frame whose memory was given away is no frame to go by', () => {
  const read = createReader();
  const given = Buffer.from(new Uint8Array(samples[0] as Buffer).buffer);
  read(given, 'a');
  structuredClone(null, { transfer: [given.buffer] });
  expect(read(samples[0] as Buffer, 'a')).toEqual(readRequest(samples[0] as Buffer));
});

test('no frame is kept for the next one: the library has each in memory of its own', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const read = createReader();
  const kept = Array.from({ length: 100 }, (_, client) => {
    const frame = Buffer.allocUnsafeSlow(samples[0]?.length ?? 0);
    samples[0]?.copy(frame);
    read(frame, `${client}`);
    return new WeakRef(frame.buffer);
  });
  // A reference that was just made holds until the turn is over.
  await sleep(1);
  collect();
  expect(kept.filter((one) => one.deref() !== undefined)).toHaveLength(0);
});

test('what was read of a client is read once, of more clients than are remembered too', () => {
  const read = createReader();
  const ask = (client: number, path = '/kv/a/b') => read(frameOf(`POST ${path}`), `${client}`);
  const token = ask(0).token;
  expect(token).toBe('app');
  for (let client = 0; client < 1_000; client++) {
    expect(ask(client, `/kv/a/${client}`).path).toBe(`/kv/a/${client}`);
    expect(ask(client, `/kv/a/${client}`).path).toBe(`/kv/a/${client}`);
  }
  expect(ask(0).path).toBe('/kv/a/b');
});
