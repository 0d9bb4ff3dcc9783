import ipaddr from 'ipaddr.js';

/** Dotted-quad text; every address inside Databox is IPv4. */
export type Ip = string;
/** `10.196.0.0/16`. */
export type Cidr = string;

export const toNumber = (ip: Ip): number => ipaddr.IPv4.parse(ip).octets.reduce((sum, octet) => sum * 256 + octet, 0);
export const toIp = (value: number): Ip => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');

/** First and last address of a block, as numbers. */
export function bounds(cidr: Cidr): [first: number, last: number] {
  const [address = '', bits = '32'] = cidr.split('/');
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(toNumber(address) / size) * size;
  return [first, first + size - 1];
}

export const within = (ip: Ip, cidr: Cidr): boolean => {
  const [first, last] = bounds(cidr);
  return toNumber(ip) >= first && toNumber(ip) <= last;
};

export function overlaps(a: Cidr, b: Cidr): boolean {
  const [[firstA, lastA], [firstB, lastB]] = [bounds(a), bounds(b)];
  return firstA <= lastB && firstB <= lastA;
}

export const isIp = (text: string): boolean => ipaddr.IPv4.isValidFourPartDecimal(text);
export const isCidr = (text: string): boolean => /^[\d.]+\/\d{1,2}$/.test(text) && ipaddr.IPv4.isValidCIDR(text);

/**
 * Whether an address is out on the internet: neither private, loopback, link-local, carrier-grade, multicast nor
 * reserved. `publicRanges` are blocks that count as outside all the same (the setting `network.public-ranges`).
 */
export function isOutside(ip: string, publicRanges: readonly Cidr[] = []): boolean {
  if (!ipaddr.isValid(ip)) return false;
  const address = ipaddr.process(ip);
  if (address.kind() === 'ipv4' && publicRanges.some((cidr) => within(address.toString(), cidr))) return true;
  return address.range() === 'unicast';
}

/** The host of a `::ffff:10.0.0.1` peer address, as IPv4 text. */
export const peerIp = (address: string | undefined): Ip => (address ?? '').replace(/^::ffff:/, '');
