import { DataboxError } from './errors.ts';
import type { Place } from './place.ts';

export type HttpsCredentials = { key: string; cert: string };

/**
 * Key and certificate of `DATABOX.pem`, which holds both.
 * @throws DataboxError `environment.invalid` when the file lacks one
 */
export function httpsCredentials(place: Pick<Place, 'secret'>): HttpsCredentials | undefined {
  const pem = place.secret('DATABOX.pem');
  if (pem === undefined) return undefined;
  const blocks = pem.match(/-----BEGIN ([A-Z ]+)-----[\s\S]+?-----END \1-----/g) ?? [];
  const cert = blocks.filter((block) => block.startsWith('-----BEGIN CERTIFICATE'));
  const key = blocks.find((block) => /^-----BEGIN (RSA |EC )?PRIVATE KEY/.test(block));
  if (cert.length > 0 && key) return { key: `${key}\n`, cert: `${cert.join('\n')}\n` };
  throw new DataboxError('environment.invalid', 'DATABOX.pem lacks a certificate or a private key');
}
