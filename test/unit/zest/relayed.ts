/** relayed — a relay between clients on loopback and a server that is bound to a file, as a gate's is to ZeroMQ. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRelay, type Connection, type Most } from '../../../src/zest/relay.ts';

/** The shortest that is a client's part of a handshake: a greeting and two commands of nothing. */
export const handshake = Buffer.concat([Buffer.alloc(64), Buffer.from([4, 0, 4, 0])]);
const plenty: Most = { unread: 1 << 30, unsent: 1 << 30, stalledMs: 60_000 };

type Wanted = { most?: Partial<Most>; serve?: (socket: Socket) => void; file?: (real: string) => string };

/** @param serve  what the far end does; default: it sends back what comes after a handshake */
export async function openRelayed({ most = {}, serve = echo, file = (real) => real }: Wanted = {}) {
  await using up = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'databox-relay-'));
  up.defer(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'far');
  const sockets: Socket[] = [];
  const kept = (socket: Socket): Socket => {
    sockets.push(socket.on('error', () => {}));
    return socket;
  };
  up.defer(() => sockets.forEach((socket) => socket.destroy()));
  const server = createServer((socket) => serve(kept(socket)));
  server.listen(path);
  await once(server, 'listening');
  up.defer(() => void server.close());
  const relay = up.use(openRelay());
  const account = relay.account({ ...plenty, ...most });
  const connections: Connection[] = [];
  const faults: unknown[] = [];
  const entrance = up.use(
    relay.open('127.0.0.1', (connection) => {
      connections.push(connection);
      try {
        connection.join(file(path), account);
      } catch (err) {
        faults.push(err);
      }
    }),
  );
  const way = up.move();
  return {
    ...{ relay, account, connections, faults, path, port: entrance.port },
    /** A client that does not read until it is told to. */
    client: () => kept(connect({ port: entrance.port, host: '127.0.0.1', allowHalfOpen: true })),
    [Symbol.asyncDispose]: () => way.disposeAsync(),
  };
}

function echo(socket: Socket): void {
  let left = handshake.length;
  socket.on('data', (piece: Buffer) => {
    const rest = piece.subarray(Math.min(left, piece.length));
    left -= piece.length - rest.length;
    if (rest.length > 0 && !socket.write(rest)) socket.pause();
  });
  socket.on('drain', () => socket.resume());
}

/** Resolves to the code of the error that a socket ends with; `closed` without one. */
export function endOf(socket: Socket): Promise<string> {
  return new Promise((done) => {
    socket.once('error', ({ code }: NodeJS.ErrnoException) => done(code ?? 'error'));
    socket.once('close', () => done('closed'));
  });
}

/** All that comes until the end. */
export async function all(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
