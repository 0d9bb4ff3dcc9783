/** Callers remembered at once; the one that has been silent longest is forgotten first, and begins with a full bucket. */
const rememberedCallers = 10_000;

export type Limiter = {
  /** Takes one turn of this caller. Returns 0, or the whole seconds after which to try again. */
  take(caller: string): number;
};

/**
 * A token bucket for each caller.
 * @param burst      turns that a caller who was quiet may take at once
 * @param perSecond  turns that come back each second
 * @param now        ms since the Unix epoch, or any clock that only moves on
 */
export function createLimiter(o: { burst: number; perSecond: number; now?: () => number }): Limiter {
  const { burst, perSecond, now = () => performance.now() } = o;
  const buckets = new Map<string, { turns: number; at: number }>();
  return {
    take(caller) {
      const at = now();
      const bucket = buckets.get(caller) ?? { turns: burst, at };
      const turns = Math.min(burst, bucket.turns + (Math.max(0, at - bucket.at) / 1_000) * perSecond);
      buckets.delete(caller);
      buckets.set(caller, { turns: turns >= 1 ? turns - 1 : turns, at });
      const oldest = buckets.keys().next();
      if (buckets.size > rememberedCallers && !oldest.done) buckets.delete(oldest.value);
      return turns >= 1 ? 0 : Math.max(1, Math.ceil((1 - turns) / perSecond));
    },
  };
}
