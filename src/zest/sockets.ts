/** sockets — ROUTER sockets with CURVE, made so that no send ever waits. The library is loaded when the first is made. */
import type { Router } from 'zeromq';

/** Of whoever holds back peers that ask for too much: is told what goes through a socket, and says when more may. */
export type Traffic = {
  /** A whole message of a peer was read; its parts as they came, without the peer's name. */
  took(parts: readonly Buffer[]): void;
  /** A message of so many bytes was handed over to be sent. */
  gave(bytes: number): void;
  /** No more is to be handed over now. */
  isFull(): boolean;
  /** Resolves when an answer that may be long may be made; what it resolves to is called when it was handed over. */
  turn(): Promise<() => void>;
};

export type SocketOptions = {
  /** 40 characters of Z85. */
  secretKey: string;
  /** Messages that may wait for one peer, in each direction. */
  waiting: { out: number; in: number };
  longestMessageBytes: number;
  /** Whether a peer that comes back under its name takes the place of who has it. */
  handover: boolean;
};

/** A file takes those who may reach it on this machine. */
export type Endpoint = { address: string; port: number } | { file: string };

/**
 * Any client key is accepted, as in the original: CURVE encrypts, and shows the client that it speaks to this box.
 * A send to whoever is not there rejects with EHOSTUNREACH, to whoever does not read with EAGAIN, both at once.
 * Whoever connects and does not come to an understanding about keys within 10 s is cut off.
 * @param endpoint  port 0 takes a free one. @returns the socket, and the port that it has: 0 for a file
 * @throws the system's EADDRINUSE or EADDRNOTAVAIL
 */
export async function bindRouter(
  endpoint: Endpoint,
  options: SocketOptions,
): Promise<{ router: Router; port: number }> {
  const { Router } = await import('zeromq');
  const router = new Router({
    curveServer: true,
    curveSecretKey: options.secretKey,
    mandatory: true,
    handover: options.handover,
    sendTimeout: 0,
    linger: 0,
    sendHighWaterMark: options.waiting.out,
    receiveHighWaterMark: options.waiting.in,
    maxMessageSize: options.longestMessageBytes,
    handshakeInterval: 10_000,
    // Nobody waits for a place in the queue of a file: a gate that hands over many at once would be refused.
    backlog: 511,
    // A peer whose machine went away without a word is noticed; heartbeats of ZMTP would confuse old clients.
    ...{ tcpKeepalive: 1, tcpKeepaliveIdle: 60, tcpKeepaliveInterval: 15, tcpKeepaliveCount: 4 },
  });
  try {
    await router.bind(nameOf(endpoint));
    return { router, port: Number(/^tcp:.*:(\d+)$/.exec(router.lastEndpoint ?? '')?.[1] ?? 0) };
  } catch (err) {
    router.close();
    throw err;
  }
}

const nameOf = (endpoint: Endpoint): string =>
  'file' in endpoint
    ? `ipc://${endpoint.file}`
    : `tcp://${endpoint.address}:${endpoint.port === 0 ? '*' : endpoint.port}`;

/** 40 characters of Z85 each. */
export async function newKeys(): Promise<{ publicKey: string; secretKey: string }> {
  const { curveKeyPair } = await import('zeromq');
  return curveKeyPair();
}

/** Why a send failed: nobody has this name, or whoever has it reads too slowly; undefined for anything else. */
export function sendFault(err: unknown): 'absent' | 'slow' | undefined {
  const { code } = err as { code?: unknown };
  if (code === 'EHOSTUNREACH') return 'absent';
  return code === 'EAGAIN' ? 'slow' : undefined;
}
