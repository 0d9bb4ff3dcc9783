/** dns-packet, an independent codec, writes the queries and reads the replies. */
import dns from 'dns-packet';
import fc from 'fast-check';
import { canonicalHost, rcode, read, write } from '../../../../src/network/names/message.ts';

const ask = (name: string, type: dns.RecordType = 'A', more: Partial<dns.Packet> = {}) =>
  dns.encode({ type: 'query', id: 4711, flags: dns.RECURSION_DESIRED, questions: [{ type, name }], ...more });
const queryOf = (message: Buffer) => {
  const reading = read(message);
  return reading && 'query' in reading ? reading.query : undefined;
};
const codeOf = (message: Buffer) => {
  const reading = read(message);
  return reading && 'refusal' in reading ? (reading.refusal[3] ?? 0) & 15 : reading;
};
/** A query with a question made of these labels, as bytes. */
const labels = (...parts: (string | Buffer)[]) =>
  Buffer.concat([
    Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ...parts.map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part as string, 'latin1')])),
    Buffer.from([0, 0, 1, 0, 1]),
  ]);

describe('one canonical form', () => {
  for (const [claim, message, name] of [
    ['case does not matter', ask('ApI.ExAmple.NET'), 'api.example.net'],
    ['nor does a trailing dot', ask('api.example.net.'), 'api.example.net'],
    ['one label is a name', ask('arbiter'), 'arbiter'],
    ['a dot inside a label is not a separator', labels('api.example', 'net'), null],
    ['NUL ends no name', labels('arbiter\0', 'evil'), null],
    ['a punycode twin is another name', ask('xn--rbiter-3of'), 'xn--rbiter-3of'],
    ['letters of other alphabets are no host name', labels(Buffer.from('аrbiter', 'utf8')), null],
    ['a space is no host name', labels('arbiter '), null],
    ['the root is no host name', labels(), null],
  ] as const) {
    test(claim, () => expect(queryOf(message)?.name).toBe(name));
  }
  for (const [text, name] of [
    ['API.example.net.', 'api.example.net'],
    ['arbiter', 'arbiter'],
    ['', null],
    ['a..b', null],
    ['a b', null],
    ['x'.repeat(64), null],
    [`${'a.'.repeat(126)}ab`, null],
    ['bücher.example', null],
  ] as const) {
    test(`an agreement’s ${text.slice(0, 20)} is ${name}`, () => expect(canonicalHost(text)).toBe(name));
  }
});

describe('odd packets', () => {
  const query = ask('arbiter');
  const changed = (offset: number, value: number) => {
    const copy = Buffer.from(query);
    copy.writeUInt16BE(value, offset);
    return copy;
  };
  for (const [claim, message, code] of [
    ['too short for a header: silence', query.subarray(0, 11), null],
    ['a reply sent as a query: silence', changed(2, 0x8100), null],
    ['no question: FORMERR', changed(4, 0), rcode.malformed],
    ['two questions: FORMERR', changed(4, 2), rcode.malformed],
    ['with answers: FORMERR', changed(6, 1), rcode.malformed],
    ['with authorities: FORMERR', changed(8, 1), rcode.malformed],
    ['cut in its name: FORMERR', query.subarray(0, 15), rcode.malformed],
    ['cut in its type: FORMERR', query.subarray(0, query.length - 3), rcode.malformed],
    [
      'a pointer to itself: FORMERR',
      Buffer.concat([query.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]),
      rcode.malformed,
    ],
    ['a name over 255 bytes: FORMERR', labels(...Array<string>(5).fill('x'.repeat(63))), rcode.malformed],
    ['an update: NOTIMP', changed(2, 5 << 11), rcode.unsupported],
    ['class CHAOS: NOTIMP', changed(query.length - 2, 3), rcode.unsupported],
  ] as const) {
    test(claim, () => expect(codeOf(message)).toBe(code));
  }
  test('EDNS options are not looked at', () => {
    const additionals: dns.Answer[] = [
      { type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [] } as never,
    ];
    expect(queryOf(ask('arbiter', 'A', { additionals }))?.name).toBe('arbiter');
  });
});

test('a reply repeats id and question, is authoritative and has TTL 0', () => {
  const query = queryOf(ask('ArBiter'));
  const reply = dns.decode(write(query!, rcode.ok, { type: 'a', address: '10.196.2.253' }));
  expect(reply).toMatchObject({
    id: 4711,
    type: 'response',
    flag_aa: true,
    flag_rd: true,
    flag_ra: true,
    rcode: 'NOERROR',
  });
  expect(reply.questions).toEqual([{ name: 'ArBiter', type: 'A', class: 'IN' }]);
  expect(reply.answers).toMatchObject([{ name: 'ArBiter', type: 'A', class: 'IN', ttl: 0, data: '10.196.2.253' }]);
});

test('a PTR reply has the name', () => {
  const query = queryOf(ask('253.2.196.10.in-addr.arpa', 'PTR'));
  const reply = dns.decode(write(query!, rcode.ok, { type: 'ptr', name: 'driver-x-core-store' }));
  expect(reply.answers).toMatchObject([{ type: 'PTR', data: 'driver-x-core-store', ttl: 0 }]);
});

describe('fuzz', () => {
  const settled = (message: Buffer) => {
    const reading = read(message);
    if (reading === null) return;
    const reply = 'refusal' in reading ? reading.refusal : write(reading.query, rcode.unknown);
    expect(reply.length).toBeLessThanOrEqual(512);
    expect(dns.decode(reply).id).toBe(message.readUInt16BE(0));
  };
  test('random bytes are answered shortly or not at all', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => settled(Buffer.from(bytes))),
      { numRuns: 3_000 },
    ));
  test('queries with flipped and cut bytes too', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 8 }), fc.nat(60), (flips, cut) => {
        const message = Buffer.from(ask('driver-x-core-store.example'));
        for (const [at, value] of flips) if (at < message.length) message[at] = value;
        // A flipped label byte may be a pointer mark for dns-packet's reading of our echo, never for ours.
        const reading = read(message.subarray(0, Math.max(0, message.length - cut)));
        if (reading && 'query' in reading) expect(reading.query.question?.length).toBeLessThanOrEqual(259);
      }),
      { numRuns: 3_000 },
    ));
});
