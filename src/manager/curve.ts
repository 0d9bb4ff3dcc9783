/** curve — the CURVE key pair of the box, which Zest clients find as ZMQ_PUBLIC_KEY. */
import { generateKeyPairSync } from 'node:crypto';

/** 32 bytes each, as 40 characters of Z85 (ZeroMQ RFC 32). */
export type CurveKeys = { publicKey: string; secretKey: string };

export function createCurveKeys(): CurveKeys {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  const raw = (part: string | undefined) => z85(Buffer.from(part ?? '', 'base64url'));
  return {
    publicKey: raw(publicKey.export({ format: 'jwk' }).x),
    secretKey: raw(privateKey.export({ format: 'jwk' }).d),
  };
}

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

/** @param bytes a multiple of four of them */
export function z85(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    let value = bytes.readUInt32BE(at);
    let block = '';
    for (let digit = 0; digit < 5; digit++) {
      block = (alphabet[value % 85] ?? '') + block;
      value = Math.floor(value / 85);
    }
    text += block;
  }
  return text;
}
