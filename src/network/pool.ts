/**
 * pool — which addresses we use: a pool, a /24 of it per network, `.1` its gateway, container or services from `.2` up,
 * spoofed addresses from `.254` down. Pure.
 */
import { Failure } from '../base/errors.ts';
import { bounds, overlaps, toIp, toNumber, type Cidr, type Ip } from '../base/ipv4.ts';

export const alternatives: readonly Cidr[] = ['10.196.0.0/16', '172.27.0.0/16', '192.168.192.0/18', '100.96.0.0/16'];

/** A block that someone else uses; `by` says who, for the owner: `route via wg0`. */
export type Taken = { cidr: Cidr; by: string };

/**
 * The configured pool, or the first of `previous` (the one used last time) and the alternatives that nobody else uses.
 * @throws Failure `network.overlap` that names what is in the way
 */
export function choosePool(o: {
  configured?: Cidr | undefined;
  previous?: Cidr | undefined;
  taken: readonly Taken[];
}): Cidr {
  const previous = o.previous === undefined ? [] : [o.previous];
  const candidates =
    o.configured === undefined ? [...new Set([...previous, ...alternatives])] : [canonical(o.configured)];
  const inTheWay = candidates.map((cidr) => ({ cidr, taken: o.taken.find((other) => overlaps(cidr, other.cidr)) }));
  const free = inTheWay.find(({ taken }) => taken === undefined);
  if (free) return free.cidr;
  const faults = inTheWay.map(({ cidr, taken }) => `${cidr} overlaps ${taken?.cidr} (${taken?.by})`);
  const sentence = `no address pool is free: ${faults.join('; ')}. Set network.address-pool to a free block`;
  throw new Failure('network.overlap', sentence, { overlaps: inTheWay });
}

/** The block with its host bits cleared. @throws Failure `config.invalid` when it has no room for two networks */
function canonical(pool: Cidr): Cidr {
  const [first, last] = bounds(pool);
  if (last - first + 1 >= 512) return `${toIp(first)}/${pool.split('/')[1]}`;
  throw new Failure('config.invalid', `network.address-pool ${pool} is too small: each network takes a /24 of it`);
}

/**
 * The lowest /24 of the pool that no network has.
 * @throws Failure `network.exhausted`
 */
export function freeSubnet(pool: Cidr, used: Iterable<Cidr>): Cidr {
  const taken = new Set(used);
  const [first, last] = bounds(pool);
  for (let base = first; base < last; base += 256) {
    const subnet = `${toIp(base)}/24`;
    if (!taken.has(subnet)) return subnet;
  }
  throw new Failure(
    'network.exhausted',
    `all ${taken.size} networks of ${pool} are in use; remove a component or set a larger network.address-pool`,
  );
}

export const gatewayOf = (subnet: Cidr): Ip => toIp(bounds(subnet)[0] + 1);
/** The address of the one container of a component's network. */
export const containerOf = (subnet: Cidr): Ip => toIp(bounds(subnet)[0] + 2);

/**
 * The lowest address from `.2` up that nobody has: services on the system network.
 * @throws Failure `network.exhausted`
 */
export function freeServiceAddress(subnet: Cidr, used: Iterable<Ip>): Ip {
  const taken = new Set(used);
  for (let host = 2; host <= 254; host++) {
    const address = toIp(bounds(subnet)[0] + host);
    if (!taken.has(address)) return address;
  }
  throw new Failure('network.exhausted', `every address of ${subnet} is in use`);
}

/** A spoofed address and whether its peer is still agreed; `since` grows with each agreement. */
export type Held = { address: Ip; peer: string; since: number; agreed: boolean };

/**
 * An address for a new peer: from `.254` down to `.3`, and one that no peer ever had while there is one, because a
 * client that kept an address must not meet another peer there; then the one that was agreed longest ago.
 * @throws Failure `network.exhausted` when 252 peers are agreed
 */
export function freeSpoofedAddress(subnet: Cidr, held: readonly Held[]): { address: Ip; instead?: string } {
  const taken = new Set(held.map(({ address }) => toNumber(address)));
  const [first] = bounds(subnet);
  for (let host = 254; host >= 3; host--) {
    if (!taken.has(first + host)) return { address: toIp(first + host) };
  }
  const [oldest] = held.filter(({ agreed }) => !agreed).sort((a, b) => a.since - b.since);
  if (oldest) return { address: oldest.address, instead: oldest.peer };
  throw new Failure('network.exhausted', `${subnet} has no address left for another peer`);
}
