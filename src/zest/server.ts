/** server — the request side of a Zest door: a ROUTER in the place of the original's REP. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Router } from 'zeromq';
import { createLane } from '../base/lane.ts';
import type { Log } from '../base/log.ts';
import { codes } from './codes.ts';
import { bare } from './reply.ts';
import { bindRouter, sendFault, type Endpoint, type Traffic } from './sockets.ts';

export type Server = AsyncDisposable & { readonly port: number };

export type ServerOptions = {
  endpoint: Endpoint;
  secretKey: string;
  /** Resolves to the reply of a request, whatever it is: it never rejects. */
  answer: (frame: Buffer) => Promise<Buffer>;
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
  const room = createRoom();
  const lane = createLane();
  const serve = (parts: Buffer[]): Promise<void> => {
    const { client, envelope, frame } = split(parts);
    traffic?.took(parts.slice(1));
    const reply = (body: Buffer): Promise<void> => send({ router, traffic, log }, [...envelope, body]);
    if (frame === undefined) return reply(bare(codes.badRequest));
    const leave = room.enter(client, frame.length);
    if (!leave) return reply(bare(codes.unavailable));
    return lane(client, async () => {
      let end: (() => void) | undefined;
      try {
        // Only what is read is ever long: writes are told apart so that they reach the disk together.
        if (traffic && isRead(frame)) end = await traffic.turn();
        await reply(await answer(frame));
      } finally {
        end?.();
        leave();
      }
    });
  };
  const loop = receive(router, (parts) => void serve(parts), log);
  return {
    port,
    async [Symbol.asyncDispose]() {
      router.close();
      await loop;
    },
  };
}

async function receive(router: Router, take: (parts: Buffer[]) => void, log: Log): Promise<void> {
  try {
    while (!router.closed) take(await router.receive());
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

type Way = { router: Router; traffic: Traffic | undefined; log: Log };

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

function createRoom() {
  const held = new Map<string, number>();
  let [requests, bytes] = [0, 0];
  return {
    /** @returns what is to be called when the request is answered; undefined when there is no room for it */
    enter(client: string, size: number): (() => void) | undefined {
      const own = held.get(client) ?? 0;
      if (own >= mostOfClient || requests >= most.requests || bytes + size > most.bytes) return undefined;
      held.set(client, own + 1);
      requests++;
      bytes += size;
      return () => {
        const left = (held.get(client) ?? 1) - 1;
        if (left === 0) held.delete(client);
        else held.set(client, left);
        requests--;
        bytes -= size;
      };
    },
  };
}
