/** The reader of packets: what it takes, what it refuses, and that nothing makes it read or write out of bounds. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { buildNative } from '../../../build/native.ts';
import { loadNative, packetField, packetWords } from '../../../src/network/native.ts';
import { packetOf } from '../../../src/network/queue.ts';

buildNative('nfqueue');
const native = loadNative();
/** A million with DATABOX_TEST_FULL=1. */
const count = process.env['DATABOX_TEST_FULL'] ? 1_000_000 : 50_000;

/** A TCP segment of 20 + 20 bytes and some payload, as it is on the wire. */
function segment({ head = 0x45, total = 44, fragment = 0, protocol = 6, offset = 0x50 } = {}): Uint8Array {
  const bytes = Buffer.alloc(44);
  bytes.writeUInt8(head, 0);
  bytes.writeUInt16BE(total, 2);
  bytes.writeUInt16BE(fragment, 6);
  bytes.writeUInt8(protocol, 9);
  bytes.set([10, 196, 1, 2, 10, 196, 1, 254], 12);
  bytes.writeUInt16BE(40_000, 20);
  bytes.writeUInt16BE(8080, 22);
  bytes.writeUInt32BE(4_000_000_000, 24);
  bytes.writeUInt32BE(3_000_000_000, 28);
  bytes.writeUInt8(offset, 32);
  bytes.writeUInt8(0x18, 33);
  return bytes;
}
const read = (bytes: Uint8Array) => {
  const record = new Uint32Array(packetWords);
  return native.parse(bytes, record) ? packetOf(record) : null;
};

test('a TCP segment', () =>
  expect(read(segment())).toEqual({
    ...{ src: '10.196.1.2', dst: '10.196.1.254', protocol: 6, sport: 40_000, dport: 8080 },
    ...{ flags: 0x18, seq: 4_000_000_000, ack: 3_000_000_000, payload: 4 },
  }));
test('a UDP datagram has ports and nothing else', () => {
  const bytes = segment({ protocol: 17 });
  bytes.set([0, 24], 24);
  expect(read(bytes)).toMatchObject({ sport: 40_000, dport: 8080, flags: 0, seq: 0, payload: 0 });
});
test('another protocol has no ports', () =>
  expect(read(segment({ protocol: 1 }))).toMatchObject({ sport: 0, dport: 0 }));
test.each([
  ['version six', segment({ head: 0x65 })],
  ['options, so source routing', segment({ head: 0x46 })],
  ['a header below its minimum', segment({ head: 0x44 })],
  ['a first fragment', segment({ fragment: 0x2000 })],
  ['a later fragment', segment({ fragment: 0x0001 })],
  ['a total length below the header', segment({ total: 19 })],
  ['a total length that cuts the TCP header', segment({ total: 39 })],
  ['a TCP header that is longer than the packet', segment({ offset: 0xf0 })],
  ['a TCP header below its minimum', segment({ offset: 0x40 })],
  ['a packet cut in the TCP header', segment().subarray(0, 39)],
  ['a packet cut in the IP header', segment().subarray(0, 19)],
  ['nothing', new Uint8Array(0)],
])('refuses %s', (_claim, bytes) => expect(read(bytes)).toBeNull());

test('random packets: no crash, no growth, no write beyond the record', () => {
  const record = new Uint32Array(packetWords * 3).fill(0xdeadbeef);
  const middle = record.subarray(packetWords, packetWords * 2);
  const noise = Buffer.alloc(128);
  let random = 1;
  const next = () => (random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0);
  let readable = 0;
  // What V8 takes to have room for garbage is there after the first half.
  let before = NaN;
  for (let turn = 0; turn < count; turn++) {
    if (turn === count / 2) before = resident();
    for (let word = 0; word < noise.length; word += 4) noise.writeUInt32LE(next(), word);
    if (turn % 2 === 0) noise.writeUInt8(0x45, 0);
    if (turn % 4 === 0) noise.writeUInt16BE(0, 6);
    if (turn % 8 === 0) noise.writeUInt8(turn % 16 === 0 ? 6 : 17, 9);
    if (native.parse(noise.subarray(0, next() % 129), middle)) readable++;
  }
  expect(readable).toBeGreaterThan(count / 50);
  expect([...record.subarray(0, packetWords), ...record.subarray(packetWords * 2)]).toEqual(
    Array<number>(packetWords * 2).fill(0xdeadbeef),
  );
  expect(middle[packetField.verdict]).toBe(0xdeadbeef); // the reader gives no verdict
  expect(resident() - before).toBeLessThan(50 * 1024 * 1024);
});

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** Bytes of this process, but for its garbage. */
function resident(): number {
  collect();
  return process.memoryUsage().rss;
}
