/** entry — what the ledger holds: shapes of counts, of entries, and of what verification finds. Pure. */
import { z } from 'zod';
import type { Use } from '../base/uses.ts';

/** A use, or one that was refused. */
export type Access = Use & { refused?: number };

const bytes = z.int().min(0);
/**
 * Uses of one datasource by one component within `span` ms from `at`; `first` and `last` are ms since the Unix epoch.
 * Datasource `*` holds those of a component's datasources beyond the first thousand, and what was refused to it.
 */
export const AccessShape = z.strictObject({
  ...{ component: z.string(), store: z.string(), datasource: z.string() },
  ...{ at: z.int(), span: z.int(), reads: z.int(), writes: z.int(), readBytes: bytes, writtenBytes: bytes },
  ...{ refused: z.int(), first: z.int(), last: z.int() },
});
export type AccessRow = z.infer<typeof AccessShape>;

export const kinds = [
  // What components did, or were kept from.
  ...(['actuation', 'export', 'exported', 'refusal'] as const),
  // What they may do: rights at the arbiter, then what the owner agreed to.
  ...(['grant', 'revoke', 'install', 'replace', 'uninstall', 'agreement', 'token', 'restore'] as const),
  // The ledger itself: it was made; its head was gone or altered when the box started.
  ...(['begin', 'unsealed'] as const),
] as const;
export type Kind = (typeof kinds)[number];

export const EntryShape = z.strictObject({
  /** Never given again. */
  id: z.int(),
  /** Whose chain it is in: a component's, or `owner` for what the owner did. `seq` counts in it from 1. */
  ...{ chain: z.string(), seq: z.int() },
  at: z.int(),
  kind: z.enum(kinds),
  component: z.string(),
  /** The store or service that it is about, '' for none. */
  target: z.string(),
  /** Path of a datasource or route, a destination, a line of an agreement; '' for none. */
  path: z.string(),
  facts: z.record(z.string(), z.unknown()),
  /** HMAC-SHA-256 over the hash of the entry before and all members above, hex. */
  hash: z.string(),
});
export type Entry = z.infer<typeof EntryShape>;

export type NewEntry = Pick<Entry, 'kind' | 'component'> & {
  target?: string;
  path?: string;
  facts?: Record<string, unknown>;
};

/** What the owner looks for: rows and entries whose last moment is at or after `since`. */
export type Looking = {
  component?: string;
  /** The path of a datasource, or its last segment. */
  datasource?: string;
  store?: string;
  /** ms since the Unix epoch. */
  since?: number;
  limit?: number;
};

/** `id` and `at` are null for an entry that is gone. */
const Fault = z.strictObject({
  ...{ chain: z.string(), seq: z.int(), id: z.int().nullable(), at: z.int().nullable(), why: z.string() },
});
export type Fault = z.infer<typeof Fault>;

/** What is gone has no number any more: it stands last. */
export const earlier = (a: Fault, b: Fault): number => {
  if (a.id === b.id) return a.seq - b.seq;
  return (a.id ?? Number.MAX_SAFE_INTEGER) - (b.id ?? Number.MAX_SAFE_INTEGER);
};

/** `broken`: the first broken entry of each chain, the earliest first. */
export const VerdictShape = z.strictObject({
  intact: z.boolean(),
  broken: z.array(Fault),
  /** Entries that were looked at, in so many chains. */
  ...{ entries: z.int(), chains: z.int() },
  /** Of the oldest entry; null when there is none. */
  since: z.int().nullable(),
});
export type Verdict = z.infer<typeof VerdictShape>;

/** What the owner did and agreed to is in a chain of its own: no component can push it out. */
const owners: ReadonlySet<Kind> = new Set([
  ...(['install', 'replace', 'uninstall', 'agreement', 'token', 'restore', 'begin', 'unsealed'] as const),
]);
export const chainOf = ({ kind, component }: Pick<NewEntry, 'kind' | 'component'>): string =>
  owners.has(kind) ? 'owner' : component;
