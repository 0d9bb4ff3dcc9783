/** What the arbiter's tokens cost beside the HMAC that they cannot do without. */
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { readToken, sign } from '../../../src/arbiter/tokens.ts';
import type { Claims } from '../../../src/arbiter/judge.ts';
import type { Book } from '../../../src/arbiter/registry.ts';
import { alternating } from './load.ts';
import { owner, store } from './names.ts';

const rounds = 7;
const times = 20_000;

/** @returns times a second, of this machine now */
export async function tokenRates(): Promise<Record<'hmac' | 'verify' | 'mint', number>> {
  const secret = createSecretKey(randomBytes(32));
  const iat = Math.floor(Date.now() / 1_000);
  const claims: Claims = {
    ...{ sub: owner, aud: store, path: '/ts/temperature*', method: 'GET', caveats: [] },
    ...{ grant: 1, door: 'rest', iat, exp: iat + 3_600 },
  };
  const token = sign(claims, secret);
  const signed = token.slice(0, token.lastIndexOf('.'));
  const component = { name: store, type: 'store', key: Buffer.alloc(0), address: undefined, secret } as const;
  const book: Book = {
    components: new Map([[store, component]]),
    ...{ grants: new Map(), grantsOf: new Map(), verified: new Map() },
  };
  const ways = {
    hmac: () => often(() => createHmac('sha256', secret).update(signed).digest('base64url')),
    verify: () =>
      often(() => {
        // As of a token that was never seen.
        book.verified.clear();
        return readToken(book, token);
      }),
    mint: () => often(() => sign(claims, secret)),
  };
  // Until it has been compiled, each is many times slower.
  await alternating(2, ways);
  return alternating(rounds, ways);
}

function often(work: () => unknown): Promise<number> {
  const start = performance.now();
  for (let at = 0; at < times; at++) if (work() === undefined) throw new Error('it was refused');
  return Promise.resolve((times * 1_000) / (performance.now() - start));
}
