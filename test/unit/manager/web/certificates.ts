import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { webcrypto } from 'node:crypto';
import type { Tls } from '../../../../src/base/listen.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
x509.cryptoProvider.set(webcrypto as never);

const keyPair = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
const pemOf = async (key: webcrypto.CryptoKey): Promise<string> =>
  x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
const times = () => ({ notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) });

/** A certificate authority that lives as long as a test. */
export async function testAuthority(name: string): Promise<{ pem: string; issue(host: string): Promise<Tls> }> {
  const keys = await keyPair();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ name: `CN=${name}`, keys, signingAlgorithm: algorithm, ...times() },
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    pem: root.toString('pem'),
    async issue(host) {
      const mine = await keyPair();
      const names = [{ type: /^[\d.]+$/.test(host) ? ('ip' as const) : ('dns' as const), value: host }];
      const leaf = await x509.X509CertificateGenerator.create({
        ...{ subject: `CN=${host}`, issuer: root.subject, publicKey: mine.publicKey, signingKey: keys.privateKey },
        ...{ signingAlgorithm: algorithm, ...times() },
        extensions: [new x509.SubjectAlternativeNameExtension(names)],
      });
      return { key: await pemOf(mine.privateKey), cert: leaf.toString('pem') };
    },
  };
}
