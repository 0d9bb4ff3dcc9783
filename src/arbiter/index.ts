/** arbiter — components, permissions, tokens and the root catalogue; the only place that says yes. */
export { createArbiter, type Arbiter, type ArbiterOptions } from './arbiter.ts';
export type { Catalogue } from './catalogue.ts';
export type { Caveat } from './caveats.ts';
export type { TokenUse, Verified } from './checks.ts';
export type { Door, Grant, MintRequest, Route } from './judge.ts';
export { arbiterVersion } from './sql.ts';
export type { ComponentType, Registration } from './registry.ts';
export type { Wire, WireEvent, WireOptions, WireRequest } from './wire.ts';
export type { WireAnswer } from './calls.ts';
