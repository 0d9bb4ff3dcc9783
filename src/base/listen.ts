import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { peerIp, type Ip } from './ipv4.ts';
import { createConnections, type Connections } from './connections.ts';
import { protocolOptions, serveWith } from './protocol.ts';

export type Tls = { key: string; cert: string };
export type Handler = RequestListener;

export type Listener = AsyncDisposable & {
  readonly address: string;
  readonly port: number;
  readonly server: Server;
  /** Resets every connection from this address, so that neither side can send on. Returns how many. */
  reset(caller: Ip): number;
  /** Serves new connections with a renewed certificate. */
  renew(tls: Tls): void;
};

export type ListenOptions = {
  address: string;
  /** 0 takes a free one. */
  port: number;
  handler: Handler;
  /** Absent: plain HTTP (the loopback of `databox dev`, port 80's certificate page). */
  tls?: Tls | undefined;
  /** Connections that one address may hold open, here or at all listeners that share this; further ones are reset. */
  connections?: Connections;
  /** Called for each that is reset. */
  onRefused?: (caller: Ip) => void;
};

/** Of one address, where nobody says otherwise. */
const usualConnections = 256;

/**
 * An HTTP(S) listener that knows who holds its connections.
 * @throws the system's EADDRINUSE or EADDRNOTAVAIL
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { address, port, handler, tls, connections = createConnections(usualConnections) } = options;
  const server = tls
    ? createHttps({ ...protocolOptions, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: 10_000 })
    : createHttp(protocolOptions);
  serveWith(server, handler);
  // A client that sends nothing, or half a request, is reaped within 30 s; a long answer (a stream) is not.
  server.headersTimeout = 15_000;
  server.requestTimeout = 25_000;
  server.keepAliveTimeout = 65_000;
  const sockets = new Map<Ip, Set<Socket>>();
  server.on('connection', (socket: Socket) => {
    const caller = peerIp(socket.remoteAddress);
    if (connections.admit(caller)) return hold({ sockets, connections, socket, caller });
    socket.resetAndDestroy();
    options.onRefused?.(caller);
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, address, resolve);
  await promise;
  return {
    address,
    port: (server.address() as AddressInfo).port,
    server,
    reset(caller) {
      const held = [...(sockets.get(caller) ?? [])];
      for (const socket of held) socket.resetAndDestroy();
      return held.length;
    },
    renew(renewed) {
      if ('setSecureContext' in server) (server as ReturnType<typeof createHttps>).setSecureContext(renewed);
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done));
      for (const held of sockets.values()) for (const socket of held) socket.destroy();
      await closed;
    },
  };
}

type Held = { sockets: Map<Ip, Set<Socket>>; connections: Connections; socket: Socket; caller: Ip };
function hold({ sockets, connections, socket, caller }: Held): void {
  const held = sockets.get(caller) ?? new Set();
  sockets.set(caller, held.add(socket));
  socket.once('close', () => {
    connections.leave(caller);
    held.delete(socket);
    if (held.size === 0 && sockets.get(caller) === held) sockets.delete(caller);
  });
}
