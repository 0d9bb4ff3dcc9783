import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { webcrypto } from 'node:crypto';

export type Certificate = { cert: string; key: string };
/** `expired` and `stranger` (an authority nobody trusts) are for servers that must be refused. */
export type CertificateKind = 'good' | 'expired' | 'stranger';
export type Authority = {
  readonly pem: string;
  issue(names: readonly string[], kind?: CertificateKind): Promise<Certificate>;
};

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const day = 86_400_000;

/** A certificate authority of the outside; Databox is told to trust it by `export.ca-file`. */
export async function createAuthority(): Promise<Authority> {
  const trusted = await createRoot('Outside test authority');
  const stranger = await createRoot('Nobody trusts this authority');
  return {
    pem: trusted.root.toString('pem'),
    async issue(names, kind = 'good') {
      const { root, keys } = kind === 'stranger' ? stranger : trusted;
      const own = await generate();
      const start = Date.now() - (kind === 'expired' ? 3 * day : day);
      const certificate = await x509.X509CertificateGenerator.create({
        subject: `CN=${names[0]}`,
        issuer: root.subject,
        notBefore: new Date(start),
        notAfter: new Date(start + (kind === 'expired' ? day : 30 * day)),
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value })))],
      });
      return { cert: certificate.toString('pem'), key: await pemOf(own.privateKey) };
    },
  };
}

async function createRoot(name: string) {
  const keys = await generate();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - 30 * day),
    notAfter: new Date(Date.now() + 30 * day),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  return { root, keys };
}

const generate = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}
