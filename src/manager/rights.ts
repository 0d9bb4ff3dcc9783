/** rights — brings the arbiter and the network to what an agreement says, withdrawing before granting. */
import type { Arbiter, Grant } from '../arbiter/index.ts';
import { createLane } from '../base/lane.ts';
import type { HypercatItem } from '../base/names.ts';
import type { Network } from '../network/index.ts';
import type { Stores } from '../store/index.ts';
import { keyOf, rightsOf, type Permission } from './grants.ts';
import type { Sla } from './sla.ts';

export type RightsParts = { arbiter: Arbiter; network: Network; stores: Stores };

/** Every item of every open store, each under the store that its href names: a store cannot speak for another. */
export async function catalogueOf(stores: Stores): Promise<HypercatItem[]> {
  const items = await Promise.all(
    stores
      .names()
      .map(async (store) =>
        (await stores.catalogue(store)).filter(({ href }) => href.startsWith(`tcp://${store}:5555/`)),
      ),
  );
  return items.flat();
}

export type Rights = {
  /**
   * Makes exactly the rights of an agreement true, for a component that is registered and has its network. What must
   * go goes first and completely: tokens, then open streams, then names and flows.
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

async function apply({ arbiter, network, stores }: RightsParts, sla: Sla): Promise<void> {
  const { name } = sla;
  const { permissions, peers } = rightsOf(sla, await catalogueOf(stores));
  const wanted = new Map(permissions.map((permission) => [keyOf(permission), permission]));
  const surplus = arbiter.grants(name).filter((grant) => !wanted.delete(keyOf(permissionOf(grant))));
  for (const { method, path, target, caveats } of surplus) {
    arbiter.revoke(name, { method, path, target }, caveats);
    if (stores.names().includes(target)) stores.cut({ store: target, component: name, path });
  }
  const names = new Set(peers.map((peer) => (peer.kind === 'external' ? peer.host : peer.name)));
  const known = (await peersOf(network, name)) ?? [];
  const gone = known.filter((peer) => !names.has(peer));
  if (gone.length > 0) await network.disconnect(name, gone);
  const narrowed = new Set(surplus.map((grant) => grant.target));
  for (const peer of known) if (names.has(peer) && narrowed.has(peer)) await network.reset(name, peer);
  for (const { route, caveats } of wanted.values()) arbiter.grant(name, route, caveats);
  await network.connect(name, peers);
}

async function end({ arbiter, network, stores }: RightsParts, name: string): Promise<void> {
  arbiter.remove(name);
  for (const store of stores.names()) stores.cut({ store, component: name });
  if (await peersOf(network, name)) await network.disconnect(name);
}

/** What the network has agreed for a component; `undefined` when it does not know it. */
async function peersOf(network: Network, name: string): Promise<string[] | undefined> {
  const { components } = await network.view();
  return components.find((component) => component.name === name)?.peers.map((peer) => peer.name);
}

const permissionOf = ({ method, path, target, caveats }: Grant): Permission => ({
  route: { method, path, target },
  caveats,
});
