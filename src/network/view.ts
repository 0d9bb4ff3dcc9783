/** view — the network as its owner sees it. Pure. */
import type { NetworkView, PeerView, Place } from './face.ts';
import type { Tables } from './tables.ts';
import type { WorkerView } from './worker.ts';

type Parts = {
  pool: string;
  tables: Tables;
  places: ReadonlyMap<string, Place>;
  worker: WorkerView;
  /** The machine's links, by name. */
  links: ReadonlyMap<string, unknown>;
  /** What is not in force yet, as sentences. */
  owed: readonly string[];
};

export function viewOf({ pool, tables, places, worker, links, owed }: Parts): NetworkView {
  const nameOf = (asker: string) => tables.components.get(asker)?.name ?? '';
  const gone = [...places].filter(([, { bridge }]) => !links.has(bridge)).map(([name]) => name);
  const problems = [
    ...owed,
    ...worker.problems,
    ...gone.map((name) => `somebody removed the network of ${name}: restart ${name}`),
  ];
  return {
    pool,
    components: [...places].map(([name, place]) => ({ name, place, peers: peersOf(place, tables, worker) })),
    refused: worker.counters.refused,
    unlisted: worker.counters.unlisted,
    names: worker.names,
    withheld: worker.withheld.map(({ asker, ...withheld }) => ({ component: nameOf(asker), ...withheld })),
    healthy: problems.length === 0,
    problems,
  };
}

function peersOf({ address: src }: Place, { transport, resolve }: Tables, { counters }: WorkerView): PeerView[] {
  const rows = [...transport.values()].filter((row) => row.src === src);
  return [...(resolve.get(src) ?? [])].map(([name, address]) => {
    const count = counters.pairs.find((pair) => pair.src === src && pair.dst === address);
    const ports = rows.filter((row) => row.dst === address).map(({ protocol, port }) => ({ protocol, port }));
    return { name, address, ports, accepted: count?.accepted ?? 0, refused: count?.refused ?? 0 };
  });
}
