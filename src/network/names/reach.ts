/**
 * reach — whether an address that upstream gave may stand behind an agreed name. An outside name must not lead inward
 * (DNS rebinding): not to the house, and never to this machine or its containers, whatever address they have.
 */
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { isOutside, within, type Cidr, type Ip } from '../../base/ipv4.ts';
import { run } from '../../base/run.ts';

const Routes = z.array(z.looseObject({ type: z.string().optional(), dev: z.string().optional() }));
/** Bridges of Docker and of ours: behind them are containers. */
const inward = /^(lo$|docker|br-|dbx)/;

export type Reach = { pool: Cidr; publicRanges: readonly Cidr[] };

/** @param local an agreed device of the house: private addresses count too */
export async function mayReach(ip: Ip, local: boolean, { pool, publicRanges }: Reach): Promise<boolean> {
  const range = isOutside(ip, publicRanges) || (local && ipaddr.IPv4.parse(ip).range() === 'private');
  return range && !within(ip, pool) && leadsOut(ip);
}

/** Asks the kernel, not the list of interfaces: it knows every local address, those of idle bridges too. */
async function leadsOut(ip: Ip): Promise<boolean> {
  try {
    const [route] = Routes.parse(JSON.parse(await run('ip', ['-j', 'route', 'get', ip], { timeoutMs: 2_000 })));
    return route !== undefined && (route.type ?? 'unicast') === 'unicast' && !inward.test(route.dev ?? 'lo');
  } catch {
    return false; // no route
  }
}
