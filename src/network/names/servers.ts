/** servers — which name servers the house uses: those of the setting, else the machine's own. */
import { readFile } from 'node:fs/promises';
import { isIPv4, isIPv6 } from 'node:net';
import { Failure } from '../../base/errors.ts';
import type { Server } from './upstream.ts';

const dnsPort = 53;
/** As the C library: more are not asked. */
const mostServers = 3;

/**
 * @param configured `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`
 * @throws Failure `config.invalid`
 */
export function serverOf(configured: string): Server {
  const parts = /^([\d.]+)(?::(\d{1,5}))?$/.exec(configured) ?? /^\[(.+)\](?::(\d{1,5}))?$/.exec(configured);
  const address = parts?.[1] ?? configured;
  const port = Number(parts?.[2] ?? dnsPort);
  const known = isIPv4(address) || isIPv6(address);
  if (known && port > 0 && port <= 65_535) return { address, port };
  throw new Failure('config.invalid', `network.upstream: ${configured} is no address or address:port`);
}

/** The `nameserver` lines of a resolv.conf; `[]` when there is none. Read each time: the house's network may change. */
export async function machineServers(file = '/etc/resolv.conf'): Promise<Server[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return [...text.matchAll(/^nameserver\s+(\S+)/gm)]
    .map((match) => match[1] ?? '')
    .filter((address) => isIPv4(address) || isIPv6(address))
    .slice(0, mostServers)
    .map((address) => ({ address, port: dnsPort }));
}
