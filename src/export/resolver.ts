import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Config } from '../base/config.ts';
import { isOutside } from '../base/ipv4.ts';

/** A name may have a thousand addresses; more than these are not tried. */
const mostAddresses = 8;

/** The addresses to connect to, or why there are none: `inward` is final, anything else may change. */
export type Resolved = { addresses: string[] } | { inward: string } | { missing: string };

/**
 * Looks destinations up and refuses those that lead inward. Its answer is what the sender connects to: nobody asks for
 * the name a second time, so it cannot change between check and connection. One inward address spoils the whole answer.
 */
export function createResolver(config: Config): (hostname: string, signal: AbortSignal) => Promise<Resolved> {
  const mayBePrivate = new Set(config['export.private-hosts'].map((host) => host.toLowerCase()));
  const ranges = config['network.public-ranges'];
  return async (hostname, signal) => {
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const addresses = isIP(host) ? [host] : await lookUp(host, config['network.upstream'], signal);
    if (addresses.length === 0) return { missing: `${host} has no address` };
    const own = ownAddresses();
    const inward = mayBePrivate.has(host)
      ? undefined
      : addresses.find((address) => own.has(address) || !isOutside(address, ranges));
    return inward === undefined ? { addresses: addresses.slice(0, mostAddresses) } : { inward };
  };
}

/** A and AAAA records, version four first; `[]` when the name has none or nobody answers in time. */
async function lookUp(host: string, upstream: readonly string[], signal: AbortSignal): Promise<string[]> {
  if (signal.aborted) return [];
  // A resolver of its own for each lookup, so that ending one ends no other.
  const resolver = new Resolver({ timeout: 3_000, tries: 2 });
  if (upstream.length > 0) resolver.setServers(upstream);
  const cancel = (): void => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  signal.removeEventListener('abort', cancel);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}

/** A box with a public address must not be reached through the outside of itself. */
const ownAddresses = (): Set<string> =>
  new Set(Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)));
