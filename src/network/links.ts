/** links — bridges, addresses and routes of this machine, by `ip`. */
import { z } from 'zod';
import type { Cidr, Ip } from '../base/ipv4.ts';
import { run } from '../base/run.ts';

const Links = z.array(
  z.looseObject({
    ifname: z.string(),
    addr_info: z.array(z.looseObject({ family: z.string(), local: z.string(), prefixlen: z.number() })).default([]),
  }),
);
const Routes = z.array(z.looseObject({ type: z.string().optional(), dst: z.string(), dev: z.string().optional() }));

const code = 'network.refused';
const ip = (argv: readonly string[], input?: string): Promise<string> =>
  run('ip', argv, { code, timeoutMs: 10_000, ...(input !== undefined && { input }) });

export type Held = { ip: Ip; prefix: number };

/** The IPv4 addresses of every link, idle ones and those without any too. */
export async function heldAddresses(): Promise<Map<string, Held[]>> {
  const links = Links.parse(JSON.parse(await ip(['-j', 'addr', 'show'])));
  return new Map(
    links.map(({ ifname, addr_info: info }) => [
      ifname,
      info.filter(({ family }) => family === 'inet').map(({ local, prefixlen }) => ({ ip: local, prefix: prefixlen })),
    ]),
  );
}

/** Blocks that the machine routes, in every table: tunnels have tables of their own. Default routes are none. */
export async function routedBlocks(): Promise<{ cidr: Cidr; dev: string }[]> {
  const routes = Routes.parse(JSON.parse((await ip(['-j', '-4', 'route', 'show', 'table', 'all'])) || '[]'));
  return routes
    .filter(({ type = 'unicast' }) => !['local', 'broadcast', 'multicast'].includes(type))
    .map(({ type, dst, dev }) => ({ cidr: dst.includes('/') ? dst : `${dst}/32`, dev: dev ?? type ?? 'nowhere' }))
    .filter(({ cidr }) => !/^default|\/[01]$/.test(cidr)); // some tunnels write "everything" as two halves
}

/** A bridge of ours: Docker builds a network over it, but cannot take it away. */
export async function ensureBridge(name: string): Promise<void> {
  const links = Links.parse(JSON.parse(await ip(['-j', 'link', 'show'])));
  if (!links.some(({ ifname }) => ifname === name)) await ip(['link', 'add', name, 'type', 'bridge']);
  await ip(['link', 'set', name, 'up']);
}

export async function removeLink(name: string): Promise<void> {
  const links = Links.parse(JSON.parse(await ip(['-j', 'link', 'show'])));
  if (links.some(({ ifname }) => ifname === name)) await ip(['link', 'delete', name]);
}

/**
 * Single addresses that a bridge is to have, and the changes from what it has. They are real addresses of the host, not
 * proxy-ARP entries: ARP for them needs no further setting, services can bind them, they go when the link goes, and
 * what is sent to them without a row ends at the INPUT gate instead of being routed. Of global scope: others would stand
 * before the gateway in the kernel's list, and Docker takes the first for the bridge's own when it starts again.
 * @param wanted by bridge; other links are left alone, and so are bridges that are not there
 */
export function addressChanges(
  held: ReadonlyMap<string, readonly Held[]>,
  wanted: ReadonlyMap<string, ReadonlySet<Ip>>,
): string[] {
  return [...wanted].flatMap(([dev, addresses]) => {
    const here = held.get(dev);
    if (!here) return [];
    const single = here.filter(({ prefix }) => prefix === 32).map(({ ip: address }) => address);
    const missing = [...addresses].filter((address) => !single.includes(address));
    const spare = single.filter((address) => !addresses.has(address));
    return [
      ...missing.map((address) => `address replace ${address}/32 dev ${dev}`),
      ...spare.map((address) => `address delete ${address}/32 dev ${dev}`),
    ];
  });
}

/** Runs lines of `ip` in one process; stops at the first that fails. @throws Failure `network.refused` */
export async function applyChanges(lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await ip(['-batch', '-'], `${lines.join('\n')}\n`);
}
