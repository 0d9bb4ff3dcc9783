/**
 * passage — one caller's connections to one of its sockets. What the library would keep of theirs without end is bounded here: a
 * message of endless parts that is not complete, and answers and events that nobody reads.
 */
import { connect, type Socket } from 'node:net';
import { createAccount, type Account } from './account.ts';
import { createHandshake, wireBytes } from './framing.ts';
import type { Traffic } from './sockets.ts';
import { createTurns } from './turns.ts';

export type Passage = {
  /** For the socket. */
  readonly traffic: Traffic;
  /** Joins a caller's connection, from which nothing was read yet, to the socket. */
  join(outer: Socket): void;
  /** Resets all of them. */
  reset(): void;
};

export type PassageOptions = {
  /** Where the socket is bound. */
  file: string;
  /**
   * Of all connections: bytes that may have come without being a message, and that may have been given without being sent.
   * Whoever takes nothing for so long, while all that may wait waits, keeps the caller's other connections waiting.
   */
  most: { unread: number; unsent: number; stalledMs: number };
  /** Called when connections are reset for that. */
  onExcess: (what: 'unread' | 'unsent') => void;
};

/** Answers that are made at once: each may be of 16 MiB. */
const mostReads = 4;

export function createPassage({ file, most, onExcess }: PassageOptions): Passage {
  const open = new Set<Socket>();
  /** Those whose caller does not take what there is for it. */
  const blocked = new Set<Socket>();
  const account = createAccount(most);
  const isFull = (): boolean => account.isFull(blocked.size > 0);
  const reset = (): void => {
    for (const socket of [...open]) cut(socket);
  };
  const leave = (socket: Socket): void => {
    open.delete(socket);
    blocked.delete(socket);
    if (open.size === 0) account.emptied();
  };
  return {
    traffic: {
      took: (parts) => account.took(parts.reduce((sum, { length }) => sum + wireBytes(length), 0)),
      gave: (bytes) => account.gave(bytes),
      isFull,
      turn: createTurns(mostReads, isFull),
    },
    join(outer) {
      open.add(outer);
      outer.once('close', () => leave(outer));
      outer.on('timeout', () => {
        if (!isFull()) return void outer.setTimeout(most.stalledMs);
        onExcess('unsent');
        cut(outer);
      });
      pump(outer, file, {
        ...{ account, blocked, stalledMs: most.stalledMs },
        overdrawn() {
          onExcess('unread');
          reset();
        },
      });
    },
    reset,
  };
}

/** At once: a reset alone would wait until all that was written is sent. */
export function cut(socket: Socket): void {
  socket.resetAndDestroy();
  socket.destroy();
}

type Watch = { account: Account; blocked: Set<Socket>; stalledMs: number; overdrawn: () => void };

/**
 * Where what comes from a socket lands, to be copied at once. Else each read, of hundred bytes mostly, takes 64 KiB of the memory
 * that the library's own thread takes its messages from, and both wait for one another.
 */
const landing = Buffer.allocUnsafeSlow(64 * 1024);

/** Carries bytes both ways, as fast as either side takes them; the end of one is the end of the other. */
function pump(outer: Socket, file: string, { account, blocked, stalledMs, overdrawn }: Watch): void {
  const handshake = createHandshake();
  const inner = connect({
    path: file,
    onread: {
      buffer: landing,
      callback(bytes) {
        account.went(bytes);
        if (outer.destroyed || outer.write(Buffer.from(landing.subarray(0, bytes)))) return true;
        blocked.add(outer);
        outer.setTimeout(stalledMs);
        return false;
      },
    },
  });
  outer.on('data', (piece: Buffer) => {
    const beyond = handshake(piece);
    if (beyond === undefined) return cut(outer);
    account.came(beyond);
    if (account.isOverdrawn()) return overdrawn();
    if (!inner.write(piece)) outer.pause();
  });
  inner.on('drain', () => outer.resume());
  outer.on('drain', () => {
    blocked.delete(outer);
    outer.setTimeout(0);
    inner.resume();
  });
  // A broken connection is told by its close.
  for (const socket of [outer, inner]) socket.on('error', () => {});
  outer.once('close', (isBroken) => {
    // What a client sent before it left is still asked.
    if (isBroken) inner.destroy();
    else inner.end();
    inner.resume();
  });
  inner.once('close', () => outer.destroySoon());
  outer.resume();
}
