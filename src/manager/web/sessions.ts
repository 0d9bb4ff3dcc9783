import { createHash, randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';

/** `__Host-`: browsers take it over TLS only, for this host only, and let no page of another path overwrite it. */
export const cookieName = '__Host-session';
export const idleMs = 12 * 60 * 60_000;
export const absoluteMs = 30 * 24 * 60 * 60_000;
const sessionsKept = 1_000;

/** `ended` fires at logout, at either end of time and when the box stops: open streams of the session close with it. */
export type Session = { readonly ended: AbortSignal };

export type Sessions = Disposable & {
  /** Opens a session under a new id. Returns the value of `Set-Cookie`. */
  open(): string;
  /** The live session that a `Cookie` header names; using it postpones its idle end. */
  find(cookieHeader: string | undefined): Session | undefined;
  /** Ends one session. Returns the `Set-Cookie` that makes the browser forget it. */
  end(session: Session): string;
  readonly size: number;
};

type Entry = Session & { stop: AbortController; openedAt: number; usedAt: number };

/**
 * Sessions of the owner, in memory: a restart of the box ends them. Only a digest of each id is kept.
 * @param now ms of a clock that never jumps, so that setting the time makes no session immortal
 */
export function createSessions(now: () => number = () => performance.now()): Sessions {
  const entries = new Map<string, Entry>();
  const isOver = ({ openedAt, usedAt }: Entry): boolean => now() - openedAt >= absoluteMs || now() - usedAt >= idleMs;
  const dropWhere = (over: (entry: Entry) => boolean): void => {
    for (const [key, entry] of entries) {
      if (!over(entry)) continue;
      entries.delete(key);
      entry.stop.abort();
    }
  };
  const timer = setInterval(() => dropWhere(isOver), 60_000).unref();

  return {
    open() {
      dropWhere(isOver);
      const [oldest] = entries.values();
      if (entries.size >= sessionsKept) dropWhere((entry) => entry === oldest);
      const id = randomBytes(32).toString('base64url');
      entries.set(digest(id), newEntry(now()));
      return cookie(id);
    },
    find(cookieHeader) {
      dropWhere(isOver);
      const [found] = idsIn(cookieHeader).flatMap((id) => entries.get(digest(id)) ?? []);
      if (found) found.usedAt = now();
      return found;
    },
    end(session) {
      dropWhere((entry) => entry === session);
      return `${cookie('')}; Max-Age=0`;
    },
    get size() {
      return entries.size;
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      dropWhere(() => true);
    },
  };
}

function newEntry(at: number): Entry {
  const stop = new AbortController();
  // Each open stream of a session listens; there is no wrong number of them.
  setMaxListeners(0, stop.signal);
  return { stop, ended: stop.signal, openedAt: at, usedAt: at };
}

const digest = (id: string): string => createHash('sha256').update(id).digest('base64');
const cookie = (id: string): string => `${cookieName}=${id}; Path=/; Secure; HttpOnly; SameSite=Strict`;

/** Every value of our cookie: a component can plant a second one for its own path, and must not hide the real one. */
function idsIn(cookieHeader = ''): string[] {
  const values = cookieHeader.split(';').map((pair) => pair.trim());
  return values.filter((pair) => isOwnersCookie(pair)).map((pair) => pair.slice(cookieName.length + 1));
}

/** Whether a `name=value` pair of a `Cookie` header is the owner's session. */
export const isOwnersCookie = (pair: string): boolean =>
  pair.trim().toLowerCase().startsWith(`${cookieName.toLowerCase()}=`);
