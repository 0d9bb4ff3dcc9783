import { Failure } from '../../../src/base/errors.ts';
import { decode, encode, optionNumbers, uint } from '../../../src/zest/codec.ts';
import { codeOf, outcomeOf } from '../../../src/zest/codes.ts';
import { answerFrame, bare, endFrame, eventFrame, notifyFrame, observeFrame } from '../../../src/zest/reply.ts';
import { readRequest, type Asked } from '../../../src/zest/request.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
const nobody = Buffer.alloc(0);
const lamp = { path: '/kv/lounge/lamp', host: 'app1', token: 'tok', format: 'json', body: nobody } as const;
const all = { ...lamp, method: 'GET', path: '/kv/lounge/*' } as const;

/** The frames of the protocol's reference, as they were captured from the original's clients. */
const requests: [name: string, frame: Buffer, asked: Asked][] = [
  [
    'POST of JSON',
    bytes(`02 03 0003 746f6b 000b 000f 2f6b762f6c6f756e67652f6c616d70 0003 0004 61707031 000c 0002 0032
      7b226f6e223a747275657d`),
    { ...lamp, method: 'POST', body: Buffer.from('{"on":true}') },
  ],
  [
    'GET of a series',
    bytes('01 03 0003 746f6b 000b 000f 2f74732f74656d702f6c6174657374 0003 0004 61707031 000c 0002 0032'),
    { ...lamp, method: 'GET', path: '/ts/temp/latest' },
  ],
  [
    'GET of text without a token',
    bytes('01 03 0000 000b 0007 2f6b762f612f62 0003 0004 61707031 000c 0002 0000'),
    { ...lamp, method: 'GET', path: '/kv/a/b', token: '', format: 'text' },
  ],
  [
    'DELETE',
    bytes('04 03 0003 746f6b 000b 000f 2f6b762f6c6f756e67652f6c616d70 0003 0004 61707031 000c 0002 0032'),
    { ...lamp, method: 'DELETE' },
  ],
  [
    'observe, as Node says it',
    bytes(`01 05 0003 746f6b 000b 000c 2f6b762f6c6f756e67652f2a 0003 0004 61707031 0006 0000 000c 0002 0032
      000e 0004 00000000`),
    { ...all, observe: { mode: 'data', maxAgeMs: Infinity } },
  ],
  [
    'observe for a minute, as Go can say it',
    bytes(`01 05 0003 746f6b 000b 000c 2f6b762f6c6f756e67652f2a 0003 0004 61707031 0006 0004 64617461 000c 0002 0032
      000e 0004 0000003c`),
    { ...all, observe: { mode: 'data', maxAgeMs: 60_000 } },
  ],
  [
    'notify, as Go says it',
    bytes(`01 04 0003 746f6b 000b 001a 2f6e6f74696669636174696f6e2f726573706f6e73652f662f31 0003 0004 61707031
      000c 0002 0032 000e 0004 00000000`),
    { ...lamp, method: 'GET', path: '/notification/response/f/1' },
  ],
  [
    'a token request',
    Buffer.concat([
      bytes('02 03 0006 736563726574 000b 0006 2f746f6b656e 0003 0004 61707031 000c 0002 0032'),
      Buffer.from('{"target":"127.0.0.1","path":"/kv/a/b","method":"GET","caveats":[]}'),
    ]),
    {
      ...{ method: 'POST', path: '/token', host: 'app1', token: 'secret', format: 'json' },
      body: Buffer.from('{"target":"127.0.0.1","path":"/kv/a/b","method":"GET","caveats":[]}'),
    },
  ],
];

test.each(requests)('reads %s, and puts the same frame together', (_name, frame, asked) => {
  expect(readRequest(frame)).toEqual(asked);
  expect(encode(decode(frame))).toEqual(frame);
});

const key = 'vl6wu0A@XP?}Or/&BR#LSxn>A+}L)p44/W[wXL3<';
const uuid = '3f2c1b1e-8f1d-4c7e-9a51-0c2b6a5d4e3f';
const hexOf = (text: string): string => Buffer.from(text).toString('hex');

const replies: [name: string, frame: Buffer, hex: string][] = [
  ['created', answerFrame({ did: 'created' }), '41 00 0000'],
  ['deleted', answerFrame({ did: 'deleted' }), '42 00 0000'],
  ['a bad request', bare(128), '80 00 0000'],
  ['unauthorised', bare(129), '81 00 0000'],
  ['not acceptable', bare(134), '86 00 0000'],
  ['internal', bare(160), 'a0 00 0000'],
  ['the end of an observation', endFrame, 'a3 00 0000'],
  [
    'JSON',
    answerFrame({ did: 'content', format: 'json', body: '{"on":true}' }),
    '45 01 0000 000c 0002 0032 7b226f6e223a747275657d',
  ],
  [
    'a token',
    answerFrame({ did: 'content', format: 'text', body: Buffer.from('abc.def.ghi') }),
    '45 01 0000 000c 0002 0000 6162632e6465662e676869',
  ],
  [
    'an observer’s identity',
    observeFrame(key, uuid),
    `45 02 0000 000c 0002 0000 0800 0028 ${hexOf(key)} ${hexOf(uuid)}`,
  ],
  ['a notify', notifyFrame(key), `41 01 0000 0800 0028 ${hexOf(key)}`],
  [
    'a data event',
    eventFrame(
      { mode: 'data', timestamp: 1521554211213, path: '/kv/lounge/lamp', format: 'json', body: '{"on": true}' },
      'store',
    ),
    `45 01 0000 000c 0002 0032
     31353231353534323131323133 20 2f6b762f6c6f756e67652f6c616d70 20 6a736f6e 20 7b226f6e223a20747275657d`,
  ],
];

