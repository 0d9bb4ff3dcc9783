/** Every decision about a token, as data in and an answer out: no clock, no database, no key. */
import { z } from 'zod';
import { canonicalDestination } from '../base/destinations.ts';
import { methods, type Method } from '../base/names.ts';
import { covers } from '../base/paths.ts';
import { Caveats, type Caveat } from './caveats.ts';

export type Route = { method: Method; path: string; target: string };

/** A permission: what `component` may do at `target`. `id` is never given to another one. */
export type Grant = Route & { id: number; component: string; caveats: readonly Caveat[] };

/** What a token is asked for; `path` may end in `*`. */
export type MintRequest = Route & { caveats: readonly Caveat[] };

/** What a token says. A token that says more, or less, is not ours. */
export const Claims = z.strictObject({
  sub: z.string(),
  aud: z.string(),
  path: z.string(),
  method: z.enum(methods),
  caveats: Caveats,
  grant: z.int().positive(),
  door: z.enum(['rest', 'zest']),
  iat: z.int(),
  exp: z.int().optional(),
});
export type Claims = z.infer<typeof Claims>;
export type Door = Claims['door'];

/**
 * What a caller is about to do with a token. `observe`, `destination` and `everyMs`, the length of the buckets that a
 * read aggregates, are given by those doors that have them.
 */
export type Use = {
  target: string;
  method: string;
  path: string;
  observe?: 'data' | 'audit' | 'notification' | undefined;
  destination?: string | undefined;
  everyMs?: number | undefined;
};

/** A token minted over REST lives this long; the client asks for another. */
export const restLifeSeconds = 3_600;

/** A clock that was set while a token was on its way may be this far off, and no further. */
export const clockSkewSeconds = 30;

/** The grant that allows this request with exactly these caveats: those of another grant do not count. */
export const grantFor = (grants: readonly Grant[], request: MintRequest): Grant | undefined => {
  const wanted = JSON.stringify(request.caveats);
  return grants.find(
    (grant) =>
      grant.target === request.target &&
      grant.method === request.method &&
      covers(grant.path, request.path) &&
      JSON.stringify(grant.caveats) === wanted,
  );
};

/**
 * Whether a signed token is within its time. Only tokens of the `zest` door may be without an end: the clients of that
 * door keep a token for life, so its `iat` is not held against a box whose clock starts behind.
 * @param now  ms since the Unix epoch
 */
export function timely({ door, iat, exp }: Claims, now: number): boolean {
  const seconds = now / 1_000;
  if (exp === undefined) return door === 'zest';
  return seconds < exp + clockSkewSeconds && iat <= seconds + clockSkewSeconds;
}

/**
 * Why a valid token does not allow this use; undefined when it does.
 * @param now  ms since the Unix epoch
 */
export function objection(claims: Claims, use: Use, now: number): string | undefined {
  if (claims.aud !== use.target) return 'the token is for another target';
  if (claims.method !== use.method) return 'the token is for another method';
  if (!covers(claims.path, use.path)) return 'the token is for another path';
  // An exporter names the destination and needs a token that names it too: no caveat is not any destination.
  if (use.destination !== undefined && !claims.caveats.some((caveat) => 'destination' in caveat)) {
    return 'the token names no destination';
  }
  return claims.caveats.map((caveat) => objectionOf(caveat, use, now)).find((reason) => reason !== undefined);
}

function objectionOf(caveat: Caveat, use: Use, now: number): string | undefined {
  if ('observe' in caveat) {
    return use.observe === caveat.observe ? undefined : `the token is only for observing ${caveat.observe}`;
  }
  if ('destination' in caveat) {
    const destination = use.destination === undefined ? undefined : canonicalDestination(use.destination);
    return destination === caveat.destination ? undefined : 'the token is for another destination';
  }
  if ('minimum-sample-interval' in caveat) {
    const least = caveat['minimum-sample-interval'];
    return (use.everyMs ?? 0) >= least && (use.everyMs ?? 0) % least === 0
      ? undefined
      : `the token is only for aggregates every ${least} ms, or a multiple`;
  }
  if ('startTimestamp' in caveat) return now >= caveat.startTimestamp ? undefined : 'the permission has not begun';
  return now <= caveat.endTimestamp ? undefined : 'the permission has ended';
}
