/**
 * passage — one caller's connections to one of its sockets. What the library would keep of theirs without end is bounded here: a
 * message of endless parts that is not complete, and answers and events that nobody reads.
 */
import { wireBytes } from './framing.ts';
import type { Connection, Most, Relay } from './relay.ts';
import type { Traffic } from './sockets.ts';
import { createTurns } from './turns.ts';

export type Passage = {
  /** For the socket. */
  readonly traffic: Traffic;
  /** Joins a caller's connection to the socket. @throws the system's reason; the connection is cut then */
  join(connection: Connection): void;
  /** Resets all of them. */
  reset(): void;
};

export type PassageOptions = {
  relay: Relay;
  /** Where the socket is bound. */
  file: string;
  /** Of all connections. Whoever takes nothing for so long, while all that may wait waits, keeps its other ones waiting. */
  most: Most;
  /** Called when connections are reset for that. */
  onExcess: (what: 'unread' | 'unsent') => void;
};

/** Answers that are made at once: each may be of 16 MiB. */
const mostReads = 4;

export function createPassage({ relay, file, most, onExcess }: PassageOptions): Passage {
  const open = new Set<Connection>();
  const account = relay.account(most);
  const reset = (): void => {
    for (const connection of [...open]) connection.cut();
  };
  return {
    traffic: {
      took: (parts) => account.took(parts.reduce((sum, { length }) => sum + wireBytes(length), 0)),
      gave: (bytes) => account.gave(bytes),
      isFull: () => account.isFull(),
      turn: createTurns(mostReads, () => account.isFull()),
    },
    join(connection) {
      open.add(connection);
      void connection.over.then((outcome) => {
        open.delete(connection);
        if (outcome === 'unread' || outcome === 'unsent') onExcess(outcome);
        // What is unfinished may be another one's.
        if (outcome === 'unread') reset();
      });
      connection.join(file, account);
    },
    reset,
  };
}
