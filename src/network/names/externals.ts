/**
 * externals — where the agreed outside names are now. An answer is given only after the rows lead to the address; no
 * question waits for another name's, and one component's slow names never fill another's turn.
 */
import type { Ip } from '../../base/ipv4.ts';
import { externalKey, type Tables } from '../tables.ts';
import { rcode, type Rcode } from './message.ts';
import type { Found } from './upstream.ts';

export type ExternalsOptions = {
  tables: () => Tables;
  lookup: (name: string) => Promise<Found | { failed: string }>;
  /** Whether an address may stand behind a name; see reach.ts. */
  mayReach: (ip: Ip, local: boolean) => Promise<boolean>;
  /** The addresses changed: resolves when the rows are in force. */
  changed: () => Promise<void>;
  /** Upstream gave only addresses that lead inward, for the first time since it gave another. */
  onWithheld: (withheld: WithheldName) => void;
  now?: () => number;
};

/** An agreed name whose addresses lead inward now: the owner should know. */
export type WithheldName = { asker: Ip; name: string; addresses: readonly Ip[] };
export type Outside = { asker: Ip; name: string; local: boolean };
/** `ok`: its rows lead there, answer the spoofed address; `empty`: it exists, with no address that we may give. */
export type Located = 'ok' | 'empty' | Extract<Rcode, 2 | 3>;

export type Externals = {
  /** By `externalKey`: what `pointed` takes. */
  readonly addresses: ReadonlyMap<string, Ip>;
  locate(name: Outside): Promise<Located>;
  withheld(): WithheldName[];
  /** Forgets the names that these tables no longer have. */
  prune(tables: Tables): void;
};

const pendingPerAsker = 32;
const [shortestKeepMs, longestKeepMs] = [1_000, 300_000];

export function createExternals(options: ExternalsOptions): Externals {
  const { now = () => performance.now() } = options;
  const addresses = new Map<string, Ip>();
  const withheld = new Map<string, WithheldName>();
  const known = new Map<string, { located: Located; until: number }>();
  const pending = new Map<string, Promise<Located>>();
  const find = async (outside: Outside, key: string): Promise<Located> => {
    const { located, seconds } = await search(outside, { addresses, withheld }, options);
    const ms = Math.min(Math.max(seconds * 1_000, shortestKeepMs), longestKeepMs);
    known.set(key, { located, until: now() + ms });
    return located;
  };
  return {
    addresses,
    async locate(outside) {
      const key = externalKey(outside.asker, outside.name);
      const recent = known.get(key);
      if (recent && recent.until > now()) return recent.located;
      const running = pending.get(key);
      if (running) return running;
      if (pendingOf(pending, outside.asker) >= pendingPerAsker) return rcode.failed;
      const found = find(outside, key).finally(() => pending.delete(key));
      pending.set(key, found);
      return found;
    },
    withheld: () => [...withheld.values()],
    prune({ externals }) {
      for (const key of new Set([...addresses.keys(), ...known.keys()])) {
        const [asker = '', name = ''] = key.split(' ');
        if (externals.get(asker)?.has(name)) continue;
        addresses.delete(key);
        known.delete(key);
        withheld.delete(key);
      }
    },
  };
}

type Places = { addresses: Map<string, Ip>; withheld: Map<string, WithheldName> };
async function search(
  outside: Outside,
  { addresses, withheld }: Places,
  options: ExternalsOptions,
): Promise<{ located: Located; seconds: number }> {
  const key = externalKey(outside.asker, outside.name);
  const found = await options.lookup(outside.name);
  // The last address stays: a name server that is gone takes no permission away, and gives none.
  if ('failed' in found) return { located: rcode.failed, seconds: 0 };
  const address = await choose(found, outside, { ...options, current: addresses.get(key) });
  const agreed = options.tables().externals.get(outside.asker)?.has(outside.name) ?? false;
  if (!agreed) return { located: rcode.unknown, seconds: 0 }; // withdrawn while we asked
  if (address === undefined) {
    if (addresses.delete(key)) await options.changed();
    if (found.addresses.length > 0) {
      const now = { asker: outside.asker, name: outside.name, addresses: found.addresses };
      if (!withheld.has(key)) options.onWithheld(now);
      withheld.set(key, now);
    }
    return { located: found.unknown ? rcode.unknown : 'empty', seconds: 0 };
  }
  withheld.delete(key);
  if (address !== addresses.get(key)) {
    addresses.set(key, address);
    await options.changed().catch((err: unknown) => {
      addresses.delete(key);
      throw err;
    });
  }
  return { located: 'ok', seconds: found.ttl };
}

const pendingOf = (pending: ReadonlyMap<string, unknown>, asker: Ip): number =>
  [...pending.keys()].filter((key) => key.startsWith(`${asker} `)).length;

type Choice = Pick<ExternalsOptions, 'mayReach'> & { current: Ip | undefined };
/** The present address while upstream still gives it: flows and answers stay together. Else the first that may be. */
async function choose(found: Found, { local }: Outside, { mayReach, current }: Choice): Promise<Ip | undefined> {
  const order = [...found.addresses].sort((a, b) => Number(b === current) - Number(a === current));
  for (const address of order) if (await mayReach(address, local)) return address;
  return undefined;
}
