/**
 * policy — who agreed to what, by name, and the tables that follow from it. Pure: each change returns a new policy.
 * Agreements outlive addresses: a service that is not there yet (or just restarts) is agreed all the same, and its rows
 * appear with it. They are directional: only the side that an agreement names may open a connection.
 */
import type { Ip } from '../base/ipv4.ts';
import { flowKey, masquerade, type Protocol, type Row, type Tables } from './tables.ts';

/** What a component may reach. Ports absent: all that a service publishes; 8080 of a component, the one that its page has. */
export type Peer =
  | { kind: 'service' | 'component'; name: string; ports?: number[] }
  | {
      kind: 'external';
      host: string;
      ports: { protocol: Protocol; port: number }[];
      /** An agreed device of the house: its name may lead to a private address. */
      local?: boolean;
    };

export type Service = { name: string; address: Ip; ports: ReadonlyMap<number, number> };
export type Component = { name: string; bridge: string; gateway: Ip; address: Ip };
type Named<T> = ReadonlyMap<string, T>;

export type Policy = {
  readonly services: Named<Service>;
  readonly components: Named<Component>;
  /** By component, then by the peer's name. */
  readonly agreements: Named<Named<Peer>>;
};
export const nobody: Policy = { services: new Map(), components: new Map(), agreements: new Map() };

/** The one service that opens connections to components: it has a spoofed address in each of their subnets. */
export const manager = 'container-manager';
const standardPort = 8080;

export const nameOfPeer = (peer: Peer): string => (peer.kind === 'external' ? peer.host : peer.name);

/** Adds a service, or moves it and its ports: agreements and the addresses that components see stay. */
export const withService = (policy: Policy, service: Service): Policy => ({
  ...policy,
  services: set(policy.services, service.name, service),
});
export const withoutService = (policy: Policy, name: string): Policy => ({
  ...policy,
  services: unset(policy.services, name),
});
/** Adds a component, or moves it. */
export const withComponent = (policy: Policy, component: Component): Policy => ({
  ...policy,
  components: set(policy.components, component.name, component),
});
/** Removes a component, what it agreed and what others agreed about it: another one of its name starts with nothing. */
export const withoutComponent = (policy: Policy, name: string): Policy => ({
  ...policy,
  components: unset(policy.components, name),
  agreements: new Map(
    [...unset(policy.agreements, name)].map(([other, peers]) => [
      other,
      peers.get(name)?.kind === 'component' ? unset(peers, name) : peers,
    ]),
  ),
});
/** Adds peers to what a component may reach; a peer of the same name is replaced. */
export function connected(policy: Policy, name: string, peers: readonly Peer[]): Policy {
  const agreed = new Map([
    ...(policy.agreements.get(name) ?? []),
    ...peers.map((peer) => [nameOfPeer(peer), peer] as const),
  ]);
  return { ...policy, agreements: set(policy.agreements, name, agreed) };
}
/** Takes peers away; without `peers`, all of them. */
export function disconnected(policy: Policy, name: string, peers?: readonly string[]): Policy {
  const agreed = new Map(peers && policy.agreements.get(name));
  for (const peer of peers ?? []) agreed.delete(peer);
  return { ...policy, agreements: set(policy.agreements, name, agreed) };
}

/** The address in the subnet of `network` that stands for `peer`. */
export type Spoofed = (network: string, peer: string) => Ip;
/** Every (network, peer) that `tablesOf` will ask an address for, in an order that does not change. */
export function spoofs(policy: Policy): [network: string, peer: string][] {
  const wanted = new Map<string, [string, string]>();
  const want = (network: string, peer: string) => wanted.set(`${network} ${peer}`, [network, peer]);
  for (const name of policy.components.keys()) {
    want(name, manager);
    for (const [peer, { kind }] of policy.agreements.get(name) ?? []) {
      want(name, peer);
      if (kind === 'component' && policy.components.has(peer)) want(peer, name);
    }
  }
  return [...wanted.values()];
}

/** The tables of a policy; rows of external names lead nowhere (`to: null`) until the resolver knows their address. */
export function tablesOf(policy: Policy, spoofed: Spoofed): Tables {
  const places = [...policy.components.values()];
  const agreed = (name: string) => [...(policy.agreements.get(name) ?? new Map<string, Peer>())];
  const rows = places.flatMap((place) =>
    agreed(place.name).flatMap(([, peer]) => rowsOf(policy, { place, peer, spoofed })),
  );
  return {
    transport: new Map(rows.map((row) => [flowKey(row), row])),
    resolve: new Map(
      places.map(({ name, address }) => [address, new Map(agreed(name).map(([peer]) => [peer, spoofed(name, peer)]))]),
    ),
    externals: new Map(
      places.map(({ name, address }) => [
        address,
        new Map(
          agreed(name).flatMap(([host, peer]) =>
            peer.kind === 'external' ? [[host, { local: peer.local ?? false }]] : [],
          ),
        ),
      ]),
    ),
    components: new Map(
      places.map(({ name, bridge, gateway, address }) => [
        address,
        { name, bridge, gateway, managerAddress: spoofed(name, manager) },
      ]),
    ),
  };
}

type Seat = { place: Component; peer: Peer; spoofed: Spoofed };
function rowsOf(policy: Policy, { place, peer, spoofed }: Seat): Row[] {
  const name = nameOfPeer(peer);
  const { bridge, address: src } = place;
  const common = { component: place.name, peer: name, bridge, src, dst: spoofed(place.name, name) };
  if (peer.kind === 'external') {
    return peer.ports.map(({ protocol, port }) => ({ ...common, protocol, port, to: null, snat: masquerade }));
  }
  if (peer.kind === 'service') {
    const service = policy.services.get(name);
    if (!service) return [];
    return (peer.ports ?? [...service.ports.keys()]).flatMap((port) => {
      const listening = service.ports.get(port);
      if (listening === undefined) return [];
      return [{ ...common, protocol: 'tcp', port, to: { ip: service.address, port: listening }, snat: null }];
    });
  }
  const other = policy.components.get(name);
  if (!other) return [];
  const snat = spoofed(name, place.name);
  return (peer.ports ?? [standardPort]).map((port) => ({
    ...common,
    protocol: 'tcp',
    port,
    to: { ip: other.address, port },
    snat,
  }));
}

const set = <T>(map: Named<T>, name: string, value: T): Named<T> => new Map(map).set(name, value);
function unset<T>(map: Named<T>, name: string): Named<T> {
  const rest = new Map(map);
  rest.delete(name);
  return rest;
}
