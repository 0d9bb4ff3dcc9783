/** reach — what `databox test --network` looks at: addresses, name servers, and the hosts that Databox fetches from. */
import { networkInterfaces } from 'node:os';
import { connect, type TLSSocket } from 'node:tls';
import type { Config } from '../base/config.ts';
import { visible } from '../base/visible.ts';
import type { NetworkFacts } from './options.ts';
import { coloured, table } from './text.ts';

export type Destination = { host: string; port: number; what: 'repository' | 'registry' };
type Answered = { ms: number } | { failed: string };
export type Reach = {
  addresses: { interface: string; address: string }[];
  names: ({ server: string; name: string } & Answered)[];
  hosts: ({ host: string; port: number; what: string } & Answered)[];
};

const patienceMs = 8_000;
/** Where the registry of Docker Hub really is. */
const hub = { names: ['docker.io', 'index.docker.io'], host: 'registry-1.docker.io' };

/** The hosts that manifests and images come from; folders need no network. */
export function destinations(config: Config): Destination[] {
  const repositories = config['appstore.repositories'].flatMap((address): Destination[] => {
    const url = /^https:/i.test(address) && URL.canParse(address) ? new URL(address) : undefined;
    return url ? [{ host: url.hostname, port: Number(url.port || 443), what: 'repository' }] : [];
  });
  const [name = '', port = '443'] = config['docker.registry-host'].split('/')[0]?.split(':') ?? [];
  const host = hub.names.includes(name) ? hub.host : name;
  const all = [...repositories, { host, port: Number(port), what: 'registry' } as const];
  return all.filter(
    (each, at) => all.findIndex((other) => other.host === each.host && other.port === each.port) === at,
  );
}

/** Asks no third party: only the name servers and hosts that the settings name. Nothing but a handshake is sent to them. */
export async function reach(config: Config, facts: NetworkFacts): Promise<Reach> {
  const wanted = destinations(config);
  const servers = await facts.servers(config);
  const [first] = wanted;
  const signal = AbortSignal.timeout(patienceMs);
  return {
    addresses: addresses(),
    names: await Promise.all(
      servers.map(async (server) => {
        const name = first?.host ?? '';
        const answer = await timed(async () => {
          const found = await facts.lookup(name, [server], signal);
          if ('failed' in found) throw new Error(found.failed);
          if (found.addresses.length === 0) throw new Error(`knows no address of ${name}`);
        });
        return { server: server.port === 53 ? server.address : `${server.address}:${server.port}`, name, ...answer };
      }),
    ),
    hosts: await Promise.all(wanted.map(async (each) => ({ ...each, ...(await timed(() => shakeHands(each))) }))),
  };
}

export const isReached = ({ names, hosts }: Reach): boolean =>
  names.some((each) => 'ms' in each) && hosts.every((each) => 'ms' in each);

const addresses = (): Reach['addresses'] =>
  Object.entries(networkInterfaces()).flatMap(([name, held = []]) =>
    held
      .filter(({ internal }) => !internal)
      .map(({ cidr, address }) => ({ interface: name, address: cidr ?? address })),
  );

async function timed(work: () => Promise<void>): Promise<Answered> {
  const from = performance.now();
  try {
    await work();
    return { ms: Math.round(performance.now() - from) };
  } catch (err) {
    return { failed: err instanceof Error ? err.message : String(err) };
  }
}

/** TLS with the certificate checked against the authorities that Node trusts, as a fetch would. */
async function shakeHands({ host, port }: Destination): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket: TLSSocket = connect({ host, port, servername: host, ALPNProtocols: ['http/1.1'] }, resolve);
  const timer = setTimeout(() => reject(new Error(`no handshake within ${patienceMs / 1_000} s`)), patienceMs);
  socket.on('error', reject);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

export function reachText({ addresses: own, names, hosts }: Reach): string {
  const outcome = {
    title: 'answer',
    of: (each: Answered) => ('ms' in each ? `${each.ms} ms` : each.failed),
    colour: (each: Answered) => ('ms' in each ? 'green' : 'red'),
  };
  const sections = [
    ['Addresses of this machine', table(own, [{ title: 'interface', of: (each) => each.interface }, { title: 'address', of: ({ address }) => address }], 'none')], // prettier-ignore
    ['Name servers', table(names, [{ title: 'server', of: ({ server }) => server }, { title: 'asked for', of: ({ name }) => name }, outcome], 'none is known')], // prettier-ignore
    ['Where manifests and images come from', table(hosts, [{ title: 'host', of: ({ host, port }) => `${host}:${port}` }, { title: 'for', of: ({ what }) => what }, outcome], 'nowhere')], // prettier-ignore
  ] as const;
  return sections.map(([title, text]) => `${coloured('bold', visible(title))}\n${text}`).join('\n');
}
