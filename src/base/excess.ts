/** excess — what a component asks of a service beyond its limits: refused, counted, told to the owner. */
import { Failure } from './errors.ts';
import type { Log } from './log.ts';
import { createLimiter, type Limiter } from './rate.ts';

/** Refusals of one kind to one component by one service since start. */
export type Excess = {
  component: string;
  service: string;
  what: 'requests' | 'connections';
  count: number;
  /** The last one, ms since the Unix epoch. */
  at: number;
};

export type ExcessBook = {
  /** @param who  a component, or the address that it called from */
  note(who: string, service: string, what: Excess['what']): void;
  /** Latest first. */
  list(): Excess[];
};

/** Lines of a book; the one that has been quiet longest goes first. */
const mostLines = 1_000;

/** @param nameOf  the component at an address; undefined for what is no address of one */
export function createExcessBook(o: { log: Log; nameOf: (who: string) => string | undefined }): ExcessBook {
  const lines = new Map<string, Excess>();
  // What an app does in a loop is told once a minute: a log on an SD card pays for each line.
  const told = createLimiter({ burst: 1, perSecond: 1 / 60 });
  return {
    note(who, service, what) {
      const component = o.nameOf(who) ?? who;
      const key = `${what} ${service} ${component}`;
      const line = { component, service, what, count: (lines.get(key)?.count ?? 0) + 1, at: Date.now() };
      lines.delete(key);
      lines.set(key, line);
      const oldest = lines.keys().next();
      if (lines.size > mostLines && !oldest.done) lines.delete(oldest.value);
      if (told.take(key) === 0) o.log.warn(line, 'refused what is beyond the limit of a component');
    },
    list: () => [...lines.values()].reverse(),
  };
}

/**
 * Counts a request of a component, whatever its token.
 * @param who  a component; where it is not known, the address
 * @throws Failure `rate.exceeded` with `retryAfterSeconds`
 */
export type Pace = (who: string, service: string) => void;

export type PaceOptions = {
  perSecond: number;
  book: ExcessBook;
  /** ms of any clock that only moves on. */
  now?: () => number;
};

/** Of each component so many requests a second, and twice as many at once after a pause; without options any number. */
export function createPace(options: PaceOptions | undefined): Pace {
  if (!options) return () => {};
  const { perSecond, book, now } = options;
  const limiter = createLimiter({ burst: 2 * perSecond, perSecond, ...(now && { now }) });
  const reason = `a component may make ${perSecond} requests a second`;
  return (who, service) => takeTurn(limiter, who, { book, service, reason });
}

type Turn = {
  /** Where a refusal is counted. */
  book: ExcessBook | undefined;
  service: string;
  /** The first half of what the caller is told. */
  reason: string;
};

/** @throws Failure `rate.exceeded` with `retryAfterSeconds` when this caller has no turn left */
export function takeTurn(limiter: Limiter, who: string, { book, service, reason }: Turn): void {
  const retryAfterSeconds = limiter.take(who);
  if (retryAfterSeconds === 0) return;
  book?.note(who, service, 'requests');
  throw new Failure('rate.exceeded', `${reason}; try again in ${retryAfterSeconds} s`, { retryAfterSeconds });
}
