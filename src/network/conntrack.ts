/** conntrack — flows that were accepted and live on in the kernel. */
import { type Ip, toIp } from '../base/ipv4.ts';
import { flowWords, type Native } from './native.ts';

/** A tracked connection with our mark; ports are 0 where the protocol has none. */
export type OpenFlow = {
  protocol: number;
  /** As its opener sent it. */
  src: Ip;
  sport: number;
  dst: Ip;
  dport: number;
  /** As its answers come in: the real peer, and whom it takes the opener for. */
  reply: { src: Ip; sport: number; dst: Ip; dport: number };
  /** The kernel's entry, for `cut`. */
  entry: Uint32Array;
};

/** Every flow that was accepted and is still tracked. */
export function openFlows(native: Native, mark: { value: number; mask: number }): OpenFlow[] {
  const words = native.flowsDump(mark.value, mark.mask);
  return Array.from({ length: words.length / flowWords }, (_, index) =>
    flowOf(words.slice(index * flowWords, (index + 1) * flowWords)),
  );
}

/** Deletes it, both directions; its next packet is judged as a first one. False when it had ended. */
export const cut = (native: Native, flow: OpenFlow): boolean => native.flowDelete(flow.entry);

function flowOf(entry: Uint32Array): OpenFlow {
  const [, , protocol = 0, src = 0, dst = 0, sport = 0, dport = 0, ...reply] = entry;
  const [replySrc = 0, replyDst = 0, replySport = 0, replyDport = 0] = reply;
  return {
    protocol,
    src: toIp(src),
    sport,
    dst: toIp(dst),
    dport,
    reply: { src: toIp(replySrc), sport: replySport, dst: toIp(replyDst), dport: replyDport },
    entry,
  };
}
