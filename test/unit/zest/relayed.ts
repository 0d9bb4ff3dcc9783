/** relayed — a relay between clients on loopback and a server that is bound to a file, as a gate's is to ZeroMQ. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import type { Native } from '../../../src/zest/native.ts';
import { openRelay, type Connection, type Most } from '../../../src/zest/relay.ts';

/** The shortest that is a client's part of a handshake: a greeting and two commands of nothing. */
export const handshake = Buffer.concat([Buffer.alloc(64), Buffer.from([4, 0, 4, 0])]);
const plenty: Most = { unread: 1 << 30, unsent: 1 << 30, stalledMs: 60_000 };

type Wanted = {
  native?: Native;
  most?: Partial<Most>;
  serve?: (socket: Socket) => void;
  file?: (real: string) => string;
};

/** @param serve  what the far end does; default: it sends back what comes after a handshake */
export async function openRelayed({ native, most = {}, serve = echo, file = (real) => real }: Wanted = {}) {
  await using up = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'databox-relay-'));
  up.defer(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'far');
  const sockets = new Set<Socket>();
  const kept = (socket: Socket): Socket => {
    sockets.add(socket.on('error', () => {}));
    return socket.once('close', () => sockets.delete(socket));
  };
  up.defer(() => [...sockets].forEach((socket) => socket.destroy()));
  const server = createServer((socket) => serve(kept(socket)));
  server.listen(path);
  await once(server, 'listening');
  up.defer(() => void server.close());
  const relay = up.use(openRelay(native));
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

/**
 * Many come and go at once, in every way, while programs are started, which have all sockets for a moment.
 * @param rounds  of 25. @returns how many were given back all that they sent, and how many anything else
 */
export async function storm({ connections, client }: Relayed, rounds: number) {
  const programs = setInterval(() => execFile('/bin/true', () => {}), 5);
  const cuts = setInterval(() => connections[randomInt(connections.length + 1)]?.cut(), 3);
  const seen = { whole: 0, mixed: 0 };
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: 25 }, () => visit(client(), seen)));
  }
  clearInterval(programs);
  clearInterval(cuts);
  return seen;
}
type Relayed = Pick<Awaited<ReturnType<typeof openRelayed>>, 'connections' | 'client'>;

async function visit(client: Socket, seen: { whole: number; mixed: number }): Promise<void> {
  const bytes = randomBytes(randomInt(1, 300_000));
  client.write(handshake);
  client.write(bytes);
  const way = randomInt(4);
  if (way === 0) setTimeout(() => client.resetAndDestroy(), randomInt(20));
  if (way === 1) setTimeout(() => client.destroy(), randomInt(20));
  // Node cannot reset what it is about to end, and would keep it open.
  if (way > 0) client.end();
  const come: Buffer[] = [];
  client.on('data', (piece: Buffer) => come.push(piece));
  await endOf(client);
  const got = Buffer.concat(come);
  if (!got.equals(bytes.subarray(0, got.length))) seen.mixed++;
  if (got.length === bytes.length) seen.whole++;
}
