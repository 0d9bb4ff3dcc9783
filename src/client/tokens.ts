import { DataboxError, errorOf } from './errors.ts';
import type { Http } from './http.ts';
import type { Place } from './place.ts';

/** One-member conditions, as the arbiter knows them. */
export type Caveat = Record<string, unknown>;
export type Route = { target: string; method: 'GET' | 'POST' | 'DELETE'; path: string; caveats?: readonly Caveat[] };

export type Tokens = {
  /** A token for the route, asked for at most once. @throws DataboxError `permission.refused`, `key.invalid`, `unreachable` */
  take(route: Route): Promise<string>;
  /** The box refused this token: the next `take` asks for another. */
  spoil(route: Route, token: string): void;
};

type Held = { token: Promise<string>; text?: string; until: number };

/** A token is replaced this long before it ends, so that none ends on its way. */
const marginMs = 60_000;

export function createTokens(place: Place, http: Http): Tokens {
  const held = new Map<string, Held>();
  const keyOf = ({ target, method, path, caveats = [] }: Route) => JSON.stringify([target, method, path, caveats]);
  return {
    take(route) {
      const key = keyOf(route);
      const known = held.get(key);
      if (known && known.until > Date.now()) return known.token;
      const fresh: Held = { token: ask(place, http, route), until: Infinity };
      held.set(key, fresh);
      fresh.token.then(
        (text) => Object.assign(fresh, { text, until: endOf(text) - marginMs }),
        () => held.get(key) === fresh && held.delete(key),
      );
      return fresh.token;
    },
    spoil(route, token) {
      const key = keyOf(route);
      // Another request may have renewed it already.
      if (held.get(key)?.text === token) held.delete(key);
    },
  };
}

async function ask(place: Place, http: Http, { target, method, path, caveats = [] }: Route): Promise<string> {
  // A component that is closed may have lost its key by now.
  http.check();
  const { status, body } = await http.ask({
    method: 'POST',
    url: `${place.baseOf('arbiter')}/token`,
    headers: { 'x-api-key': place.key(), 'content-type': 'application/json' },
    body: JSON.stringify({ target, method, path, caveats }),
  });
  if (status !== 200) throw errorOf(status, body.toString());
  const token = body.toString().trim();
  if (token === '') throw new DataboxError('answer.invalid', 'the arbiter gave an empty token', { status });
  return token;
}

/** When the token ends, in ms since the Unix epoch: the `exp` of its middle part. Never, when it does not say. */
function endOf(token: string): number {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1_000 : Infinity;
  } catch {
    return Infinity;
  }
}
