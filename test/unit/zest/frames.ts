/** Frames of every kind: such as clients send, such as none would, and damaged ones. */
import fc from 'fast-check';
import { encode, optionNumbers, uint } from '../../../src/zest/codec.ts';

const { host, path, observe, format, maxAge, publicKey } = optionNumbers;
const utf8 = (text: string): Buffer => Buffer.from(text);
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const text = (maxLength: number) => fc.string({ unit: 'binary', maxLength }).map(utf8);

// prettier-ignore
const words = [
  'kv', 'ts', 'blob', 'a', 'b', 'a,b', 'latest', 'earliest', 'last', 'first', 'since', 'range', 'at', 'length', 'filter', 'equals',
  'contains', 'every', 'sum', 'sd', 'count', 'keys', 'cat', 'time', 'hello', 'status', 'token', 'cm', 'store', 'secret',
  'upsert-container-info', 'delete-container-info', 'grant-container-permissions', 'notification', 'request', 'response',
  'batch', '0', '1', '-5', '9007199254740993', '1e3', '*', '', '..', '.', '%2e', '%', 'é', '\u0000', ' ', '__proto__', 'constructor',
];
const known = fc.constantFrom(
  ...[
    '/kv/a/b',
    '/kv/a',
    '/kv/a/keys',
    '/ts/a',
    '/ts/a/latest',
    '/ts/a/since/0',
    '/ts/a/last/5/sum',
    '/ts/a/at/7',
    '/ts/blob/a',
  ],
  ...['/cat', '/token', '/status', '/notification/request/f/1', '/notification/response/f/1', '/kv/*', '/*', '/'],
);
const spelled = fc.array(fc.constantFrom(...words), { maxLength: 8 }).map((parts) => `/${parts.join('/')}`);
const paths = fc.oneof(known.map(utf8), spelled.map(utf8), text(40), bytes(300));

const option = <N extends number>(number: N, value: fc.Arbitrary<Buffer>) =>
  value.map((given) => [number, given] as const);
const numbers = (width: 2 | 4) => fc.nat(2 ** (8 * width) - 1).map((value) => uint(value, width));
const formats = fc.constantFrom(0, 42, 50).map((value) => uint(value, 2));
const modes = fc.constantFrom('', 'data', 'audit', 'notification', 'DATA').map(utf8);
const wellFormed = fc.tuple(
  option(path, paths),
  option(host, fc.constantFrom('app1', 'localhost', '').map(utf8)),
  option(format, formats),
);
const further = fc.oneof(
  option(observe, fc.oneof(modes, bytes(8))),
  option(maxAge, fc.oneof(numbers(4), numbers(2), bytes(6))),
  option(format, fc.oneof(formats, numbers(2), numbers(4), bytes(3))),
  option(path, paths),
  option(host, fc.oneof(text(300), bytes(10))),
  option(publicKey, bytes(41)),
  fc.tuple(fc.nat(65_535), bytes(20)),
);
const options = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(wellFormed, fc.array(further, { maxLength: 3 })).map(([most, more]) => [...most, ...more]),
  },
  { weight: 1, arbitrary: fc.array(further, { maxLength: 6 }) },
);
const json = fc.oneof(
  fc.constantFrom('{"value":1}', '{"a":1}, more', '[]', '{', '{"value":1e999}', '{"__proto__":1}', '"x"', 'null', ''),
  fc.json(),
  fc.json().map((document) => `${document}x`),
);
const payloads = fc.oneof(json.map(utf8), bytes(2_000));
const codes = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(1, 2, 4) }, { weight: 1, arbitrary: fc.nat(255) });

/** Whole messages. @param tokens  of those that may do something, and others */
const messages = (tokens: readonly string[]): fc.Arbitrary<Buffer> => {
  const token = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...tokens).map(utf8) },
    { weight: 1, arbitrary: bytes(400) },
  );
  return fc.record({ code: codes, token, options, payload: payloads }).map(encode);
};

/** Some bytes of it are others, some are missing at the end, or there are more. */
const damaged = (whole: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc
    .record({
      whole,
      changes: fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }),
      left: fc.option(fc.nat(400), { nil: undefined }),
      more: bytes(20),
    })
    .map(({ whole: frame, changes, left, more }) => {
      const copy = Buffer.concat([frame.subarray(0, left), more]);
      for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
      return copy;
    });

/**
 * @param tokens   tokens, or keys at an arbiter
 * @param samples  such as clients send
 */
export const frames = (tokens: readonly string[], samples: readonly Buffer[]): fc.Arbitrary<Buffer> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...samples) },
    { weight: 4, arbitrary: messages(tokens) },
    { weight: 2, arbitrary: damaged(messages(tokens)) },
    { weight: 1, arbitrary: damaged(fc.constantFrom(...samples)) },
    { weight: 1, arbitrary: bytes(300) },
  );

/** The parts of a message of whoever is no REQ; those of a REQ are the first. @param frame  what a frame may be */
export const envelopes = (frame: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer[]> =>
  fc.oneof(
    { weight: 8, arbitrary: frame.map((one) => [Buffer.alloc(0), one]) },
    { weight: 1, arbitrary: frame.map((one) => [utf8('stamp'), Buffer.alloc(0), one]) },
    { weight: 1, arbitrary: fc.array(fc.oneof(frame, fc.constant(Buffer.alloc(0))), { minLength: 1, maxLength: 4 }) },
  );
