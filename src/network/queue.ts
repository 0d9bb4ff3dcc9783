/** queue — first packets of flows, one verdict each; what nobody accepts is dropped. */
import { readFileSync } from 'node:fs';
import { type Ip, toIp } from '../base/ipv4.ts';
import { accept, batchSize, type Native, packetField as at, packetWords } from './native.ts';

export const tcp = 6;
export const udp = 17;
export const icmp = 1;
/** Bits of a TCP segment's flags. */
export const flag = { fin: 1, syn: 2, rst: 4, ack: 16 } as const;

/** What a verdict may be based on; ports, flags and numbers are 0 where the protocol has none. */
export type Packet = {
  src: Ip;
  dst: Ip;
  protocol: number;
  sport: number;
  dport: number;
  flags: number;
  seq: number;
  ack: number;
  /** Bytes behind the TCP header. */
  payload: number;
};

export type QueueCounts = { judged: number; accepted: number; dropped: number; malformed: number; lost: number };
export type Queue = Disposable & { counts(): QueueCounts };

export type QueueOptions = {
  number: number;
  /** Packets that may wait; more are lost (dropped). */
  length: number;
  /** Accepted packets leave with `(their mark & ~mask) | value`. */
  mark: { value: number; mask: number };
  onPacket: (packet: Packet) => boolean;
};

/**
 * Binds the queue on this thread's event loop.
 * @throws Error when another process has it
 */
export function openQueue(native: Native, { number, length, mark, onPacket }: QueueOptions): Queue {
  const records = new Uint32Array(batchSize * packetWords);
  let judged = 0;
  let accepted = 0;
  const onBatch = (count: number): void => {
    for (let index = 0; index < count; index++) {
      const words = records.subarray(index * packetWords, (index + 1) * packetWords);
      judged++;
      if (!onPacket(packetOf(words))) continue;
      words[at.verdict] = accept;
      accepted++;
    }
  };
  const handle = native.queueOpen(number, length, mark.value, mark.mask, records, onBatch);
  return {
    counts() {
      const [overruns = 0, malformed = 0] = native.queueCounts(handle);
      const lost = Math.max(overruns, lostInKernel(number));
      return { judged, accepted, dropped: judged - accepted + malformed, malformed, lost };
    },
    [Symbol.dispose]: () => native.close(handle),
  };
}

export function packetOf(words: Uint32Array): Packet {
  const word = (place: number): number => words[place] ?? 0;
  return {
    src: toIp(word(at.src)),
    dst: toIp(word(at.dst)),
    protocol: word(at.protocol),
    sport: word(at.sport),
    dport: word(at.dport),
    flags: word(at.flags),
    seq: word(at.seq),
    ack: word(at.ack),
    payload: word(at.payload),
  };
}

/** Packets dropped because the queue, or its socket, was full; columns as in the kernel's nfnetlink_queue.c. */
function lostInKernel(number: number): number {
  const lines = readFileSync('/proc/net/netfilter/nfnetlink_queue', 'utf8').trim().split('\n');
  const columns = lines.map((line) => line.trim().split(/\s+/).map(Number)).find(([id]) => id === number);
  const [, , , , , queueDropped = 0, userDropped = 0] = columns ?? [];
  return queueDropped + userDropped;
}
