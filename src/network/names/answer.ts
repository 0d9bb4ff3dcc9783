/** answer — what a component is told about a name. Pure. */
import { isIp, type Ip } from '../../base/ipv4.ts';
import { answer, nameOf, type Tables } from '../tables.ts';
import { rcode, type, type Answer, type Query, type Rcode } from './message.ts';

export type Decision =
  | { do: 'reply'; rcode: Rcode; answer?: Answer; refused?: true }
  /** An agreed name of the outside: find where it is now, then answer `address`. */
  | { do: 'lookup'; name: string; local: boolean; address: Ip };

const empty: Decision = { do: 'reply', rcode: rcode.ok };
const unknown: Decision = { do: 'reply', rcode: rcode.unknown, refused: true };

/**
 * A records with the spoofed address for agreed names, no records for their other types (an NXDOMAIN for AAAA would
 * mean "no such host" to musl), NXDOMAIN for the rest. A spoofed address knows its agreed name.
 */
export function decide(tables: Tables, asker: Ip, { name, type: asked }: Query): Decision {
  if (name === null) return unknown;
  const reverse = reversed(name);
  if (reverse !== null) {
    const known = nameOf(tables, asker, reverse);
    if (known === null) return unknown;
    return asked === type.ptr ? { do: 'reply', rcode: rcode.ok, answer: { type: 'ptr', name: known } } : empty;
  }
  const address = answer(tables, asker, name);
  if (address === null) return unknown;
  if (asked !== type.a && asked !== type.any) return empty;
  const external = tables.externals.get(asker)?.get(name);
  if (external) return { do: 'lookup', name, local: external.local, address };
  return { do: 'reply', rcode: rcode.ok, answer: { type: 'a', address } };
}

/** `4.3.2.1.in-addr.arpa` → `1.2.3.4`. */
function reversed(name: string): Ip | null {
  if (!name.endsWith('.in-addr.arpa')) return null;
  const address = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse().join('.');
  return isIp(address) ? address : null;
}
