/** token — a token for the owner's eyes: as the component would get it, no wider, and on record. */
import { componentOf } from './components.ts';
import type { MintedToken, TokenWish } from './face.ts';
import type { Core } from './lifecycle.ts';

export function mintFor(core: Core, name: string, wish: TokenWish): MintedToken {
  const { place } = componentOf(core.components, name);
  const token = core.arbiter.mint(name, wish, 'rest');
  const { method, target, path, caveats } = wish;
  core.log.warn({ component: name, method, target, path, caveats }, 'the owner had a token minted');
  // Just signed by our own arbiter: read, not verified.
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
  return { token, claims, address: place?.address ?? null };
}
