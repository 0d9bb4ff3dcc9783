/**
 * gate — the doors of one target at its address in the box. ZeroMQ does not tell who is connected, and the kernel does: each
 * connection is taken here, and joined to a socket that belongs to its caller alone.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Connections } from '../base/connections.ts';
import { peerIp, type Ip } from '../base/ipv4.ts';
import { createLimiter } from '../base/rate.ts';
import { createCallers, type Callers, type CallersOptions, type Side } from './callers.ts';
import { cut } from './passage.ts';

export type Gate = AsyncDisposable & {
  readonly port: number;
  readonly pushPort: number;
  /** Resets every connection from this address. Returns how many. */
  reset(caller: Ip): number;
  /** Whoever is at this address has ended, or begins anew: its connections are reset, what it observed is forgotten. */
  forget(caller: Ip): Promise<void>;
};

export type GateOptions = CallersOptions & {
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
  const callers = up.use(createCallers(options));
  const entrance = createEntrance(options, callers);
  const [requests, events] = [await entrance.open('requests'), await entrance.open('events')];
  up.defer(() => entrance.close());
  void callers.resume();
  const way = up.move();
  return {
    port: requests,
    pushPort: events,
    reset: (caller) => entrance.reset(caller),
    async forget(caller) {
      entrance.reset(caller);
      await callers.forget(caller);
    },
    [Symbol.asyncDispose]: () => way.disposeAsync(),
  };
}

/** Both listeners, and who holds connections at them. */
function createEntrance(options: GateOptions, callers: Callers) {
  const servers: Server[] = [];
  const held = new Map<Ip, Set<Socket>>();
  const admit = createAdmission(options, callers, held);
  const reset = (caller: Ip): number => {
    const all = [...(held.get(caller) ?? [])];
    all.forEach(cut);
    return all.length;
  };
  return {
    reset,
    open(side: Side): Promise<number> {
      const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => void admit(socket, side));
      servers.push(server);
      return listening(server, options.address);
    },
    async close(): Promise<void> {
      const closed = servers.map((server) => new Promise((done) => server.close(done)));
      for (const caller of [...held.keys()]) reset(caller);
      await Promise.all(closed);
    },
  };
}

/** Joins a connection to its caller's socket, or resets it. */
function createAdmission(options: GateOptions, callers: Callers, held: Map<Ip, Set<Socket>>) {
  const { connections, onRefused, log } = options;
  // A caller tries again and again: a log on an SD card pays for each line.
  const told = createLimiter({ burst: 1, perSecond: 1 / 60 });
  return async (socket: Socket, side: Side): Promise<void> => {
    socket.on('error', () => {});
    const caller = peerIp(socket.remoteAddress);
    if (!connections.admit(caller)) {
      cut(socket);
      return onRefused(caller);
    }
    hold(held, caller, socket);
    socket.once('close', () => connections.leave(caller));
    socket.setKeepAlive(true, keepAliveMs);
    try {
      const known = await callers.of(caller);
      if (!known) cut(socket);
      else if (!socket.destroyed) known[side].join(socket);
    } catch (err) {
      cut(socket);
      if (told.take(caller) === 0) log.error({ err, caller }, 'a zest door cannot be opened');
    }
  };
}

/** A peer whose machine went away without a word is noticed. */
const keepAliveMs = 60_000;

function hold(held: Map<Ip, Set<Socket>>, caller: Ip, socket: Socket): void {
  const own = held.get(caller) ?? new Set();
  held.set(caller, own.add(socket));
  socket.once('close', () => {
    own.delete(socket);
    if (own.size === 0 && held.get(caller) === own) held.delete(caller);
  });
}

async function listening(server: Server, address: Ip): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(0, address, resolve);
  await promise;
  return (server.address() as AddressInfo).port;
}
