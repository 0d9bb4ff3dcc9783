/**
 * gate — the doors of one target at its address in the box. ZeroMQ does not tell who is connected, and the kernel does: each
 * connection is taken here, and joined to a socket that belongs to its caller alone.
 */
import type { Connections } from '../base/connections.ts';
import type { Ip } from '../base/ipv4.ts';
import { createLimiter } from '../base/rate.ts';
import { createCallers, type Callers, type CallersOptions, type Side } from './callers.ts';
import { openRelay, type Connection, type Entrance } from './relay.ts';

export type Gate = AsyncDisposable & {
  readonly port: number;
  readonly pushPort: number;
  /** Resets every connection from this address. Returns how many. */
  reset(caller: Ip): number;
  /** Whoever is at this address has ended, or begins anew: its connections are reset, what it observed is forgotten. */
  forget(caller: Ip): Promise<void>;
};

export type GateOptions = Omit<CallersOptions, 'relay'> & {
  address: Ip;
  /** How many one caller may hold open, here and at all that share this; further ones are reset. */
  connections: Connections;
  /** Called for each that is reset for that. */
  onRefused: (caller: Ip) => void;
};

/**
 * Serves one target at two free ports of its address. An address of nobody is not served. Who observed it before goes on.
 * @throws the system's EADDRNOTAVAIL
 */
export async function startGate(options: GateOptions): Promise<Gate> {
  await using up = new AsyncDisposableStack();
  const relay = up.use(openRelay());
  const callers = up.use(createCallers({ ...options, relay }));
  const held = new Map<Ip, Set<Connection>>();
  const admit = createAdmission(options, callers, held);
  const open = (side: Side): Entrance =>
    up.use(relay.open(options.address, (connection) => void admit(connection, side)));
  const [requests, events] = [open('requests'), open('events')];
  const reset = (caller: Ip): number => {
    const all = [...(held.get(caller) ?? [])].filter((connection) => !connection.isOver());
    for (const connection of all) connection.cut();
    return all.length;
  };
  up.defer(() => [...held.keys()].forEach(reset));
  void callers.resume();
  const way = up.move();
  return {
    port: requests.port,
    pushPort: events.port,
    reset,
    async forget(caller) {
      reset(caller);
      await callers.forget(caller);
    },
    [Symbol.asyncDispose]: () => way.disposeAsync(),
  };
}

/** Joins a connection to its caller's socket, or resets it. */
function createAdmission(options: GateOptions, callers: Callers, held: Map<Ip, Set<Connection>>) {
  const { connections, onRefused, log } = options;
  // A caller tries again and again: a log on an SD card pays for each line.
  const told = createLimiter({ burst: 1, perSecond: 1 / 60 });
  return async (connection: Connection, side: Side): Promise<void> => {
    const caller = connection.peer;
    if (!connections.admit(caller)) {
      connection.cut();
      return onRefused(caller);
    }
    hold(held, connection);
    void connection.over.then(() => connections.leave(caller));
    try {
      const known = await callers.of(caller);
      if (!known) connection.cut();
      else if (!connection.isOver()) known[side].join(connection);
    } catch (err) {
      connection.cut();
      if (told.take(caller) === 0) log.error({ err, caller }, 'a zest door cannot be opened');
    }
  };
}

function hold(held: Map<Ip, Set<Connection>>, connection: Connection): void {
  const { peer } = connection;
  const own = held.get(peer) ?? new Set();
  held.set(peer, own.add(connection));
  void connection.over.then(() => {
    own.delete(connection);
    if (own.size === 0 && held.get(peer) === own) held.delete(peer);
  });
}
