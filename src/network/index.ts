/** network — components reach the names and ports they agreed, and nothing else: tables, resolver, kernel rules. */
export { startNetwork } from './network.ts';
export { clearNetwork } from './clear.ts';
export { networkVersion } from './sql.ts';
export type { Network, NetworkOptions, NetworkView, PeerView, Place } from './face.ts';
export type { Peer } from './policy.ts';
export { facts } from './facts.ts';
