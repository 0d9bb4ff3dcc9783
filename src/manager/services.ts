/** services — the in-process services' listeners: each at an address and under a certificate of its own. */
import { createConnections } from '../base/connections.ts';
import type { ExcessBook } from '../base/excess.ts';
import type { Ip } from '../base/ipv4.ts';
import { listen, type Handler, type Listener } from '../base/listen.ts';
import type { Network } from '../network/index.ts';
import type { Authority } from './authority.ts';
import { isDue } from './certificates.ts';

/** The port that components see; the kernel leads it to whichever one we got. */
const wellKnownPort = 8080;

export type Services = AsyncDisposable & {
  /** Serves a name; again: nothing happens. It can be reached once this resolves, by those who agreed it. */
  serve(name: string, handler: Handler): Promise<void>;
  /** Closes a service's connections and withdraws its address. An unknown name is no error. */
  end(name: string): Promise<void>;
  /** Resets what a caller holds open at a service. Returns how many connections. */
  reset(name: string, caller: Ip): number;
  /** Replaces certificates that are due, without closing a connection. Call it now and then. */
  renew(): Promise<void>;
};

type Parts = {
  network: Network;
  authority: Authority;
  /** Where connections that are refused are counted. */
  excess: ExcessBook;
  /** How many one component may hold open, at all services together. */
  connections: number;
};

export function createServices({ network, authority, excess, connections: most }: Parts): Services {
  const connections = createConnections(most);
  const served = new Map<string, { listener: Listener; notAfter: number }>();
  return {
    async serve(name, handler) {
      if (served.has(name)) return;
      const address = await network.addService(name);
      const { key, cert, notAfter } = await authority.service(name);
      const onRefused = (caller: Ip): void => excess.note(caller, name, 'connections');
      const listener = await listen({ address, port: 0, handler, tls: { key, cert }, connections, onRefused });
      served.set(name, { listener, notAfter });
      await network.publish(name, { [wellKnownPort]: listener.port });
    },
    async end(name) {
      const service = served.get(name);
      served.delete(name);
      if (!service) return;
      await network.removeService(name);
      await service.listener[Symbol.asyncDispose]();
    },
    reset: (name, caller) => served.get(name)?.listener.reset(caller) ?? 0,
    async renew() {
      for (const [name, service] of served) {
        if (!isDue(service.notAfter, Date.now())) continue;
        const { key, cert, notAfter } = await authority.service(name);
        service.listener.renew({ key, cert });
        service.notAfter = notAfter;
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...served.values()].map(({ listener }) => listener[Symbol.asyncDispose]()));
      served.clear();
    },
  };
}
