/**
 * resets — ends TCP connections that may not go on, at both ends. A reset counts only with the exact sequence number
 * that its receiver expects (RFC 5961), which only the connection's own packets tell. So a cut flow is *armed*: its
 * next packet, from either end, is answered with a reset to both. An idle connection is *poked* with a SYN out of
 * nowhere, which RFC 5961 answers with an acknowledgement: that is the next packet.
 */
import { randomInt } from 'node:crypto';
import { type Ip, toNumber } from '../base/ipv4.ts';
import { createLimiter } from '../base/rate.ts';
import type { OpenFlow } from './conntrack.ts';
import type { Native } from './native.ts';
import { flag, type Packet, tcp } from './queue.ts';

type End = { ip: Ip; port: number };
/** One end of a flow: where it is, and whom it believes to talk to. */
type Side = { self: End; peer: End };
type Numbers = { seq: number; ack: number; flags: number };
type Armed = { near: Side; far: Side; answered: boolean };

/** Packets in flight, retransmissions and the answer to the last poke are all here by then. */
const armedMs = 10_000;
/** An end may ignore pokes for half a second after another oddity (RFC 5961), hence more than one. */
const pokeAfterMs = [0, 150, 600];
/** Resets that one component gets in a second; above, its refused packets are dropped silently. */
const refusalsPerSecond = 100;

export type Resets = Disposable & {
  /** From now on, packets of this flow are answered with resets instead of being judged. Other protocols: nothing. */
  arm(flow: OpenFlow): void;
  /** Makes the silent ends of an armed flow speak; `inside`: whether an address is reached through a bridge of ours. */
  poke(flow: OpenFlow, inside: (ip: Ip) => boolean): void;
  /** True when the packet belongs to a cut flow and was answered: it must be dropped. */
  answers(packet: Packet): boolean;
  /** Answers a refused packet, so that its sender fails at once instead of waiting. */
  refuse(packet: Packet): void;
};

/** @param mark what the rules know our own segments by */
export function createResets(native: Native, mark: number): Resets {
  const socket = native.tcpOpen(mark);
  const armed = new Map<string, Armed>();
  const timers = createTimers();
  const limiter = createLimiter({ burst: refusalsPerSecond, perSecond: refusalsPerSecond });
  /** As if `side.peer` had sent it. */
  const send: Send = ({ self, peer }, { seq, ack, flags }) => {
    const words = [toNumber(peer.ip), peer.port, toNumber(self.ip), self.port, seq, ack, flags];
    native.tcpSend(socket, Uint32Array.from(words));
  };
  const disarm = (flow: Armed): void => {
    for (const side of [flow.near, flow.far]) if (armed.get(keyOf(side)) === flow) armed.delete(keyOf(side));
  };
  return {
    arm(open) {
      if (open.protocol !== tcp) return;
      const flow = { near: sideOf(open), far: sideOf(open.reply), answered: false };
      for (const side of [flow.near, flow.far]) armed.set(keyOf(side), flow);
      timers.after(armedMs, () => disarm(flow));
    },
    poke(open, inside) {
      const flow = armed.get(keyOf(sideOf(open)));
      if (flow) for (const ms of pokeAfterMs) timers.after(ms, () => pokeNow(flow, inside, send));
    },
    answers(packet) {
      const flow = packet.protocol === tcp ? armed.get(keyOf(sideOf(packet))) : undefined;
      if (flow && isOpening(packet)) disarm(flow); // the same ports anew: another connection, to be judged
      if (!flow || isOpening(packet)) return false;
      resetBoth(flow, packet, send);
      return true;
    },
    refuse(packet) {
      if (packet.protocol !== tcp || (packet.flags & flag.rst) !== 0 || limiter.take(packet.src) > 0) return;
      send(sideOf(packet), answerTo(packet));
    },
    [Symbol.dispose]() {
      timers.clear();
      native.tcpClose(socket);
    },
  };
}

type Send = (to: Side, numbers: Numbers) => void;

const isOpening = ({ flags }: Packet): boolean => (flags & (flag.syn | flag.ack)) === flag.syn;

function pokeNow(flow: Armed, inside: (ip: Ip) => boolean, send: Send): void {
  if (flow.answered) return;
  for (const side of [flow.near, flow.far].filter(({ self }) => inside(self.ip))) {
    send(side, { seq: randomInt(2 ** 32), ack: 0, flags: flag.syn });
  }
}

/** What its sender sent next is what its receiver expects next: one packet has the numbers for both. */
function resetBoth(flow: Armed, packet: Packet, send: Send): void {
  const fromNear = keyOf(sideOf(packet)) === keyOf(flow.near);
  const [sender, receiver] = fromNear ? [flow.near, flow.far] : [flow.far, flow.near];
  flow.answered = true;
  if ((packet.flags & flag.rst) === 0) send(sender, answerTo(packet));
  send(receiver, { seq: packet.seq, ack: packet.ack, flags: flag.rst | flag.ack });
}

/** The numbers of the reset that answers this segment (RFC 9293, 3.10.7.1). */
export function answerTo({ flags, seq, ack, payload }: Pick<Packet, 'flags' | 'seq' | 'ack' | 'payload'>): Numbers {
  if (flags & flag.ack) return { seq: ack, ack: 0, flags: flag.rst };
  const length = payload + (flags & flag.syn ? 1 : 0) + (flags & flag.fin ? 1 : 0);
  return { seq: 0, ack: (seq + length) % 2 ** 32, flags: flag.rst | flag.ack };
}

const keyOf = ({ self, peer }: Side): string => `${self.ip}:${self.port} ${peer.ip}:${peer.port}`;

/** The sender's side of something that has a source and a destination. */
const sideOf = ({ src, sport, dst, dport }: { src: Ip; sport: number; dst: Ip; dport: number }): Side => ({
  self: { ip: src, port: sport },
  peer: { ip: dst, port: dport },
});

function createTimers(): { after(ms: number, act: () => void): void; clear(): void } {
  const timers = new Set<NodeJS.Timeout>();
  return {
    after(ms, act) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        act();
      }, ms);
      timers.add(timer.unref());
    },
    clear() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
