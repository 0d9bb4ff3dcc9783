import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { openAuthority } from '../../../src/manager/authority.ts';
import { createLeaf, createRoot, isDue } from '../../../src/manager/certificates.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'authority-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** What a TLS client that trusts only `ca` says of a server: `undefined` when it is content. */
async function handshake(pair: { key: string; cert: string }, ca: string, servername: string) {
  const server = tls.createServer(pair);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  try {
    return await new Promise<string | undefined>((done) => {
      const socket = tls.connect({ host: '127.0.0.1', port, ca, servername }, () => {
        socket.destroy();
        done(undefined);
      });
      socket.once('error', (err: Error & { code?: string }) => done(`${err.code} ${err.message}`));
    });
  } finally {
    server.close();
  }
}

const options = { hostName: 'box.example', addresses: () => ['192.168.1.7', '127.0.0.1', '203.0.113.5'] };
const open = (more = {}) => openAuthority({ dir, ...options, ...more });

test('components trust a service of the internal authority, under its own name only', async () => {
  const authority = await open();
  const leaf = await authority.service('arbiter');
  expect(await handshake(leaf, authority.rootPem, 'arbiter')).toBeUndefined();
  expect(await handshake(leaf, authority.rootPem, 'export-service')).toMatch('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(await handshake(leaf, authority.ownerRootPem, 'arbiter')).toBeDefined();
});

test('a component’s pair is RSA-2048, its key also in PKCS#1', async () => {
  const authority = await open();
  const leaf = await authority.component('app-x');
  expect(leaf.legacyKey).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
  const key = createPrivateKey(leaf.legacyKey);
  expect(key.asymmetricKeyDetails?.modulusLength).toBe(2_048);
  expect(createPublicKey(leaf.publicKey).equals(createPublicKey(key))).toBe(true);
  expect(await handshake({ cert: leaf.cert, key: leaf.legacyKey }, authority.rootPem, 'app-x')).toBeUndefined();
});

test('the owner’s certificate names the box and its private addresses, never a public one', async () => {
  const authority = await open();
  expect(await handshake(authority.ownerTls(), authority.ownerRootPem, 'box.example')).toBeUndefined();
  const { subjectAltName = '' } = new X509Certificate(authority.ownerTls().cert);
  expect(subjectAltName).toContain('IP Address:192.168.1.7');
  expect(subjectAltName).not.toContain('203.0.113.5');
});

test.each([
  ['another name', { dns: ['bank.example'], ips: [] }],
  ['a public address', { dns: ['box.example'], ips: ['203.0.113.5'] }],
  ['an IPv6 address of the internet', { dns: ['box.example'], ips: ['2001:db8::1'] }],
])('the owner’s authority cannot speak for %s', async (_, names) => {
  const only = { dns: ['box.example'], blocks: ['192.168.0.0/16', 'fe80::/10'] };
  const root = await createRoot({ commonName: 'Databox box.example', now: Date.now(), only });
  const good = await createLeaf(root, {
    kind: 'ec',
    names: { dns: ['box.example'], ips: ['192.168.9.9'] },
    now: Date.now(),
  });
  expect(await handshake(good, root.cert, 'box.example')).toBeUndefined();
  const bad = await createLeaf(root, { kind: 'ec', names, now: Date.now() });
  expect(await handshake(bad, root.cert, names.dns[0] ?? '')).toMatch('permitted subtree violation');
});

test('keys are readable by their owner only, and authorities outlive a restart', async () => {
  const [before, after] = [await open(), await open()];
  expect(after.rootPem).toBe(before.rootPem);
  expect(after.ownerRootPem).toBe(before.ownerRootPem);
  for (const file of readdirSync(dir)) expect(statSync(join(dir, file)).mode & 0o077).toBe(0);
});

test('another name of the box is another authority for the owner; components notice nothing', async () => {
  const [before, after] = [await open(), await open({ hostName: 'moved' })];
  expect(after.rootPem).toBe(before.rootPem);
  expect(after.ownerRootPem).not.toBe(before.ownerRootPem);
  expect(await handshake(after.ownerTls(), after.ownerRootPem, 'moved.local')).toBeUndefined();
});

test('the owner’s certificate is renewed well before it ends, and when an address changes', async () => {
  const clock = { now: Date.now() };
  const addresses = ['192.168.1.7'];
  const authority = await open({ now: () => clock.now, addresses: () => addresses });
  const renewed: string[] = [];
  const stop = authority.onOwnerRenewed(({ cert }) => void renewed.push(cert));
  await authority.renew();
  expect(renewed).toHaveLength(0);
  addresses.push('192.168.1.8');
  await authority.renew();
  expect(renewed).toHaveLength(1);
  clock.now += 300 * 86_400_000;
  await authority.renew();
  expect(renewed).toHaveLength(2);
  stop();
  clock.now += 300 * 86_400_000;
  await authority.renew();
  expect(renewed).toHaveLength(2);
});

test.each([
  ['new', 397, false],
  ['with half its life left', 200, false],
  ['with a quarter of its life left', 99, true],
  ['over', -1, true],
  ['from the future, made while the clock was wrong', 4_000, true],
])('a certificate is due: %s', (_, days, due) => expect(isDue(days * 86_400_000, 0)).toBe(due));

test('made anew at a start when the owner says so, once; both, and what the old ones signed is trusted no more', async () => {
  const own = mkdtempSync(join(dir, 'anew-'));
  const before = await open({ dir: own });
  const leaf = await before.service('arbiter');
  const after = await open({ dir: own, anew: true });
  expect(after.rootPem).not.toBe(before.rootPem);
  expect(after.ownerRootPem).not.toBe(before.ownerRootPem);
  expect(await handshake(leaf, after.rootPem, 'arbiter')).toBeDefined();
  expect((await open({ dir: own })).rootPem).toBe(after.rootPem);
});
