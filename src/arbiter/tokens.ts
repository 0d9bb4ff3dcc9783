import jwt from 'jsonwebtoken';
import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { Claims } from './judge.ts';
import type { Book } from './registry.ts';

/** Ours have well under 6 KB; Node refuses headers over 16 KB anyway. */
const longestToken = 8_192;

/** Verified tokens remembered at once; beyond, the oldest is verified again when it comes back. */
const rememberedTokens = 4_096;

const written = { alg: 'HS256', typ: 'JWT' } as const;
/** The only header we write. Comparing it whole leaves no room for `none`, `kid`, `jku`, `x5u`, `jwk` or `crit`. */
const header = Buffer.from(JSON.stringify(written)).toString('base64url');
const shape = /^[\w-]+\.[\w-]+\.[\w-]{43}$/;

/** The library reads `header` where it is, and checks anew for each token only what is enumerable: ours is always the same. */
const options: jwt.SignOptions = Object.defineProperty({}, 'header', { value: written });

/** Handed over as text: the claims are checked and whole, and the library need not look through a copy of them. */
export const sign = (claims: Claims, secret: KeyObject): string => jwt.sign(JSON.stringify(claims), secret, options);

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

function verifiedClaims({ components }: Book, token: string): Claims | undefined {
  const end = token.lastIndexOf('.');
  const said = Claims.safeParse(payloadOf(token.slice(header.length + 1, end)));
  // Read before it is believed, but only to choose among our own secrets: who names another target needs that one's.
  const secret = said.success ? components.get(said.data.aud)?.secret : undefined;
  return secret && isSignature(token.slice(end + 1), { of: token.slice(0, end), secret }) ? said.data : undefined;
}

function payloadOf(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined; // not a token of anybody
  }
}

/**
 * With the one header that there is, this is all of the check: the library takes three times as long, and knows ways that must
 * not be open here. Compared as text, because several texts decode to the same bytes.
 */
function isSignature(signature: string, { of: signed, secret }: { of: string; secret: KeyObject }): boolean {
  const right = createHmac('sha256', secret).update(signed).digest('base64url');
  return signature.length === right.length && timingSafeEqual(Buffer.from(signature), Buffer.from(right));
}
