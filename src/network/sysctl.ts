/** sysctl — kernel settings that the rules rely on. */
import { readFile, writeFile } from 'node:fs/promises';
import { Failure } from '../base/errors.ts';

/** On every component bridge: answer ARP only for its own addresses, and take no route from a component. */
const bridgeSettings = {
  arp_ignore: '1',
  accept_redirects: '0',
  accept_source_route: '0',
  send_redirects: '0',
  route_localnet: '0',
} as const;

/**
 * Sets what the rules rely on. A bridge that is not there yet is skipped: it has no component either.
 * @throws Failure `network.refused` when packets cannot be forwarded
 */
export async function setSysctls(bridges: Iterable<string>): Promise<void> {
  const forward = '/proc/sys/net/ipv4/ip_forward';
  await set(forward, '1');
  if ((await readFile(forward, 'utf8')).trim() !== '1') {
    throw new Failure('network.refused', 'this machine does not forward packets: set net.ipv4.ip_forward=1');
  }
  for (const bridge of bridges) {
    for (const [name, value] of Object.entries(bridgeSettings)) {
      await set(`/proc/sys/net/ipv4/conf/${bridge}/${name}`, value);
    }
  }
}

/**
 * Settings of this machine that weaken what we do, as sentences. They are the owner's: we say so, and leave them.
 */
export async function weakSettings(): Promise<string[]> {
  const loose = await readFile('/proc/sys/net/netfilter/nf_conntrack_tcp_loose', 'utf8');
  return loose.trim() === '0'
    ? ['net.netfilter.nf_conntrack_tcp_loose is 0: connections of a revoked permission end by time-out, not at once']
    : [];
}

async function set(path: string, value: string): Promise<void> {
  try {
    if ((await readFile(path, 'utf8')).trim() !== value) await writeFile(path, value);
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException;
    // No such bridge yet, or /proc/sys is read-only: the rules hold without, and ip_forward is looked at again.
    if (code !== 'ENOENT' && code !== 'EROFS' && code !== 'EACCES') throw err;
  }
}
