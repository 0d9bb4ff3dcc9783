import { Failure } from '../../base/errors.ts';
import { createLimiter } from '../../base/rate.ts';

export type Throttle = {
  /**
   * Counts an attempt before it is judged, so that a burst of them cannot outrun the count.
   * @throws Failure `rate.exceeded` with `retryAfterSeconds`
   */
  admit(source: string): void;
  /** The attempt was the owner's: the source starts afresh and no longer competes with strangers. */
  succeeded(source: string): void;
};

const freeAttempts = 5;
const longestWaitMs = 60_000;
const forgetAfterMs = 15 * 60_000;
const knownForMs = 24 * 60 * 60_000;
const sourcesKept = 10_000;

/**
 * Slows guessing. One source has five attempts, then waits 1, 2, 4 … 60 s after each; all strangers together have 50,
 * then one a second. No wait is for good, a refused attempt makes none longer, and a source that the owner logged in
 * from in the last day is not held up by strangers.
 * @param now ms of a clock that never jumps
 */
export function createThrottle(now: () => number = () => performance.now()): Throttle {
  const sources = new Map<string, { attempts: number; waitUntil: number; seen: number }>();
  const known = new Map<string, number>();
  const strangers = createLimiter({ burst: 50, perSecond: 1, now });

  const forget = (): void => {
    for (const [source, { seen }] of sources) if (now() - seen > forgetAfterMs) sources.delete(source);
    for (const [source, at] of known) if (now() - at > knownForMs) known.delete(source);
    const [oldest] = sources.keys();
    if (sources.size >= sourcesKept && oldest !== undefined) sources.delete(oldest);
  };

  return {
    admit(source) {
      forget();
      const { attempts, waitUntil } = sources.get(source) ?? { attempts: 0, waitUntil: 0 };
      if (now() < waitUntil) throw tooMany(waitUntil - now());
      const full = known.has(source) ? 0 : strangers.take('all');
      if (full > 0) throw tooMany(full * 1_000);
      const over = attempts + 1 - freeAttempts;
      const waitMs = over < 0 ? 0 : Math.min(longestWaitMs, 1_000 * 2 ** Math.min(over, 10));
      sources.delete(source);
      sources.set(source, { attempts: attempts + 1, waitUntil: now() + waitMs, seen: now() });
    },
    succeeded(source) {
      sources.delete(source);
      known.set(source, now());
    },
  };
}

const tooMany = (waitMs: number): Failure =>
  new Failure('rate.exceeded', 'too many passwords were tried; wait and try again', {
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)),
  });
