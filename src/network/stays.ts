/**
 * stays — spoofed addresses of peers that were just withdrawn. They stay on their bridge, and nobody else gets them, for
 * as long as resets are armed: the ends that are cut still answer there. A kernel that asks in vain who has an address
 * holds it unreachable for seconds, also when the peer is allowed again meanwhile. No row leads to them. Pure.
 */
import { spoofs, type Policy } from './policy.ts';

/** The address of `peer` in the subnet of `network`; `until` as `now` counts. */
export type Stay = { network: string; peer: string; until: number };

/** Resets are armed for this long (resets.ts). */
const stayMs = 10_000;

/** What stays after a change at `now`. Where the network itself goes, nothing does. */
export function staysOf(change: { before: Policy; after: Policy; stays: readonly Stay[]; now: number }): Stay[] {
  const { before, after, stays, now } = change;
  const wanted = new Set(spoofs(after).map(keyOf));
  const gone = spoofs(before).map(([network, peer]) => ({ network, peer, until: now + stayMs }));
  return [...stays.filter(({ until }) => until > now), ...gone].filter(
    ({ network, peer }) => after.components.has(network) && !wanted.has(keyOf([network, peer])),
  );
}

const keyOf = (pair: readonly [network: string, peer: string]): string => pair.join(' ');
