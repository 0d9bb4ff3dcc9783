import jwt from 'jsonwebtoken';
import type { KeyObject } from 'node:crypto';
import { Claims } from './judge.ts';
import type { Book } from './registry.ts';

/** Ours have well under 6 KB; Node refuses headers over 16 KB anyway. */
const longestToken = 8_192;

/** Verified tokens remembered at once; beyond, the oldest is verified again when it comes back. */
const rememberedTokens = 4_096;

/** The only header we write. Comparing it whole leaves no room for `none`, `kid`, `jku`, `x5u`, `jwk` or `crit`. */
const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');
const shape = /^[\w-]+\.[\w-]+\.[\w-]{43}$/;

export const sign = (claims: Claims, secret: KeyObject): string => jwt.sign(claims, secret, { algorithm: 'HS256' });

/**
 * What a token says, when its signature is that of the target it names. Time, grant and caller are not looked at here:
 * they change while a token stays the same, so they are judged at each use.
 */
export function readToken(book: Book, token: string): Claims | undefined {
  const known = book.verified.get(token);
  if (known) return known;
  // Shape before parsing: a megabyte, ten thousand dots or broken base64 cost one look.
  if (token.length > longestToken || !shape.test(token) || !token.startsWith(`${header}.`)) return undefined;
  const claims = verifiedClaims(book, token);
  if (!claims) return undefined;
  const oldest = book.verified.keys().next();
  if (book.verified.size >= rememberedTokens && !oldest.done) book.verified.delete(oldest.value);
  book.verified.set(token, claims);
  return claims;
}

function verifiedClaims(book: Book, token: string): Claims | undefined {
  try {
    const audience = audienceOf(token);
    const secret = typeof audience === 'string' ? book.components.get(audience)?.secret : undefined;
    if (!secret) return undefined;
    const options = { algorithms: ['HS256' as const], ignoreExpiration: true, ignoreNotBefore: true };
    const parsed = Claims.safeParse(jwt.verify(token, secret, options));
    return parsed.success && parsed.data.aud === audience ? parsed.data : undefined;
  } catch {
    // jsonwebtoken throws on what is not a token at all: to the caller it is a bad token like any other.
    return undefined;
  }
}

/** Read unverified, only to choose among our own secrets: decoding twice by the library costs as much as the signature. */
function audienceOf(token: string): unknown {
  const payload = Buffer.from(token.slice(header.length + 1, token.lastIndexOf('.')), 'base64url').toString();
  return (JSON.parse(payload) as { aud?: unknown } | null)?.aud;
}
