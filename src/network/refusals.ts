/**
 * refusals — what was asked for and not given: bounded, so that a scan cannot grow memory or push others out; what is no
 * longer listed is counted, so that a full record does not look like a whole one.
 */
import type { Ip } from '../base/ipv4.ts';
import { createLimiter } from '../base/rate.ts';
import type { Protocol } from './tables.ts';

/** Refused attempts at one destination; `port` is 0 for protocols without ports. */
export type Refusal = {
  /** Last attempt, ms since the Unix epoch. */
  at: number;
  component: string;
  src: Ip;
  dst: Ip;
  protocol: Protocol | 'icmp' | 'other';
  port: number;
  count: number;
};
/** Attempts of a component since start that are no longer listed, because it asked for too many destinations. */
export type Unlisted = { component: string; src: Ip; count: number };
/** Flows from `src` to `dst` (as the component sees it), all ports together, since start. */
export type PairCount = { src: Ip; dst: Ip; accepted: number; refused: number };

/** Refused destinations kept per component; accepted ones are as many as its rows. */
const kept = 64;
/** Reports of new destinations in a second, all components together. */
const reportsPerSecond = 10;

export type Attempt = Omit<Refusal, 'at' | 'count'>;
export type Flows = {
  accepted(src: Ip, dst: Ip): void;
  refused(attempt: Attempt): void;
  pairs(): PairCount[];
  /** Newest first. */
  refusals(): Refusal[];
  /** Of each component whose record lost something. */
  unlisted(): Unlisted[];
  /** Forgets components that are gone. */
  keepOnly(sources: ReadonlySet<Ip>): void;
};

type Known = {
  accepted: Map<Ip, number>;
  refused: Map<Ip, number>;
  refusals: Map<string, Refusal>;
  unlisted?: Unlisted;
};

/**
 * @param onNew  a refusal that is not in the record yet; at most 10 calls a second
 * @param now    ms since the Unix epoch
 * @param steady ms of a clock that never jumps
 */
export function createFlows(
  onNew: (refusal: Refusal) => void,
  now: () => number = Date.now,
  steady: () => number = () => performance.now(),
): Flows {
  const bySource = new Map<Ip, Known>();
  const of = (src: Ip): Known => {
    const known = bySource.get(src) ?? { accepted: new Map(), refused: new Map(), refusals: new Map() };
    bySource.set(src, known);
    return known;
  };
  const reports = createLimiter({ burst: reportsPerSecond, perSecond: reportsPerSecond, now: steady });
  return {
    accepted(src, dst) {
      const { accepted } = of(src);
      accepted.set(dst, (accepted.get(dst) ?? 0) + 1);
    },
    refused(attempt) {
      const known = of(attempt.src);
      const { refused, refusals } = known;
      putLast(refused, attempt.dst, (refused.get(attempt.dst) ?? 0) + 1);
      const key = `${attempt.dst} ${attempt.protocol} ${attempt.port}`;
      const before = refusals.get(key);
      const after = { ...attempt, at: now(), count: (before?.count ?? 0) + 1 };
      const lost = putLast(refusals, key, after);
      if (lost) {
        const { component, src } = attempt;
        known.unlisted = { component, src, count: (known.unlisted?.count ?? 0) + lost.count };
      }
      if (!before && reports.take('all') === 0) onNew(after);
    },
    pairs: () => [...bySource].flatMap(([src, known]) => pairsOf(src, known)),
    refusals: () =>
      [...bySource.values()].flatMap(({ refusals }) => [...refusals.values()]).sort((a, b) => b.at - a.at),
    unlisted: () => [...bySource.values()].flatMap(({ unlisted }) => unlisted ?? []),
    keepOnly(sources) {
      for (const src of bySource.keys()) if (!sources.has(src)) bySource.delete(src);
    },
  };
}

const pairsOf = (src: Ip, { accepted, refused }: Known): PairCount[] =>
  [...new Set([...accepted.keys(), ...refused.keys()])].map((dst) => ({
    src,
    dst,
    accepted: accepted.get(dst) ?? 0,
    refused: refused.get(dst) ?? 0,
  }));

/** Sets it as the newest entry, and drops the oldest when there are too many: returns that. */
function putLast<K, V>(map: Map<K, V>, key: K, value: V): V | undefined {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map;
  if (map.size <= kept || !oldest) return undefined;
  map.delete(oldest[0]);
  return oldest[1];
}
