/** native — the typed view of the C addon in native/; every call is synchronous and takes microseconds. */
import { ownAddon } from '../base/addon.ts';

/** An open socket that the event loop watches. */
export type Handle = { readonly __handle: unique symbol };

/** Addresses, ports and marks are whole numbers in host order; errors are thrown as Error with the kernel's reason. */
export type Native = {
  /**
   * Binds an NFQUEUE. `onBatch(count)` finds `count` packets in `records` (`packetWords` each) and writes a verdict
   * into each; the addon drops what has none, also when `onBatch` throws.
   */
  queueOpen(
    number: number,
    length: number,
    mark: number,
    mask: number,
    records: Uint32Array,
    onBatch: (count: number) => void,
  ): Handle;
  /** `[overruns of the socket, malformed packets]` */
  queueCounts(queue: Handle): Uint32Array;
  /** Reads a packet as the queue does. */
  parse(bytes: Uint8Array, record: Uint32Array): boolean;
  close(handle: Handle): void;
  /** Tracked connections with this mark, `flowWords` each. */
  flowsDump(mark: number, mask: number): Uint32Array;
  /** Takes one entry of `flowsDump`; false when it was gone already. */
  flowDelete(flow: Uint32Array): boolean;
  /** A set of addresses for `-m set`; entries end after `seconds`. */
  setCreate(name: string, seconds: number): void;
  setAdd(name: string, addresses: Uint32Array): void;
  /** False when there was none. */
  setDestroy(name: string): boolean;
  /** A raw socket whose packets carry this mark. */
  tcpOpen(mark: number): number;
  /** Takes `[src, sport, dst, dport, seq, ack, flags]`; false when the kernel refused it. */
  tcpSend(socket: number, segment: Uint32Array): boolean;
  tcpClose(socket: number): void;
  /** Calls when the nftables rules of this network namespace changed. */
  watchOpen(onChange: () => void): Handle;
  /** What changes when a legacy table changes; `null` without legacy tables. */
  tableShape(family: 4 | 6, table: string): Uint32Array | null;
};

/** Packets that one batch holds at most, and where their fields are: `struct record` in native/packet.h. */
export const batchSize = 64;
export const packetWords = 16;
export const packetField = {
  id: 0,
  mark: 1,
  interface: 2,
  src: 3,
  dst: 4,
  protocol: 5,
  sport: 6,
  dport: 7,
  flags: 8,
  seq: 9,
  ack: 10,
  payload: 11,
  verdict: 12,
} as const;
export const accept = 1;

/** `struct flow` in native/conntrack.c. */
export const flowWords = 11;

const functions: (keyof Native)[] = [
  ...(['queueOpen', 'queueCounts', 'parse', 'close', 'flowsDump', 'flowDelete', 'setCreate', 'setAdd'] as const),
  ...(['setDestroy', 'tcpOpen', 'tcpSend', 'tcpClose', 'watchOpen', 'tableShape'] as const),
];

/** @throws Failure `network.refused` when it is missing or of another version */
export const loadNative = (): Native => ownAddon<Native>({ name: 'nfqueue', functions, code: 'network.refused' });
