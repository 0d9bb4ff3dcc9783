/**
 * tables — what is allowed, as data: who reaches what (`transport`) and who may resolve what (`resolve`). Pure. Tables
 * are never edited; a change builds new ones and swaps them in one assignment, so no packet meets half a change.
 */
import type { Ip } from '../base/ipv4.ts';

export type Protocol = 'tcp' | 'udp';
export type Flow = { src: Ip; dst: Ip; protocol: Protocol; port: number };

/** One permission of one direction; replies ride on connection tracking. */
export type Row = {
  component: string;
  peer: string;
  /** The component's bridge: a packet with this source from elsewhere is a forgery. */
  bridge: string;
  /** The component's address. */
  src: Ip;
  /** The peer as the component sees it: a spoofed address in its own subnet. */
  dst: Ip;
  protocol: Protocol;
  /** As the component sees it. */
  port: number;
  /** Where the peer really is; `null` for an external name that was not resolved yet: not reachable. */
  to: { ip: Ip; port: number } | null;
  /** What the peer sees as source: a spoofed address of its subnet, the host's (`masquerade`), or the component's own (`null`). */
  snat: Ip | null;
};

/** The `snat` of rows that lead outside. */
export const masquerade = 'masquerade';

export type ComponentPlace = { name: string; bridge: string; gateway: Ip; managerAddress: Ip };
/** An agreed name that is looked up outside; `local`: an agreed device of the house, which may have a private address. */
export type ExternalName = { local: boolean };

export type Tables = {
  /** By `flowKey`. */
  readonly transport: ReadonlyMap<string, Row>;
  /** By asker, then by lower-case name without trailing dot: the spoofed address to answer. */
  readonly resolve: ReadonlyMap<Ip, ReadonlyMap<string, Ip>>;
  /** By asker, then by name: the names of `resolve` whose rows need an address from upstream. */
  readonly externals: ReadonlyMap<Ip, ReadonlyMap<string, ExternalName>>;
  /** By the component's address. */
  readonly components: ReadonlyMap<Ip, ComponentPlace>;
};

/** The default is silence. */
export const nothing: Tables = {
  transport: new Map(),
  resolve: new Map(),
  externals: new Map(),
  components: new Map(),
};

export const flowKey = ({ src, dst, protocol, port }: Flow): string => `${src} ${dst} ${protocol} ${port}`;

/** The row that lets this flow pass, `null` when it is to be dropped. */
export function judge(tables: Tables, flow: Flow): Row | null {
  const row = tables.transport.get(flowKey(flow));
  return row?.to ? row : null;
}

/** The spoofed address that this asker gets for this canonical name; `null`: NXDOMAIN. */
export const answer = (tables: Tables, asker: Ip, name: string): Ip | null =>
  tables.resolve.get(asker)?.get(name) ?? null;

/** The name that this asker knows this spoofed address by; `null`: NXDOMAIN. */
export function nameOf(tables: Tables, asker: Ip, address: Ip): string | null {
  for (const [name, known] of tables.resolve.get(asker) ?? []) if (known === address) return name;
  return null;
}

/** Rows of `before` that `after` does not allow in the same way: what a withdrawal has to take back. */
export const lost = (before: Tables, after: Tables): Row[] =>
  [...before.transport].filter(([key, row]) => !sameWay(row, after.transport.get(key))).map(([, row]) => row);

/** An external name that moved keeps its open flows; a peer of ours that moved does not. */
const sameWay = (row: Row, other: Row | undefined): boolean =>
  other !== undefined &&
  other.bridge === row.bridge &&
  other.peer === row.peer &&
  other.snat === row.snat &&
  (row.snat === masquerade || (row.to?.ip === other.to?.ip && row.to?.port === other.to?.port));

/**
 * Points the rows of external names at the addresses that upstream gave.
 * @param addresses by `externalKey`; a name that is missing here is not reachable
 */
export function pointed(tables: Tables, addresses: ReadonlyMap<string, Ip>): Tables {
  const transport = new Map(tables.transport);
  for (const [key, row] of transport) {
    if (row.snat !== masquerade) continue;
    const ip = addresses.get(externalKey(row.src, row.peer));
    transport.set(key, { ...row, to: ip === undefined ? null : { ip, port: row.port } });
  }
  return { ...tables, transport };
}

export const externalKey = (asker: Ip, name: string): string => `${asker} ${name}`;
