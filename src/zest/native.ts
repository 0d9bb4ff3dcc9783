/** native — the typed view of the C addon in native/, in which connections are taken and carried; no call waits. */
import { ownAddon } from '../base/addon.ts';

/** What lies behind it is known to the addon only. */
type Handle<Of extends string> = { readonly __handle: Of };
export type EntranceHandle = Handle<'entrance'>;
export type RelayHandle = Handle<'relay'>;
export type JoinedHandle = Handle<'connection'>;
export type AccountHandle = Handle<'account'>;

/** Addresses, ports and bytes are whole numbers; errors are thrown as Error with the system's reason, and `E` and its number. */
export type Native = {
  /** Calls with each connection, which is the callee's then; port 0 takes a free one. */
  entranceOpen(address: number, port: number, onConnection: (socket: number, peer: number) => void): EntranceHandle;
  entrancePort(entrance: EntranceHandle): number;
  /** Closes a connection that was not joined. */
  socketReset(socket: number): void;
  /** Calls when a joined connection has ended, with its number and its place in `outcomes`. */
  relayOpen(onEnd: (id: number, outcome: number) => void): RelayHandle;
  /** Carries a connection to the socket of this file, and takes it over unless it throws. */
  relayJoin(...o: [relay: RelayHandle, account: AccountHandle, id: number, socket: number, file: string]): JoinedHandle;
  /** Resets it; the end is not told. */
  relayCut(relay: RelayHandle, joined: JoinedHandle): void;
  accountOpen(unread: number, unsent: number, stalledMs: number): AccountHandle;
  accountTook(account: AccountHandle, bytes: number): void;
  accountGave(account: AccountHandle, bytes: number): void;
  accountIsFull(account: AccountHandle): boolean;
  /** For tests: how many of the bytes, read in pieces of `step`, come after a client's handshake; -1 when that is too long. */
  handshakeBeyond(bytes: Uint8Array, step: number): number;
  close(handle: EntranceHandle | RelayHandle): void;
};

/** `enum outcome` in native/connection.h. */
export const outcomes = ['running', 'ended', 'refused', 'unread', 'unsent', 'cut'] as const;
export type Outcome = Exclude<(typeof outcomes)[number], 'running'>;

const functions: (keyof Native)[] = [
  ...(['entranceOpen', 'entrancePort', 'socketReset', 'relayOpen', 'relayJoin', 'relayCut', 'accountOpen'] as const),
  ...(['accountTook', 'accountGave', 'accountIsFull', 'handshakeBeyond', 'close'] as const),
];

let loaded: Native | undefined;

/** Once for all gates. @throws Failure `internal` when it is missing or of another version */
export const loadNative = (): Native => (loaded ??= ownAddon<Native>({ name: 'relay', functions }));
