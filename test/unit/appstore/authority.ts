import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import type { webcrypto } from 'node:crypto';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const days = (n: number) => new Date(Date.now() + n * 86_400_000);
const pem = async (key: webcrypto.CryptoKey): Promise<string> =>
  x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');

/** A test's own authority and a certificate it signed for localhost, as PEM. */
export async function createAuthority(): Promise<{ ca: string; key: string; cert: string }> {
  const [root, leaf] = await Promise.all([
    crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']),
    crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']),
  ]);
  const common = { notBefore: days(-1), notAfter: days(2), signingAlgorithm: algorithm, signingKey: root.privateKey };
  const authority = await x509.X509CertificateGenerator.create({
    ...common,
    serialNumber: '01',
    subject: 'CN=test authority',
    issuer: 'CN=test authority',
    publicKey: root.publicKey,
    // What a strict reader (Python 3.13) wants of an authority and below it.
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(root.publicKey),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    ...common,
    serialNumber: '02',
    subject: 'CN=localhost',
    issuer: 'CN=test authority',
    publicKey: leaf.publicKey,
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }]),
      await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
    ],
  });
  return { ca: authority.toString('pem'), key: await pem(leaf.privateKey), cert: certificate.toString('pem') };
}
