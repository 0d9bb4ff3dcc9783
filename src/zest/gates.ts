/** gates — the doors of a box: for each of its services that has them, at the service's own address. */
import { mkdirSync, rmSync } from 'node:fs';
import type { Connections } from '../base/connections.ts';
import type { Ip } from '../base/ipv4.ts';
import type { Log } from '../base/log.ts';
import type { Book } from './book.ts';
import { startGate } from './gate.ts';
import type { Service } from './service.ts';

/** What one service serves. */
export type OpenGate = AsyncDisposable & {
  /** The ports that clients have built in, each with the one that listens. */
  readonly ports: Readonly<Record<number, number>>;
  reset(caller: Ip): number;
  forget(caller: Ip): Promise<void>;
};

export type Gates = {
  /** @returns undefined for a service that has no such doors. @throws the system's EADDRNOTAVAIL */
  open(o: {
    name: string;
    address: Ip;
    /** The key that components know from the beginning; 40 characters of Z85. */
    secretKey: string;
    connections: Connections;
    onRefused: (caller: Ip) => void;
  }): Promise<OpenGate | undefined>;
  /** The service is gone for good: whoever observed it is forgotten. */
  drop(name: string): void;
};

export type GatesOptions = {
  book: Book;
  /** For sockets; made anew, entered by nobody else. */
  dir: string;
  /** The component at an address. */
  nameOf: (address: Ip) => string | undefined;
  serviceOf: (name: string) => Service | undefined;
  log: Log;
};

const arbiter = { requests: 4444, events: 4445 };
const store = { requests: 5555, events: 5556 };

export function createGates({ book, dir, nameOf, serviceOf, log }: GatesOptions): Gates {
  // A kill leaves its sockets behind.
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return {
    async open({ name, ...place }) {
      const service = serviceOf(name);
      if (!service) return undefined;
      const gate = await startGate({
        ...{ ...place, target: name, service, page: book.of(name), nameOf, dir },
        log: log.child({ store: name }),
      });
      const known = name === 'arbiter' ? arbiter : store;
      return {
        ports: { [known.requests]: gate.port, [known.events]: gate.pushPort },
        reset: (caller) => gate.reset(caller),
        forget: (caller) => gate.forget(caller),
        [Symbol.asyncDispose]: () => gate[Symbol.asyncDispose](),
      };
    },
    drop: (name) => book.forget(name),
  };
}
