/** server — the request side of a Zest door: a ROUTER in the place of the original's REP. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Router } from 'zeromq';
import type { Log } from '../base/log.ts';
import { codes } from './codes.ts';
import { createQueue } from './queue.ts';
import { bare } from './reply.ts';
import { bindRouter, sendFault, type Endpoint, type Traffic } from './sockets.ts';

export type Server = AsyncDisposable & { readonly port: number };

/** Resolves to the reply of a request, whatever it is: it never rejects. @param client  who sent it, as long as it is connected */
export type Answering = (frame: Buffer, client: string) => Promise<Buffer>;

export type ServerOptions = {
  endpoint: Endpoint;
  secretKey: string;
  answer: Answering;
  traffic?: Traffic | undefined;
  log: Log;
};

/** Beyond it the library cuts the connection, and its client waits for ever: far more than any body that is accepted. */
export const longestMessageBytes = 16 * 1024 * 1024;
/** Unanswered requests of one client. Those of the original have one. */
const mostOfClient = 8;
/** Unanswered requests of all clients, and their bytes. */
const most = { requests: 1_024, bytes: 64 * 1024 * 1024 };

/**
 * Answers each request once: those of one client in their order, those of different clients whenever they are ready. What is
 * beyond the bounds is answered 163 (unavailable) at once.
 */
export async function startServer({ endpoint, secretKey, answer, traffic, log }: ServerOptions): Promise<Server> {
  // The library notices up to half of them late that they have gone, and that costs a wake-up each time.
  const waiting = { out: 2 * mostOfClient, in: mostOfClient };
  const { router, port } = await bindRouter(endpoint, { secretKey, waiting, longestMessageBytes, handover: false });
  const way: Way = { router, traffic, log };
  const queue = createQueue<Waiting>({ ofClient: mostOfClient, ...most });
  const serve = async (client: string): Promise<void> => {
    for (let one = queue.first(client); one; one = queue.next(client)) await give(way, one, answer);
  };
  const take = (parts: Buffer[]): void => {
    const { client, envelope, frame } = split(parts);
    traffic?.took(parts.slice(1));
    if (frame === undefined) return void send(way, [...envelope, bare(codes.badRequest)]);
    const place = queue.add(client, { client, envelope, frame, bytes: frame.length });
    if (place === undefined) return void send(way, [...envelope, bare(codes.unavailable)]);
    if (place === 'first') void serve(client);
  };
  const loop = receive(router, take, log);
  return {
    port,
    async [Symbol.asyncDispose]() {
      router.close();
      await loop;
    },
  };
}

type Way = { router: Router; traffic: Traffic | undefined; log: Log };
/** `envelope` becomes the message that answers: who it is for, and the answer last. */
type Waiting = { client: string; envelope: Buffer[]; frame: Buffer; bytes: number };

/** Never rejects: whoever comes after must have its turn. */
async function give(way: Way, { client, envelope, frame }: Waiting, answer: Answering): Promise<void> {
  const { traffic, log } = way;
  let end: (() => void) | undefined;
  try {
    // Only what is read is ever long: writes are told apart so that they reach the disk together.
    if (traffic && isRead(frame)) end = await traffic.turn();
    envelope.push(await answer(frame, client));
    await send(way, envelope);
  } catch (err) {
    log.error({ err }, 'zest request was not answered');
  } finally {
    end?.();
  }
}

async function receive(router: Router, take: (parts: Buffer[]) => void, log: Log): Promise<void> {
  try {
    // Until it is closed, which ends a receive that waits.
    for (;;) take(await router.receive());
  } catch (err) {
    if (!router.closed) log.error({ err }, 'zest door receives no more');
  }
}

/** The code of GET. */
const isRead = (frame: Buffer): boolean => frame[0] === 1;

/**
 * A REQ puts an empty part before its message, of which the original knows one part. Everything up to that empty part goes
 * back as it came. `frame` is undefined for what is no message of one part.
 */
function split(parts: Buffer[]): { client: string; envelope: Buffer[]; frame: Buffer | undefined } {
  const [client = Buffer.alloc(0)] = parts;
  const empty = parts.findIndex((part, index) => index > 0 && part.length === 0);
  // A lone empty part is an empty message of who is no REQ.
  const begins = empty > 0 && empty < parts.length - 1 ? empty + 1 : 1;
  return {
    client: client.toString('latin1'),
    envelope: parts.slice(0, begins),
    frame: parts.length === begins + 1 ? parts[begins] : undefined,
  };
}

/** Between two tries to send to a client that has as many answers as may wait: whoever reads has read some. */
const pausesMs = [10, 20, 40, 80, 160, 320];

/** Whoever left, or does not read what it asked for, has no use for an answer. */
async function send({ router, traffic, log }: Way, parts: Buffer[]): Promise<void> {
  for (let tried = 0; ; tried++) {
    try {
      await router.send(parts);
      return traffic?.gave(parts.at(-1)?.length ?? 0);
    } catch (err) {
      const fault = sendFault(err);
      if (fault === undefined && !router.closed) log.error({ err }, 'zest reply was not sent');
      const pauseMs = pausesMs[tried];
      if (fault !== 'slow' || router.closed || pauseMs === undefined) return;
      await sleep(pauseMs, undefined, { ref: false });
    }
  }
}
