import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import type { webcrypto } from 'node:crypto';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const days = (n: number) => new Date(Date.now() + n * 86_400_000);
const newPair = () => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
const pemOf = async (key: webcrypto.CryptoKey): Promise<string> =>
  x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');

export type Pair = { key: string; cert: string };
export type Authority = {
  pem: string;
  /** A certificate for these names and addresses; `expired` for one that ended yesterday. */
  issue(hosts: string[], o?: { expired?: boolean }): Promise<Pair>;
};

/** A test's own certificate authority. */
export async function createAuthority(): Promise<Authority> {
  const root = await newPair();
  const own = { subject: 'CN=test authority', issuer: 'CN=test authority', signingKey: root.privateKey };
  const common = { notBefore: days(-30), notAfter: days(2), signingAlgorithm: algorithm };
  const authority = await x509.X509CertificateGenerator.create({
    ...common,
    ...own,
    serialNumber: '01',
    publicKey: root.publicKey,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  return {
    pem: authority.toString('pem'),
    async issue(hosts, { expired = false } = {}) {
      const pair = await newPair();
      const names = hosts.map((value) => ({
        type: /^[\d.]+$/.test(value) ? ('ip' as const) : ('dns' as const),
        value,
      }));
      const certificate = await x509.X509CertificateGenerator.create({
        ...common,
        ...own,
        subject: 'CN=destination',
        notAfter: days(expired ? -1 : 2),
        serialNumber: '02',
        publicKey: pair.publicKey,
        extensions: [new x509.SubjectAlternativeNameExtension(names)],
      });
      return { key: await pemOf(pair.privateKey), cert: certificate.toString('pem') };
    },
  };
}
