import jwt from 'jsonwebtoken';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { clock, codeOf, house, newFile, resign, secretOf, start, store, tokenFor, use } from './house.ts';

const file = newFile();
const arbiter = house(file);
const token = tokenFor(arbiter);
const [head = '', body = '', signature = ''] = token.split('.');
const secret = secretOf(file, store);
const claims = jwt.decode(token) as Record<string, unknown>;
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** Correctly signed with the target's own secret, under a header of the forger's choice. */
const headed = (header: Record<string, unknown>): string => {
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
};
const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

afterAll(() => arbiter[Symbol.dispose]());

test('the token that the forgeries start from works', () =>
  expect(arbiter.verify(token, use)).toEqual({ component: 'app', grant: 1, caveats: [] }));

test.each([
  ['T01 none, no signature', `${part({ alg: 'none', typ: 'JWT' })}.${body}.`],
  ['T01 none, old signature', `${part({ alg: 'none', typ: 'JWT' })}.${body}.${signature}`],
  ['T01 None in another case', `${part({ alg: 'nOnE', typ: 'JWT' })}.${body}.`],
  ['T01 HS512 with the true secret', jwt.sign(claims, secret, { algorithm: 'HS512' })],
  ['T01 HS384 with the true secret', jwt.sign(claims, secret, { algorithm: 'HS384' })],
  ['T01 RS256', jwt.sign(claims, pem, { algorithm: 'RS256' })],
  ['T01 target’s name as the secret', jwt.sign(claims, store, { algorithm: 'HS256' })],
  ['T01 foreign key', jwt.sign(claims, Buffer.alloc(32, 7), { algorithm: 'HS256' })],
  ['T01 empty signature', `${head}.${body}.`],
  ['T01 no signature segment', `${head}.${body}`],
  ['T01 cut signature', token.slice(0, -1)],
  ['T01 signature of another length', `${token}A`],
  ['T01 changed signature', `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`],
  ['T01 other spelling of the same signature', `${token.slice(0, -1)}${neighbour(token.slice(-1))}`],
  ['T01 extra segment', `${token}.${signature}`],
  ['T01 changed claims', `${head}.${part({ ...claims, path: '/*' })}.${signature}`],
  ['T02 kid as a path', headed({ alg: 'HS256', typ: 'JWT', kid: '../../dev/null' })],
  ['T02 kid as SQL', headed({ alg: 'HS256', typ: 'JWT', kid: "x' UNION SELECT 1 --" })],
  ['T02 jku', headed({ alg: 'HS256', typ: 'JWT', jku: 'https://127.0.0.1/keys' })],
  ['T02 x5u', headed({ alg: 'HS256', typ: 'JWT', x5u: 'file:///etc/passwd' })],
  ['T02 embedded key', headed({ alg: 'HS256', typ: 'JWT', jwk: { kty: 'oct', k: 'AAAA' } })],
  ['T02 unknown critical header', headed({ alg: 'HS256', typ: 'JWT', crit: ['exp2'], exp2: 1 })],
  ['T04 expired', resign(file, token, { exp: start / 1_000 - 3_600 })],
  ['T04 issued next year', resign(file, token, { iat: start / 1_000 + 31_536_000, exp: start / 1_000 + 31_539_600 })],
  ['T04 not yet valid', resign(file, token, { nbf: start / 1_000 + 600 })],
  ['T04 no expiry, REST door', resign(file, token, { exp: undefined })],
  ['T04 expiry that is no number', resign(file, token, { exp: 'never' })],
  ['T07 another subject', resign(file, token, { sub: 'other' })],
  ['unknown claim', resign(file, token, { admin: true })],
  ['unknown caveat', resign(file, token, { caveats: [{ rows: 5 }] })],
  ['grant that never was', resign(file, token, { grant: 99 })],
  ['audience that is a list', resign(file, token, { aud: [store, 'other-store'] })],
  ['audience that nobody is', resign(file, token, { aud: 'nobody' })],
  ['T11 dots', '.'.repeat(10_000)],
  ['T11 broken base64', `${head}.%%%.${signature}`],
  ['T11 no JSON', `${head}.${Buffer.from('{"sub":').toString('base64url')}.${signature}`],
  ['T11 deep JSON', `${head}.${Buffer.from('['.repeat(5_000)).toString('base64url')}.${signature}`],
  ['T11 text', 'let me in'],
  ['T11 prototype', `${head}.${part({ ['__proto__']: { aud: store } })}.${signature}`],
])('%s: 401', (_, forged) => expect(codeOf(() => arbiter.verify(forged, use))).toBe('token.invalid'));

test('T11 a megabyte is refused within 10 ms', () => {
  const huge = `${head}.${'A'.repeat(1_048_576)}.${signature}`;
  // The quickest of some: a busy machine may hold up any one of them.
  const tries = Array.from({ length: 20 }, () => {
    const before = performance.now();
    expect(codeOf(() => arbiter.verify(huge, use))).toBe('token.invalid');
    return performance.now() - before;
  });
  expect(Math.min(...tries)).toBeLessThan(10);
});

test('no token at all: 401 with its own code', () =>
  expect(codeOf(() => arbiter.verify('', use))).toBe('token.missing'));

test('T04 an hour, and the stated skew', () => {
  const verifyAt = (ms: number): string => {
    clock.ms = ms;
    return codeOf(() => arbiter.verify(token, use));
  };
  const hour = 3_600_000;
  expect(
    [start - 31_000, start - 30_000, start + hour, start + hour + 29_000, start + hour + 31_000].map(verifyAt),
  ).toEqual(['token.invalid', 'ok', 'ok', 'ok', 'token.invalid']);
  clock.ms = start;
});

test('T04 a token of the zest door has no end, and is signed as such', () => {
  const lasting = tokenFor(arbiter, [], 'zest');
  expect(jwt.decode(lasting)).toMatchObject({ door: 'zest' });
  expect(jwt.decode(lasting)).not.toHaveProperty('exp');
  clock.ms = start + 10 * 365 * 86_400_000;
  expect(codeOf(() => arbiter.verify(lasting, use))).toBe('ok');
  clock.ms = start;
});

/** The base64url letter whose first four bits are the same: the last two of 43 letters carry no signature bits. */
function neighbour(letter: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(letter) ^ 1] ?? '';
}
