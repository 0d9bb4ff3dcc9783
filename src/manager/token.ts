/** token — a token for the owner's eyes: as the component would get it, no wider, and on record. */
import { componentOf } from './components.ts';
import type { MintedToken, TokenWish } from './face.ts';
import type { Core } from './lifecycle.ts';

type Minting = Pick<Core, 'arbiter' | 'components' | 'ledger' | 'log'>;

/** @throws Failure as `Manager.token`; `ledger.unavailable` */
export async function mintFor(core: Minting, name: string, wish: TokenWish): Promise<MintedToken> {
  const { place } = componentOf(core.components, name);
  const token = core.arbiter.mint(name, wish, 'rest');
  const { method, target, path, caveats } = wish;
  await core.ledger.record({ kind: 'token', component: name, target, path, facts: { method, caveats } });
  core.log.warn({ component: name, method, target, path, caveats }, 'the owner had a token minted');
  // Just signed by our own arbiter: read, not verified.
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
  return { token, claims, address: place?.address ?? null };
}
