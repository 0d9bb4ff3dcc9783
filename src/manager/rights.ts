/** rights — brings the arbiter and the network to what an agreement says, withdrawing before granting. */
import type { Arbiter, Grant } from '../arbiter/index.ts';
import { Failure } from '../base/errors.ts';
import { createLane } from '../base/lane.ts';
import type { HypercatItem } from '../base/names.ts';
import type { Network, Peer } from '../network/index.ts';
import type { Stores } from '../store/index.ts';
import { keyOf, rightsOf, type Permission } from './grants.ts';
import { begin, rightEntry, type Recorder } from './record.ts';
import type { Sla } from './sla.ts';
import { takeAll } from './steps.ts';

export type RightsParts = { arbiter: Arbiter; network: Network; stores: Stores; ledger: Recorder };

/**
 * Every item of every open store, each under the store that its href names: a store cannot speak for another. One whose
 * catalogue cannot be read (too long, or closed meanwhile) has none: what was agreed about it ends, and what the owner
 * takes from others is not held up by it.
 */
export async function catalogueOf(stores: Stores): Promise<HypercatItem[]> {
  const items = await Promise.all(
    stores.names().map(async (store) => {
      const own = await stores.catalogue(store).catch(() => []);
      return own.filter(({ href }) => href.startsWith(`tcp://${store}:5555/`));
    }),
  );
  return items.flat();
}

export type Rights = {
  /**
   * Makes exactly the rights of an agreement true, for a component that is registered and has its network. What must
   * go goes first and completely: tokens, then names and flows, then what is left of open streams.
   * @throws Failure `component.unknown` after the component's end: it may lose, and gets nothing; `network.*`
   */
  apply(sla: Sla): Promise<void>;
  /** Ends everything a component may do, now: before its container is stopped. */
  end(name: string): Promise<void>;
};

/** Changes of one component's rights follow each other, so that an older one cannot give back what a newer one took. */
export function createRights(parts: RightsParts): Rights {
  const lane = createLane();
  return {
    apply: (sla) => lane(sla.name, () => apply(parts, sla)),
    end: (name) => lane(name, () => end(parts, name)),
  };
}

async function apply(parts: RightsParts, sla: Sla): Promise<void> {
  const { arbiter, network, stores, ledger } = parts;
  const { name } = sla;
  const { permissions, peers } = rightsOf(sla, await catalogueOf(stores));
  const wanted = new Map(permissions.map((permission) => [keyOf(permission), permission]));
  const surplus = arbiter.grants(name).filter((grant) => !wanted.delete(keyOf(permissionOf(grant))));
  const onRecord = begin(
    ledger,
    surplus.map((grant) => rightEntry('revoke', name, permissionOf(grant))),
  );
  await takeAll([
    ...surplus.map((grant) => () => arbiter.revoke(name, permissionOf(grant).route, grant.caveats)),
    () => narrow(network, sla, { peers, targets: new Set(surplus.map(({ target }) => target)) }),
    ...surplus.map((grant) => () => stores.cut({ store: grant.target, component: name, path: grant.path })),
    () => onRecord,
  ]);
  // After its end what it lost stays lost, whoever is late.
  if (!arbiter.components().some((component) => component.name === name)) {
    throw new Failure('component.unknown', `no component ${name} is registered`, { name });
  }
  await begin(
    ledger,
    [...wanted.values()].map((permission) => rightEntry('grant', name, permission)),
  );
  for (const { route, caveats } of wanted.values()) arbiter.grant(name, route, caveats);
  await network.connect(name, peers);
}

/** Peers that are agreed no longer are withdrawn; flows to those that keep less than before are reset. */
async function narrow(network: Network, { name }: Sla, o: { peers: readonly Peer[]; targets: Set<string> }) {
  const names = new Set(o.peers.map((peer) => (peer.kind === 'external' ? peer.host : peer.name)));
  const known = network.peers(name) ?? [];
  const gone = known.filter((peer) => !names.has(peer));
  if (gone.length > 0) await network.disconnect(name, gone);
  for (const peer of known) if (names.has(peer) && o.targets.has(peer)) await network.reset(name, peer);
}

/** Flows before streams: an ended stream would close its connection politely, and only a reset is sure to arrive. */
async function end(parts: RightsParts, name: string): Promise<void> {
  const { arbiter, network, stores, ledger } = parts;
  const lost = arbiter.grants(name).map(permissionOf);
  const onRecord = begin(
    ledger,
    lost.map((permission) => rightEntry('revoke', name, permission)),
  );
  await takeAll([
    () => arbiter.remove(name),
    () => network.peers(name) && network.disconnect(name),
    ...stores.names().map((store) => () => stores.cut({ store, component: name })),
    () => onRecord,
  ]);
}

const permissionOf = ({ method, path, target, caveats }: Grant): Permission => ({
  route: { method, path, target },
  caveats,
});
