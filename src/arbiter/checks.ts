import { Failure } from '../base/errors.ts';
import { type ExcessBook, takeTurn } from '../base/excess.ts';
import { validate } from '../base/http.ts';
import type { Ip } from '../base/ipv4.ts';
import type { Log } from '../base/log.ts';
import { canonicalPath } from '../base/paths.ts';
import { createLimiter, type Limiter } from '../base/rate.ts';
import { Caveats, endOf, type Caveat } from './caveats.ts';
import {
  grantFor,
  objection,
  restLifeSeconds,
  timely,
  type Claims,
  type Door,
  type MintRequest,
  type Use,
} from './judge.ts';
import { holdersOf, type Book } from './registry.ts';
import { readToken, sign } from './tokens.ts';

export type TokenUse = Use & {
  /** The address that the request came from. */
  caller: Ip;
};
export type Verified = {
  component: string;
  grant: number;
  caveats: readonly Caveat[];
  /** The last moment of the permission, ms since the Unix epoch. The token's own hour is not meant: it can be renewed. */
  until?: number;
};
type Desk = {
  book: () => Book;
  /** Where refusals for want of a turn are counted. */
  excess: ExcessBook | undefined;
  log: Log;
  checkAddress: boolean;
  now: () => number;
};

/**
 * A component may ask for this many tokens at once, and then for this many a second. Over REST: clients of the original need
 * new ones for each call of a function, and end when they are told to wait. What they ask is counted as all requests are.
 */
const mintRate = { burst: 200, perSecond: 20 };
/** Wrong keys from one address. */
const guessRate = { burst: 50, perSecond: 1 };
/** Refusals of one caller that are logged: an app that asks in a loop must not fill the disk. */
const tellRate = { burst: 20, perSecond: 0.2 };

export type Checks = {
  readonly authenticate: (key: string, caller: Ip, host?: string) => string;
  readonly mint: (name: string, request: MintRequest, door: Door) => string;
  readonly verify: (token: string, use: TokenUse) => Verified;
};

/** The components' side of the arbiter: keys, tokens, and who may do what with them. Documented at `Arbiter`. */
export function checks(desk: Desk): Checks {
  const [minted, guessed, told] = [mintRate, guessRate, tellRate].map(createLimiter) as [Limiter, Limiter, Limiter];
  const refused = (who: string, facts: Record<string, unknown>, failure: Failure): Failure => {
    if (told.take(who) === 0) desk.log.warn({ ...facts, code: failure.code, reason: failure.message }, 'refused');
    return failure;
  };
  const turn = (limiter: Limiter, who: string, reason: string): void =>
    takeTurn(limiter, who, { book: desk.excess, service: 'arbiter', reason });
  return {
    authenticate(key: string, caller: Ip, host = ''): string {
      const holders = key === '' ? [] : holdersOf(desk.book(), key).filter(({ name }) => isAt(desk, name, caller));
      const holder = holders.length > 1 ? holders.find(({ name }) => name === host.toLowerCase()) : holders[0];
      if (holder) return holder.name;
      turn(guessed, caller, 'too many wrong keys');
      throw refused(caller, { caller }, new Failure('key.invalid', 'this key does not belong to this address'));
    },
    mint(name: string, request: MintRequest, door: Door): string {
      if (door === 'rest') turn(minted, name, 'too many tokens were asked for');
      try {
        return mintFor(desk, { ...request, name, door });
      } catch (err) {
        const { target, method, path } = request;
        throw err instanceof Failure ? refused(name, { component: name, target, method, path }, err) : err;
      }
    },
    verify(token: string, use: TokenUse): Verified {
      try {
        return verifyFor(desk, token, { ...use, target: use.target.toLowerCase(), path: canonicalPath(use.path) });
      } catch (err) {
        const { caller, target, method, path } = use;
        throw err instanceof Failure ? refused(caller, { ...err.details, caller, target, method, path }, err) : err;
      }
    },
  };
}

/** A component without an address calls from nowhere. */
const isAt = ({ book, checkAddress }: Desk, name: string, caller: Ip): boolean =>
  !checkAddress || (caller !== '' && book().components.get(name)?.address === caller);

function mintFor({ book, now }: Desk, request: MintRequest & { name: string; door: Door }): string {
  const { method, door } = request;
  const name = request.name.toLowerCase();
  const target = request.target.toLowerCase();
  const path = canonicalPath(request.path);
  const caveats = validate(Caveats, request.caveats);
  const grant = grantFor(book().grantsOf.get(name) ?? [], { method, path, target, caveats });
  const secret = book().components.get(target)?.secret;
  // One answer for an unknown target and a missing grant: asking must not tell who else is installed.
  if (!grant || !secret) throw new Failure('permission.refused', `no permission for ${method} ${path} at ${target}`);
  const iat = Math.floor(now() / 1_000);
  const life = door === 'rest' ? { exp: iat + restLifeSeconds } : {};
  return sign({ sub: name, aud: target, path, method, caveats, grant: grant.id, door, iat, ...life }, secret);
}

function verifyFor(desk: Desk, token: string, use: TokenUse): Verified {
  if (token === '') throw new Failure('token.missing', 'send a token in X-Api-Key or Authorization: Bearer');
  const claims = readToken(desk.book(), token);
  if (!claims || !isAlive(desk, claims, use.caller)) {
    throw new Failure('token.invalid', 'the token is not valid here; ask the arbiter for a new one');
  }
  const reason = objection(claims, use, desk.now());
  if (reason !== undefined) throw new Failure('token.forbidden', reason, { component: claims.sub });
  const until = endOf(claims.caveats);
  return { component: claims.sub, grant: claims.grant, caveats: claims.caveats, ...(until !== undefined && { until }) };
}

const isAlive = (desk: Desk, claims: Claims, caller: Ip): boolean =>
  timely(claims, desk.now()) &&
  desk.book().grants.get(claims.grant)?.component === claims.sub &&
  isAt(desk, claims.sub, caller);
