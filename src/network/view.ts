/** view — the network as its owner sees it. Pure. */
import type { NetworkView, PeerView, Place } from './face.ts';
import type { Changes } from './changes.ts';
import type { PairCount } from './enforcer.ts';
import type { WorkerView } from './worker.ts';

type Parts = { pool: string; changes: Pick<Changes, 'tables'>; places: ReadonlyMap<string, Place>; worker: WorkerView };

export function viewOf({ pool, changes, places, worker }: Parts): NetworkView {
  const { counters, names, withheld, problems } = worker;
  const nameOf = (asker: string) => changes.tables().components.get(asker)?.name ?? '';
  return {
    pool,
    components: [...places].map(([name, place]) => ({ name, place, peers: peersOf(place, changes, counters.pairs) })),
    refused: counters.refused,
    names,
    withheld: withheld.map(({ asker, name, addresses }) => ({ component: nameOf(asker), name, addresses })),
    healthy: problems.length === 0,
    problems,
  };
}

function peersOf({ address: src }: Place, { tables }: Parts['changes'], counts: readonly PairCount[]): PeerView[] {
  const rows = [...tables().transport.values()].filter((row) => row.src === src);
  return [...(tables().resolve.get(src) ?? [])].map(([name, address]) => {
    const count = counts.find((pair) => pair.src === src && pair.dst === address);
    const ports = rows.filter((row) => row.dst === address).map(({ protocol, port }) => ({ protocol, port }));
    return { name, address, ports, accepted: count?.accepted ?? 0, refused: count?.refused ?? 0 };
  });
}
