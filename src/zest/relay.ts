/**
 * relay — takes the connections of a gate and carries their bytes, in a thread of its own: each byte goes through here, and the
 * main thread has the requests to answer. It begins with the first connection.
 */
import { getSystemErrorName } from 'node:util';
import { toIp, toNumber, type Ip } from '../base/ipv4.ts';
import {
  loadNative,
  outcomes,
  type AccountHandle,
  type JoinedHandle,
  type Native,
  type Outcome,
  type RelayHandle,
} from './native.ts';

export type Relay = Disposable & {
  /** Lets callers in at a free port. @throws the system's EADDRNOTAVAIL */
  open(address: Ip, onConnection: (connection: Connection) => void): Entrance;
  account(most: Most): Account;
};

export type Entrance = Disposable & { readonly port: number };

/** A caller's; nothing was read from it before it is joined. */
export type Connection = {
  readonly peer: Ip;
  isOver(): boolean;
  /** Resolves when it is over, to why. */
  readonly over: Promise<Outcome>;
  /** Carries it to the socket that is bound to a file; not when it is over. @throws the system's reason; it is cut then */
  join(file: string, account: Account): void;
  /** Resets it at once. */
  cut(): void;
};

/**
 * Bytes of one caller that lie in the library, over all its connections: what came and is no message yet, what was given and is
 * not sent.
 */
export type Account = {
  readonly handle: AccountHandle;
  took(bytes: number): void;
  gave(bytes: number): void;
  /** No more is to be given. */
  isFull(): boolean;
};

/**
 * Bytes that may have come without being a message, and that may have been given without being sent. A connection that brings more
 * is cut; so is one that takes nothing for so long while all that may wait waits.
 */
export type Most = { unread: number; unsent: number; stalledMs: number };

export function openRelay(native: Native = loadNative()): Relay {
  const open = new Map<number, Held>();
  const relay = native.relayOpen((id, outcome) => open.get(id)?.end(outcomes[outcome] as Outcome));
  let ids = 0;
  const taken = (socket: number, peer: number): Connection => {
    const id = (ids = (ids + 1) >>> 0);
    const held = connectionOf({ native, relay, id, socket, peer: toIp(peer), onEnd: () => open.delete(id) });
    open.set(id, held);
    return held.connection;
  };
  return {
    open(address, onConnection) {
      const entrance = systems(() =>
        native.entranceOpen(toNumber(address), 0, (socket, peer) => onConnection(taken(socket, peer))),
      );
      return { port: native.entrancePort(entrance), [Symbol.dispose]: () => native.close(entrance) };
    },
    account({ unread, unsent, stalledMs }) {
      const handle = native.accountOpen(unread, unsent, stalledMs);
      return {
        handle,
        took: (bytes) => native.accountTook(handle, bytes),
        gave: (bytes) => native.accountGave(handle, bytes),
        isFull: () => native.accountIsFull(handle),
      };
    },
    [Symbol.dispose]() {
      for (const { connection } of [...open.values()]) connection.cut();
      native.close(relay);
    },
  };
}

type Held = { connection: Connection; end: (outcome: Outcome) => void };
type Taken = { native: Native; relay: RelayHandle; id: number; socket: number; peer: Ip; onEnd: () => void };

function connectionOf({ native, relay, id, socket, peer, onEnd }: Taken): Held {
  const { promise: over, resolve } = Promise.withResolvers<Outcome>();
  let joined: JoinedHandle | undefined;
  let isOver = false;
  const end = (outcome: Outcome): void => {
    isOver = true;
    onEnd();
    resolve(outcome);
  };
  const cut = (): void => {
    if (isOver) return;
    if (joined) native.relayCut(relay, joined);
    else native.socketReset(socket);
    end('cut');
  };
  const join: Connection['join'] = (file, { handle }) => {
    // Its number may be another one's now.
    if (isOver) return;
    try {
      joined ??= systems(() => native.relayJoin(relay, handle, id, socket, file));
    } catch (err) {
      cut();
      throw err;
    }
  };
  return { end, connection: { peer, over, join, cut, isOver: () => isOver } };
}

/** The addon names an error by its number. */
function systems<T>(call: () => T): T {
  try {
    return call();
  } catch (err) {
    const number = /^E(\d+)$/.exec((err as NodeJS.ErrnoException).code ?? '')?.[1];
    throw number === undefined ? err : Object.assign(err as Error, { code: getSystemErrorName(-Number(number)) });
  }
}
