import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLeaf, createRoot, type Leaf } from '../../../src/manager/certificates.ts';
import { createCurveKeys, z85 } from '../../../src/manager/curve.ts';
import { createSecrets } from '../../../src/manager/secrets.ts';

const arbiterToken = Buffer.alloc(32, 7).toString('base64');
const zmqPublicKey = createCurveKeys().publicKey;
let dir: string;
let leaf: Leaf;
let rootPem: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'secrets-'));
  const root = await createRoot({ commonName: 'r', now: Date.now() });
  rootPem = root.cert;
  leaf = await createLeaf(root, { kind: 'rsa', names: { dns: ['app-x'], ips: [] }, now: Date.now() });
});
afterAll(() => rmSync(dir, { recursive: true }));
const expected = () => ({ rootPem, arbiterToken, zmqPublicKey });
/** Tests run as anybody: only root may give a file away. */
const me = process.getuid?.() ?? 0;

test('a component finds four files, without a newline at their ends', () => {
  const secrets = createSecrets(join(dir, 'a'));
  secrets.write('app-x', { ...expected(), leaf }, me);
  const read = (file: string) => readFileSync(join(dir, 'a', 'app-x', file), 'utf8');
  expect(readdirSync(join(dir, 'a', 'app-x')).sort()).toEqual([
    'ARBITER_TOKEN',
    'DATABOX.pem',
    'DATABOX_ROOT_CA',
    'ZMQ_PUBLIC_KEY',
  ]);
  expect(read('ARBITER_TOKEN')).toBe(arbiterToken);
  expect(read('ZMQ_PUBLIC_KEY')).toBe(zmqPublicKey);
  expect(read('DATABOX_ROOT_CA')).toBe(rootPem.trim());
  const bundle = read('DATABOX.pem');
  expect(bundle.match(/-----BEGIN [A-Z ]+-----/g)).toEqual([
    '-----BEGIN CERTIFICATE-----',
    '-----BEGIN RSA PRIVATE KEY-----',
    '-----BEGIN PUBLIC KEY-----',
  ]);
  expect(bundle.endsWith('-----END PUBLIC KEY-----')).toBe(true);
  expect(
    new X509Certificate(bundle).checkPrivateKey(createPrivateKey(bundle.replace(/[\s\S]*(?=-----BEGIN RSA)/, ''))),
  ).toBe(true);
});

test('T12 files are 0400 of the container’s user, below a directory that only root enters', () => {
  const secrets = createSecrets(join(dir, 'b'));
  secrets.write('app-x', { ...expected(), leaf }, me);
  const mode = (...path: string[]) => statSync(join(dir, 'b', ...path)).mode & 0o777;
  expect(mode()).toBe(0o700);
  expect(mode('app-x')).toBe(0o500);
  for (const file of readdirSync(join(dir, 'b', 'app-x'))) expect(mode('app-x', file)).toBe(0o400);
});

test('what was written is known to fit, until a fact changes', () => {
  const secrets = createSecrets(join(dir, 'd'));
  expect(secrets.validUntil('app-x', expected())).toBeUndefined();
  secrets.write('app-x', { ...expected(), leaf }, me);
  expect(Math.abs((secrets.validUntil('app-x', expected()) ?? 0) - leaf.notAfter)).toBeLessThan(1_000);
  expect(secrets.validUntil('app-x', { ...expected(), arbiterToken: 'other' })).toBeUndefined();
  secrets.write('app-x', { ...expected(), arbiterToken: 'other', leaf }, me);
  expect(secrets.validUntil('app-x', { ...expected(), arbiterToken: 'other' })).toBeDefined();
  secrets.remove('app-x');
  expect(secrets.names()).toEqual([]);
});

test('a certificate of another authority does not fit', async () => {
  const secrets = createSecrets(join(dir, 'e'));
  const other = await createRoot({ commonName: 'other', now: Date.now() });
  secrets.write('app-x', { ...expected(), rootPem: other.cert, leaf }, me);
  expect(secrets.validUntil('app-x', { ...expected(), rootPem: other.cert })).toBeUndefined();
});

test('Z85 as ZeroMQ’s own example has it, and keys of 40 characters', () => {
  expect(z85(Buffer.from('864fd26fb559f75b', 'hex'))).toBe('HelloWorld');
  const { publicKey, secretKey } = createCurveKeys();
  expect([publicKey.length, secretKey.length]).toEqual([40, 40]);
  expect(createCurveKeys().publicKey).not.toBe(publicKey);
});
