/**
 * server — UDP and TCP on port 53 of one component network's gateway. It reads, limits and writes; what to say comes
 * from `reply`. Whatever arrives, it answers shortly or is silent.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server as TcpServer, type Socket } from 'node:net';
import { Failure } from '../../base/errors.ts';
import { peerIp, type Ip } from '../../base/ipv4.ts';

export type NameServer = AsyncDisposable & {
  readonly port: number;
  /** Sends itself a datagram, and says whether it heard the one before: an answering server hears itself. */
  pulse(): boolean;
};

export type NameServerOptions = {
  gateway: Ip;
  /** 53; 0 takes a free one (tests). */
  port: number;
  /** The reply to a message from this asker, `null` for silence; so is a rejection. */
  reply: (asker: Ip, message: Buffer) => Promise<Buffer | null>;
};

/** Queries are short; a longer TCP message is a lie about its length. */
const longestMessage = 1_232;
const connectionLimit = 16;
const idleMs = 5_000;
const pulseMark = Buffer.from('databox pulse ');

/** @throws Failure `network.refused` when the address or port is not ours to have */
export async function startNameServer(options: NameServerOptions): Promise<NameServer> {
  const { gateway } = options;
  const udp = createSocket('udp4');
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    open.add(socket);
    void converse(socket, options).finally(() => open.delete(socket));
  });
  tcp.maxConnections = connectionLimit;
  try {
    const port = await bound(udp, { gateway, port: options.port });
    await listening(tcp, { gateway, port });
    return { port, pulse: hear(udp, { ...options, port }), [Symbol.asyncDispose]: () => close(udp, tcp, open) };
  } catch (cause) {
    udp.close();
    const sentence = `the resolver cannot listen on ${gateway}:${options.port}; is another name server on this machine?`;
    throw new Failure('network.refused', sentence, { gateway }, { cause });
  }
}

async function bound(udp: UdpSocket, { gateway, port }: { gateway: Ip; port: number }): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  udp.once('error', reject).bind({ address: gateway, port, exclusive: true }, resolve);
  await promise;
  udp.off('error', reject).on('error', () => undefined); // an unreachable client is not our failure; pulse tells a dead socket
  return udp.address().port;
}

async function listening(tcp: TcpServer, { gateway, port }: { gateway: Ip; port: number }): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  tcp.once('error', reject).listen({ host: gateway, port, exclusive: true }, resolve);
  await promise;
  tcp.off('error', reject).on('error', () => undefined); // a failed accept (no descriptors) must not end the others
}

/** Answers datagrams. The returned pulse goes the way of a query: from the gateway's own address to itself. */
function hear(udp: UdpSocket, { gateway, port, reply }: NameServerOptions): () => boolean {
  let [sent, heard] = [Buffer.alloc(0), Buffer.alloc(0)];
  udp.on('message', (message, { address, port: from }) => {
    if (address === gateway) {
      if (from === port && message.subarray(0, pulseMark.length).equals(pulseMark)) heard = message;
      return;
    }
    const answered = (answer: Buffer | null) => answer && send(udp, answer, { port: from, address });
    void reply(address, message).then(answered, () => undefined); // what cannot be read gets no answer
  });
  return () => {
    const answering = sent.length === 0 || heard.equals(sent);
    sent = Buffer.concat([pulseMark, randomBytes(8)]);
    send(udp, sent, { port, address: gateway });
    return answering;
  };
}

function send(udp: UdpSocket, message: Buffer, to: { port: number; address: Ip }): void {
  try {
    udp.send(message, to.port, to.address, () => undefined); // lost like any datagram
  } catch {
    // The socket was closed while the answer was being found: nobody is there to hear it.
  }
}

/** One TCP client: each message is answered before the next is read, so a pipeliner fills only its own window. */
async function converse(socket: Socket, { reply }: NameServerOptions): Promise<void> {
  const asker = peerIp(socket.remoteAddress);
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on('error', () => undefined); // the loop ends with it
  let held = Buffer.alloc(0);
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 2) {
        const length = held.readUInt16BE(0);
        if (length > longestMessage) return;
        if (held.length < 2 + length) break;
        const answer = await reply(asker, held.subarray(2, 2 + length));
        if (!answer || socket.destroyed) return;
        socket.write(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 255]), answer]));
        held = held.subarray(2 + length);
      }
      if (socket.writableLength > 65_536) return; // asks but does not read
    }
    socket.end();
  } catch {
    // Reset by the client, or by the time-out.
  } finally {
    if (!socket.writableEnded) socket.destroy();
  }
}

async function close(udp: UdpSocket, tcp: TcpServer, open: Iterable<Socket>): Promise<void> {
  const closed = [
    new Promise<void>((done) => udp.close(() => done())),
    new Promise<void>((done) => tcp.close(() => done())),
  ];
  for (const socket of open) socket.destroy();
  await Promise.all(closed);
}
