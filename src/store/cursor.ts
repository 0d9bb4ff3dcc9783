/**
 * cursor — where a page ends, in the hands of whoever reads: sealed, because it names what is left by the store's own
 * numbers. Forged, it would read other series, or more of one than its path selects; read, it would tell how much else the
 * store was given meanwhile.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { Failure } from '../base/errors.ts';

/** What a cursor is good for, and nothing else: this reader, this path, this layout. */
export type About = { component: string; path: string; lines: boolean };

export type Cursors = {
  /** @param next  of an engine's reply */
  seal(next: unknown, about: About): string;
  /** @throws Failure `cursor.invalid` */
  open(cursor: string, about: About): unknown;
};

const algorithm = 'aes-256-gcm';
const [nonceBytes, tagBytes] = [12, 16];
/** Far more than the stretches of as many series as a path can name. */
const mostBytes = 64 * 1024;

const bound = ({ component, path, lines }: About): Buffer => Buffer.from(JSON.stringify([component, path, lines]));

/** Those of one opening of a store: one that is closed or deleted takes its own along, whatever comes after it. */
export function createCursors(): Cursors {
  const key = randomBytes(32);
  return {
    seal(next, about) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes }).setAAD(bound(about));
      const sealed = [cipher.update(deflateRawSync(JSON.stringify(next))), cipher.final()];
      return Buffer.concat([nonce, ...sealed, cipher.getAuthTag()]).toString('base64url');
    },
    open(cursor, about) {
      const bytes = /^[\w-]+$/.test(cursor) ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0);
      if (bytes.length <= nonceBytes + tagBytes) throw invalid();
      const nonce = bytes.subarray(0, nonceBytes);
      const cipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes }).setAAD(bound(about));
      cipher.setAuthTag(bytes.subarray(-tagBytes));
      let opened: Buffer;
      try {
        opened = Buffer.concat([cipher.update(bytes.subarray(nonceBytes, -tagBytes)), cipher.final()]);
      } catch (cause) {
        throw invalid(cause);
      }
      return JSON.parse(inflateRawSync(opened, { maxOutputLength: mostBytes }).toString()) as unknown;
    },
  };
}

const invalid = (cause?: unknown): Failure =>
  new Failure(
    'cursor.invalid',
    'this cursor is not for this path, or the store was opened anew: begin without one',
    {},
    { cause },
  );
