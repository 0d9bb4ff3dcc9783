/** bounds — how many entries of its own a component may cause: a flood is counted, and said with the next entry. */
import { createLimiter } from '../base/rate.ts';

/** At once, and then for each second. */
const rates = {
  actuation: { burst: 300, perSecond: 1 },
  refusal: { burst: 30, perSecond: 1 / 60 },
};
export type Bounded = keyof typeof rates;

export type Bounds = {
  /** How many occasions an entry now stands for, itself and those before it that got none; 0: it gets none either. */
  take(kind: Bounded, component: string): number;
};

/** @param steady ms of a clock that never jumps */
export function createBounds(steady: () => number = () => performance.now()): Bounds {
  const limiters = {
    actuation: createLimiter({ ...rates.actuation, now: steady }),
    refusal: createLimiter({ ...rates.refusal, now: steady }),
  };
  const unlisted = new Map<string, number>();
  return {
    take(kind, component) {
      const key = `${kind} ${component}`;
      const before = unlisted.get(key) ?? 0;
      if (limiters[kind].take(component) > 0) {
        unlisted.set(key, before + 1);
        return 0;
      }
      unlisted.delete(key);
      return before + 1;
    },
  };
}
