/** services — the in-process services' listeners: each at an address and under a certificate of its own. */
import { createConnections, type Connections } from '../base/connections.ts';
import type { ExcessBook } from '../base/excess.ts';
import type { Ip } from '../base/ipv4.ts';
import { listen, type Handler, type Listener } from '../base/listen.ts';
import type { Log } from '../base/log.ts';
import type { Network } from '../network/index.ts';
import type { Authority } from './authority.ts';
import { isDue } from './certificates.ts';

/** The port that components see; the kernel leads it to whichever one we got. */
const wellKnownPort = 8080;

/** A service's doors of the original's protocol. */
export type OldDoors = AsyncDisposable & {
  /** By the port that components see: the one that listens. */
  readonly ports: Readonly<Record<number, number>>;
  /** Resets a caller's connections. Returns how many. */
  reset(caller: Ip): number;
  /** Whoever is at this address has ended: what it observed is forgotten, too. */
  forget(caller: Ip): Promise<void>;
};
/** Opens them; handed in. */
export type OldProtocol = {
  /** @returns undefined for a service that has none */
  open(o: {
    name: string;
    address: Ip;
    secretKey: string;
    connections: Connections;
    onRefused: (caller: Ip) => void;
  }): Promise<OldDoors | undefined>;
  /** The service is gone for good. */
  drop(name: string): void;
};

export type Services = AsyncDisposable & {
  /** Serves a name; again: nothing happens. It can be reached once this resolves, by those who agreed it. */
  serve(name: string, handler: Handler): Promise<void>;
  /** Closes a service's connections and withdraws its address. An unknown name is no error. */
  end(name: string): Promise<void>;
  /** The program at this address has ended, or begins anew: no service keeps anything for the one before it. */
  forget(caller: Ip): Promise<void>;
  /** Resets what a caller holds open at a service. Returns how many connections. */
  reset(name: string, caller: Ip): number;
  /** Replaces certificates that are due, without closing a connection. Call it now and then. */
  renew(): Promise<void>;
};

type Parts = {
  network: Network;
  authority: Authority;
  old: OldProtocol;
  /** Of its doors, which components find as ZMQ_PUBLIC_KEY; 40 characters of Z85. */
  curveSecretKey: string;
  log: Log;
  /** Where connections that are refused are counted. */
  excess: ExcessBook;
  /** How many one component may hold open, at all services together. */
  connections: number;
};

type Served = { listener: Listener; notAfter: number; old: OldDoors | undefined };

export function createServices(parts: Parts): Services {
  const { network, authority, old } = parts;
  const connections = createConnections(parts.connections);
  const served = new Map<string, Served>();
  return {
    async serve(name, handler) {
      if (served.has(name)) return;
      const address = await network.addService(name);
      const service = await open({ ...parts, held: connections }, { name, address, handler });
      served.set(name, service);
      await network.publish(name, { [wellKnownPort]: service.listener.port, ...service.old?.ports });
    },
    async end(name) {
      const service = served.get(name);
      served.delete(name);
      if (service) {
        await network.removeService(name);
        await close(service);
      }
      old.drop(name);
    },
    async forget(caller) {
      await Promise.all([...served.values()].map(async (service) => service.old?.forget(caller)));
    },
    reset(name, caller) {
      const service = served.get(name);
      return service ? service.listener.reset(caller) + (service.old?.reset(caller) ?? 0) : 0;
    },
    renew: () => renew(served, authority),
    async [Symbol.asyncDispose]() {
      await Promise.all([...served.values()].map(close));
      served.clear();
    },
  };
}

async function renew(served: ReadonlyMap<string, Served>, authority: Authority): Promise<void> {
  for (const [name, service] of served) {
    if (!isDue(service.notAfter, Date.now())) continue;
    const { key, cert, notAfter } = await authority.service(name);
    service.listener.renew({ key, cert });
    service.notAfter = notAfter;
  }
}

type Opening = Omit<Parts, 'connections'> & { held: Connections };

async function open(parts: Opening, o: { name: string; address: Ip; handler: Handler }): Promise<Served> {
  const { authority, excess, held: connections, old, curveSecretKey: secretKey, log } = parts;
  const { name, address, handler } = o;
  const { key, cert, notAfter } = await authority.service(name);
  const onRefused = (caller: Ip): void => excess.note(caller, name, 'connections');
  const listener = await listen({ address, port: 0, handler, tls: { key, cert }, connections, onRefused });
  // Whoever speaks REST needs none of them.
  const doors = await old.open({ name, address, secretKey, connections, onRefused }).catch((err: unknown) => {
    log.error({ err, service: name }, 'not served in the original’s protocol');
    return undefined;
  });
  return { listener, notAfter, old: doors };
}

async function close({ listener, old }: Served): Promise<void> {
  await Promise.all([listener[Symbol.asyncDispose](), old?.[Symbol.asyncDispose]()]);
}
