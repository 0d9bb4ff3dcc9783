/** push — the event side of a Zest door: a ROUTER whose peers are known by the identity that they were given. */
import type { Router } from 'zeromq';
import type { Log } from '../base/log.ts';
import { mostOfDoor } from './backlog.ts';
import { createPeers, type Peer, type Peers } from './peers.ts';
import { bindRouter, sendFault, type Endpoint, type Traffic } from './sockets.ts';

export type Push = AsyncDisposable & {
  readonly port: number;
  /** At once where the peer is there and reads; else when it is, within bounds (backlog.ts). */
  send(identity: string, frame: Buffer): void;
  /** Resolves when each frame was tried once; undefined when that is so already. */
  tried(): Promise<void> | undefined;
  /** Nothing more will be sent under this identity; what waits goes out within the grace. */
  forget(identity: string): void;
};

export type PushOptions = {
  endpoint: Endpoint;
  secretKey: string;
  /** Whoever had this identity has gone for good. */
  onLost: (identity: string) => void;
  traffic?: Traffic | undefined;
  log: Log;
};

export async function startPush({ endpoint, secretKey, onLost, traffic, log }: PushOptions): Promise<Push> {
  // What comes in is nobody's message: it is read and let go.
  const socket = { secretKey, waiting: { out: 64, in: 1 }, longestMessageBytes: 1_024, handover: true };
  const { router, port } = await bindRouter(endpoint, socket);
  const peers = createPeers(onLost);
  const sender = createSender({ router, peers, traffic, log });
  const loop = discard(router);
  return {
    port,
    send(identity, frame) {
      const peer = peers.of(identity);
      const isTooMuch = peer.frames.length > 0 && peers.bytes() + frame.length > mostOfDoor;
      if (isTooMuch || peer.add(frame)) log.debug({ identity }, 'an observer reads too slowly and loses events');
      sender.send(identity, peer);
    },
    tried: () => (sender.busy.size === 0 ? undefined : Promise.all(sender.busy.values()).then(() => {})),
    forget: (identity) => peers.forget(identity),
    async [Symbol.asyncDispose]() {
      sender.stop();
      await Promise.all(sender.busy.values());
      router.close();
      await loop;
    },
  };
}

type Sending = { router: Router; peers: Peers; traffic: Traffic | undefined; log: Log };

/** Sends what waits for a peer until all is sent or one fails; of those who failed, again when their time has come. */
function createSender(sending: Sending) {
  const { router, peers } = sending;
  /** By identity, until what waits was tried. */
  const busy = new Map<string, Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  const send = (identity: string, peer: Peer): void => {
    if (busy.has(identity)) return;
    if (!peer.isDue(performance.now())) return tryLater();
    const drained = drain(sending, identity, peer).finally(() => {
      busy.delete(identity);
      if (peer.frames.length > 0) tryLater();
    });
    busy.set(identity, drained);
  };
  const tryLater = (): void => {
    if (router.closed || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      for (const [identity, peer] of peers.waiting()) send(identity, peer);
    }, roundMs).unref();
  };
  return { busy, send, stop: () => clearTimeout(timer) };
}

const roundMs = 20;

async function drain({ router, peers, traffic, log }: Sending, identity: string, peer: Peer): Promise<void> {
  for (let frame = peer.frames[0]; frame && !router.closed; frame = peer.frames[0]) {
    if (traffic?.isFull() === true) return peers.failed(identity, peer, 'slow');
    try {
      // The library has sent it, or not, when this returns: what is told before a reply leaves before it.
      await router.send([identity, frame]);
      traffic?.gave(frame.length);
      peer.sent(frame);
    } catch (err) {
      const fault = sendFault(err);
      if (!fault && !router.closed) log.error({ err }, 'zest event was not sent');
      return peers.failed(identity, peer, fault ?? 'absent');
    }
  }
  if (peer.frames.length === 0) peers.delete(identity);
}

async function discard(router: Router): Promise<void> {
  try {
    for await (const parts of router) void parts;
  } catch {
    // Closed: there is nothing to read any more.
  }
}
