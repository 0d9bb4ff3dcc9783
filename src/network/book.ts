/** book — who has which address, kept over restarts: clients, logs and rules meet the same ones again. */
import type { Cidr, Ip } from '../base/ipv4.ts';
import { openDatabase } from '../base/sqlite.ts';
import { freeServiceAddress, freeSpoofedAddress, freeSubnet } from './pool.ts';
import type { Spoofed } from './policy.ts';
import { migrations, statements } from './sql.ts';

/** Where the in-process services are. */
export const systemNetwork = 'databox-system-net';
export const systemBridge = 'dbx0';

export type Book = Disposable & {
  /** The pool used last. */
  readonly previous: Cidr | undefined;
  /** Uses this pool from now on; another one than before forgets every address. */
  usePool(pool: Cidr): void;
  /** The /24 of a network, allotted when it is new. @throws Failure `network.exhausted` */
  subnetOf(network: string): Cidr;
  /** Networks that have a /24. */
  networks(): { name: string; subnet: Cidr }[];
  dropNetwork(network: string): void;
  /** The address of a service, allotted when it is new. @throws Failure `network.exhausted` */
  serviceAddress(name: string): Ip;
  dropService(name: string): void;
  /** The addresses of these peers, allotted when they are new. @throws Failure `network.exhausted`, and allots none */
  spoof(wanted: readonly (readonly [network: string, peer: string])[]): Spoofed;
};

type Sql = ReturnType<typeof statements>;
type Wanted = Parameters<Book['spoof']>[0];

export function openBook(file: string): Book {
  const db = openDatabase(file, migrations);
  const sql = statements(db);
  const spoof = db.transaction((wanted: Wanted) => spoofAll(sql, wanted));
  const usePool = db.transaction((cidr: Cidr) => {
    if (sql.pool.get() !== cidr) for (const clear of sql.clear) clear.run();
    sql.setPool.run(cidr);
    subnetOf(sql, systemNetwork); // the first /24, for a reader's eye: 10.196.0.x are the services
  });
  return {
    previous: sql.pool.get(),
    usePool,
    subnetOf: (network) => subnetOf(sql, network),
    networks: () => sql.networks.all(),
    dropNetwork: (network) => void sql.dropNetwork.run(network),
    serviceAddress: (name) => serviceAddress(sql, name),
    dropService: (name) => void sql.dropService.run(name),
    spoof,
    [Symbol.dispose]: () => void db.close(),
  };
}

function subnetOf(sql: Sql, network: string): Cidr {
  const rows = sql.networks.all();
  const known = rows.find(({ name }) => name === network)?.subnet;
  if (known !== undefined) return known;
  const used = rows.map((row) => row.subnet);
  const subnet = freeSubnet(sql.pool.get() ?? '', used);
  sql.addNetwork.run(network, subnet);
  return subnet;
}

function serviceAddress(sql: Sql, name: string): Ip {
  const rows = sql.services.all();
  const known = rows.find((row) => row.name === name)?.address;
  if (known !== undefined) return known;
  const used = rows.map((row) => row.address);
  const address = freeServiceAddress(subnetOf(sql, systemNetwork), used);
  sql.addService.run(name, address);
  return address;
}

function spoofAll(sql: Sql, wanted: Wanted): Spoofed {
  const books = new Map<string, Map<string, Ip>>();
  for (const network of new Set(wanted.map(([name]) => name))) {
    const peers = wanted.filter(([name]) => name === network).map(([, peer]) => peer);
    books.set(network, allot(sql, network, new Set(peers)));
  }
  return (network, peer) => {
    const address = books.get(network)?.get(peer);
    if (address === undefined) throw new Error(`nobody asked for an address of ${peer} in ${network}`);
    return address;
  };
}

function allot(sql: Sql, network: string, wanted: ReadonlySet<string>): Map<string, Ip> {
  const subnet = subnetOf(sql, network);
  let held = sql.spoofed.all(network).map((row) => ({ ...row, agreed: wanted.has(row.peer) }));
  for (const peer of wanted) {
    if (held.some((row) => row.peer === peer)) continue;
    const { address, instead } = freeSpoofedAddress(subnet, held);
    if (instead !== undefined) sql.dropSpoofed.run(network, instead);
    const { lastInsertRowid } = sql.addSpoofed.run(network, peer, address);
    const added = { peer, address, since: Number(lastInsertRowid), agreed: true };
    held = [...held.filter((row) => row.peer !== instead), added];
  }
  return new Map(held.map(({ peer, address }) => [peer, address]));
}
