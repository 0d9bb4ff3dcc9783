/** certificates — X.509 as the box needs it: authorities that may be limited to the box, and leafs below them. */
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { nameConstraints } from './constraints.ts';

const ec = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2_048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
} as const;
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
/** Apple refuses leafs of more than 825 days, also below an authority that the user added. */
const leafMs = 397 * dayMs;
const authorityMs = 20 * 365 * dayMs;

/** A certificate and its private key as PEM text; the key as PKCS#8. */
export type Pair = { cert: string; key: string };
export type Leaf = Pair & {
  /** The same key in PKCS#1 or SEC1 form, as the original's components read it. */
  legacyKey: string;
  publicKey: string;
  /** Ms since the Unix epoch. */
  notAfter: number;
};
export type Names = { dns: readonly string[]; ips: readonly string[] };

/**
 * A self-signed authority with a P-256 key.
 * @param only names and CIDR blocks that it may speak for; absent: any
 */
export async function createRoot(o: { commonName: string; now: number; only?: { dns: string[]; blocks: string[] } }) {
  const keys = await webcrypto.subtle.generateKey(ec, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [o.commonName] }, { O: ['Databox'] }],
    // A Pi has no clock chip: whatever time it takes it for, the authority must not be one of the future.
    notBefore: new Date(0),
    notAfter: new Date(Math.max(o.now, Date.UTC(2026, 0, 1)) + authorityMs),
    signingAlgorithm: signing,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...(o.only ? [nameConstraints(o.only)] : []),
    ],
  });
  return { cert: `${certificate.toString('pem').trim()}\n`, key: pkcs8(keys.privateKey) };
}

/** A server certificate below a root. `rsa` is what the original's components can read. */
export async function createLeaf(root: Pair, o: { kind: 'ec' | 'rsa'; names: Names; now: number }): Promise<Leaf> {
  const issuer = new x509.X509Certificate(root.cert);
  const keys = await webcrypto.subtle.generateKey(o.kind === 'rsa' ? rsa : ec, true, ['sign', 'verify']);
  const notAfter = o.now + leafMs;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [(o.names.dns[0] ?? 'databox').slice(0, 64)] }],
    issuer: issuer.subjectName,
    notBefore: new Date(o.now - dayMs),
    notAfter: new Date(notAfter),
    signingAlgorithm: signing,
    publicKey: keys.publicKey,
    signingKey: await signingKey(root.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...o.names.dns.map((value) => ({ type: 'dns' as const, value })),
        ...o.names.ips.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    cert: `${certificate.toString('pem').trim()}\n`,
    key: pkcs8(keys.privateKey),
    legacyKey: pem(keys.privateKey, o.kind === 'rsa' ? 'pkcs1' : 'sec1'),
    publicKey: pem(keys.publicKey, 'spki'),
    notAfter,
  };
}

/** Whether a leaf should be replaced: less than a third of its life is left, or it is not valid yet. */
export const isDue = (notAfter: number, now: number): boolean => {
  const left = notAfter - now;
  return left < leafMs / 3 || left > leafMs + dayMs;
};

const pkcs8 = (key: webcrypto.CryptoKey): string => pem(key, 'pkcs8');
const pem = (key: webcrypto.CryptoKey, type: 'pkcs1' | 'pkcs8' | 'sec1' | 'spki'): string =>
  KeyObject.from(key).export({ type, format: 'pem' } as never) as unknown as string;

const signingKey = (text: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('pkcs8', derOf(text), ec, false, ['sign']);
const derOf = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(text.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64'));

/** 127 random bits: positive, and never zero in its first byte. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}