test.each(replies)('sends %s', (_name, frame, hex) => {
  expect(frame.toString('hex')).toBe(bytes(hex).toString('hex'));
  expect(encode(decode(frame))).toEqual(frame);
});

test('the lengths that the reference gives', () => {
  expect(requests.map(([, { length }]) => length)).toEqual([51, 40, 29, 40, 49, 53, 59, 101]);
  expect([observeFrame(key, uuid).length, notifyFrame(key).length]).toEqual([90, 48]);
});

test('audit and notification lines', () => {
  const lineOf = (...event: Parameters<typeof eventFrame>): string =>
    Buffer.from(decode(eventFrame(...event)).payload).toString();
  const path = '/notification/request/request/1';
  const response = '/notification/response/request/1';
  const about = { timestamp: 7, path, format: 'text' } as const;
  expect(lineOf({ ...about, mode: 'notification', component: 'app1', response, body: 'a b' }, 's')).toBe(
    `7 app1 ${response} text a b`,
  );
  const audited = (more: object): string =>
    lineOf({ ...about, mode: 'audit', method: 'GET', component: 'app1', status: 200, ...more }, 's');
  expect(audited({})).toBe(`7 s app1 GET ${path} 69`);
  expect(audited({ observe: 'data' })).toBe(`7 s app1 GET(OBSERVE) ${path} 69`);
  expect(audited({ path: response })).toBe(`7 s app1 GET(NOTIFICATION) ${response} 65`);
  expect(audited({ method: 'POST', status: 403, component: null })).toBe(`7 s unknown POST ${path} 129`);
  expect(audited({ method: 'DELETE', status: 405, path: '/ts/blob/a/last/1' })).toBe(
    '7 s app1 DELETE /ts/blob/a/last/1 134',
  );
});

const option = (number: number, value: Buffer | string) => [number, Buffer.from(value)] as const;
const { host, path, format, observe, maxAge } = optionNumbers;
const plain = [option(path, '/kv/a/b'), option(host, 'app1'), option(format, uint(50, 2))];
const get = (...options: (readonly [number, Buffer])[]): Buffer =>
  encode({ code: 1, token: nobody, options, payload: nobody });

const refused: [name: string, frame: Buffer][] = [
  ['nothing', nobody],
  ['half a head', bytes('01 03')],
  ['a token that ends early', bytes('01 00 0005 746f6b')],
  ['an option that ends early', bytes('01 01 0000 000b 0009 2f6b76')],
  ['fewer options than announced', bytes('01 02 0000 000b 0001 2f')],
  ['PUT', Buffer.concat([bytes('03'), get(...plain).subarray(1)])],
  ['no path', get(...plain.slice(1))],
  ['no host', get(plain[0] as never, plain[2] as never)],
  ['no content format', get(...plain.slice(0, 2))],
  ['a content format of four bytes', get(...plain, option(format, uint(50, 4)))],
  ['an observation without max_age', get(...plain, option(observe, 'data'))],
  ['a max_age of two bytes', get(...plain, option(observe, ''), option(maxAge, uint(0, 2)))],
  ['a path that is not UTF-8', get(...plain, option(path, Buffer.from([0x2f, 0xff])))],
  ['a host with a space', get(...plain, option(host, 'a b'))],
];

test.each(refused)('refuses %s', (_name, frame) => {
  expect(() => readRequest(frame)).toThrow(expect.objectContaining({ code: 'frame.invalid' }) as Error);
});

test('options: the last of one kind counts, strangers do not, in any order', () => {
  const asked = readRequest(get(option(77, 'x'), ...plain.toReversed(), option(path, '/kv/a/c'), option(2048, '')));
  expect(asked).toMatchObject({ path: '/kv/a/c', host: 'app1', format: 'json' });
  expect(readRequest(get(...plain, option(observe, 'DATA')))).not.toHaveProperty('observe');
  expect(readRequest(get(...plain, option(format, uint(7, 2)))).format).toBeNull();
  const posted = encode({ code: 2, token: nobody, options: [...plain, option(observe, 'data')], payload: nobody });
  expect(readRequest(posted)).not.toHaveProperty('observe');
});

test('outcomes: what a delete of a question answers, and what is no Failure', () => {
  const gone = (where: string) => codeOf(new Failure('method.refused', ''), { method: 'DELETE', path: where });
  expect(
    ['/ts/a/last/1', '/ts/a/since/0/sum', '/ts/blob/a/length', '/ts/a', '/ts/a/at/1', '/kv/a/sum', '/cat'].map(gone),
  ).toEqual([134, 134, 134, 128, 128, 128, 128]);
  expect(codeOf(new Error('a defect'), undefined)).toBe(160);
  expect(outcomeOf({ method: 'GET', path: '/x', status: 503 })).toEqual({ method: 'GET', code: 163 });
});
