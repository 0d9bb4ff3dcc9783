/** components — a network, a place and agreements for each component. */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../base/errors.ts';
import { createLane } from '../base/lane.ts';
import { networkName } from '../base/names.ts';
import type { Book } from './book.ts';
import type { Changes } from './changes.ts';
import { bridgeOf, type Docker } from './docker.ts';
import type { Network, Place } from './face.ts';
import { canonicalHost } from './names/message.ts';
import { connected, disconnected, withComponent, withoutComponent, type Peer } from './policy.ts';
import { containerOf, gatewayOf } from './pool.ts';

type Parts = { docker: Docker; book: Book; changes: Changes; /** For resolv.conf files. */ dir: string };
type Calls = Pick<Network, 'addComponent' | 'removeComponent' | 'connect' | 'disconnect' | 'reset' | 'peers'>;

export function createComponents(parts: Parts): { calls: Calls; places: () => ReadonlyMap<string, Place> } {
  const { changes, dir } = parts;
  const places = new Map<string, Place>();
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const lane = createLane();
  /** Calls about a component that has a place. */
  const about = (name: string, work: () => Promise<void>): Promise<void> =>
    lane(name, () => {
      if (places.has(name)) return work();
      throw new Failure('component.unknown', `there is no component ${name}`, { name });
    });
  const calls: Calls = {
    addComponent: (name) =>
      lane(name, async () => {
        const place = await addComponent(name, parts);
        places.set(name, place);
        return place;
      }),
    removeComponent: (name) => lane(name, () => removeComponent(name, places, parts)),
    connect: (name, peers) =>
      about(name, () => {
        const checked = peers.map((peer) => checkedPeer(peer, name));
        return changes.make((policy) => connected(policy, name, checked));
      }),
    disconnect: (name, peers) =>
      about(name, () => {
        const canonical = peers?.map((peer) => canonicalHost(peer) ?? peer);
        return changes.make((policy) => disconnected(policy, name, canonical));
      }),
    peers: (name) => (places.has(name) ? [...(changes.policy().agreements.get(name)?.keys() ?? [])] : undefined),
    reset: (name, peer) =>
      about(name, () => changes.cut((row) => row.component === name && row.peer === canonicalHost(peer))),
  };
  return { calls, places: () => places };
}

async function removeComponent(name: string, places: Map<string, Place>, { changes, docker, dir, book }: Parts) {
  await changes.make((policy) => withoutComponent(policy, name));
  places.delete(name);
  rmSync(join(dir, `${name}.conf`), { force: true });
  // The book first: a network that it does not know is removed at the next start, should we die in between.
  book.dropNetwork(name);
  await docker.remove(networkName(name));
}

async function addComponent(name: string, { docker, book, changes, dir }: Parts): Promise<Place> {
  const network = networkName(name);
  const subnet = book.subnetOf(name);
  const seat = { bridge: bridgeOf(network), gateway: gatewayOf(subnet), address: containerOf(subnet) };
  const made = await docker.ensure({
    name: network,
    component: name,
    subnet,
    bridge: seat.bridge,
    gateway: seat.gateway,
  });
  if (made) await changes.mistrust();
  const resolvConf = writeResolvConf(join(dir, `${name}.conf`), seat.gateway);
  try {
    await changes.make((policy) => withComponent(policy, { name, ...seat }));
  } catch (err) {
    if (made) await docker.remove(network);
    throw err;
  }
  const managerAddress = changes.tables().components.get(seat.address)?.managerAddress ?? '';
  return { network, subnet, ...seat, managerAddress, resolvConf };
}

/** Written once, in place: a running container has this very file mounted. */
function writeResolvConf(path: string, gateway: string): string {
  const text = `nameserver ${gateway}\noptions ndots:0 timeout:3 attempts:2\n`;
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
  chmodSync(path, 0o644); // the component's user reads it, whatever umask we have
  return path;
}

const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port <= 65_535;

/** @throws Failure `value.invalid` */
function checkedPeer(peer: Peer, component: string): Peer {
  const name = canonicalHost(peer.kind === 'external' ? peer.host : peer.name);
  const ports = (peer.ports ?? []).map((port) => (typeof port === 'number' ? port : port.port));
  const fault = ports.find((port) => !isPort(port));
  if (name === null || name === component || fault !== undefined) {
    const what =
      name === null ? 'is no host name' : fault === undefined ? 'is the component itself' : `port ${fault} is none`;
    throw new Failure('value.invalid', `${component} cannot be connected: ${JSON.stringify(peer)} ${what}`, {
      component,
    });
  }
  return peer.kind === 'external' ? { ...peer, host: name } : { ...peer, name };
}
