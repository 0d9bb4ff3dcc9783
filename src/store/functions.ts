/**
 * Functions between components: a provider observes `/notification/request/…`, a caller posts there, and takes the answer from
 * `/notification/response/…`, whoever of the two is earlier. Knows no wire.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../base/errors.ts';
import type { Format } from './operations.ts';

export type Answer = { format: Format; body: Buffer };

export type Functions = {
  /**
   * The answer of this path, once: it is forgotten with that.
   * @param waitMs  for one that is not there yet
   * @param signal  of the caller's leaving
   * @throws Failure `function.silent`, `function.taken`
   */
  take(path: string, waitMs: number, signal: AbortSignal): Promise<Answer>;
  /** Whether somebody waits for it. */
  isAwaited(path: string): boolean;
  /** Keeps an answer, in the place of an earlier one, for whoever waits for it or comes within a minute. */
  give(path: string, answer: Answer): void;
};

const keptMs = 60_000;
const mostKept = 64;
const mostBytes = 4 * 1024 * 1024;

/** @param now  ms, of any clock that only moves on */
export function createFunctions(now: () => number = () => performance.now()): Functions {
  const shelf = createShelf(now);
  const waiting = new Map<string, (answer: Answer) => void>();
  return {
    async take(path, waitMs, signal) {
      const there = shelf.take(path);
      if (there) return there;
      if (waiting.has(path)) throw new Failure('function.taken', 'somebody waits for this answer already');
      const { promise, resolve } = Promise.withResolvers<Answer>();
      const done = new AbortController();
      const patience = AbortSignal.any([signal, done.signal]);
      waiting.set(path, resolve);
      try {
        const answer = await Promise.race([promise, sleep(waitMs, null, { signal: patience }).catch(() => null)]);
        if (answer) return answer;
        throw new Failure('function.silent', 'there is no answer yet', { waitedMs: waitMs });
      } finally {
        // Whoever was answered has no place any more, and another may have taken it.
        if (waiting.get(path) === resolve) waiting.delete(path);
        done.abort();
      }
    },
    isAwaited: (path) => waiting.has(path),
    give(path, answer) {
      const waits = waiting.get(path);
      waiting.delete(path);
      if (waits) waits(answer);
      else shelf.put(path, answer);
    },
  };
}

/** Answers that nobody came for yet. */
function createShelf(now: () => number) {
  const kept = new Map<string, Answer & { at: number }>();
  const tidy = (): void => {
    let bytes = [...kept.values()].reduce((sum, { body }) => sum + body.length, 0);
    // Oldest first.
    for (const [path, { at, body }] of kept) {
      if (now() - at < keptMs && kept.size <= mostKept && bytes <= mostBytes) break;
      kept.delete(path);
      bytes -= body.length;
    }
  };
  return {
    take(path: string): Answer | undefined {
      tidy();
      const answer = kept.get(path);
      kept.delete(path);
      return answer;
    },
    put(path: string, answer: Answer): void {
      kept.delete(path);
      kept.set(path, { ...answer, at: now() });
      tidy();
    },
  };
}
