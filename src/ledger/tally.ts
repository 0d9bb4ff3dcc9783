/** tally — uses that are not on disk yet: a number in memory for each, because a use may take no longer for being counted. */
import { mostNamed, type Count } from './counts.ts';
import type { Access } from './entry.ts';

const minuteMs = 60_000;

export type Tally = {
  readonly add: (access: Access) => void;
  /** What was counted since, each of one minute; it begins anew. */
  take(): Count[];
};

/**
 * @param onFirst  something is counted, and nothing was before
 * @param now      ms since the Unix epoch
 */
export function createTally(onFirst: () => void, now: () => number = Date.now): Tally {
  let minute = openMinute();
  let current = Number.NaN;
  /** Of minutes that are over. */
  let over: Count[] = [];
  const close = (): void => {
    for (const count of minute.counts.values()) over.push(count);
    minute = openMinute();
  };
  return {
    add(access) {
      const at = now();
      const number = Math.floor(at / minuteMs);
      if (number !== current) {
        close();
        current = number;
      }
      if (minute.counts.size === 0 && over.length === 0) onFirst();
      addTo(minute.countOf(access, at), access, at);
    },
    take() {
      close();
      const taken = over;
      over = [];
      return taken;
    },
  };
}

function addTo(count: Count, access: Access, at: number): void {
  count.reads += access.reads ?? 0;
  count.writes += access.writes ?? 0;
  count.readBytes += access.readBytes ?? 0;
  count.writtenBytes += access.writtenBytes ?? 0;
  count.refused += access.refused ?? 0;
  // Within the minute the clock may have been set back.
  count.first = Math.min(count.first, at);
  count.last = Math.max(count.last, at);
}

type Place = Pick<Access, 'component' | 'store' | 'datasource'>;

/** By source; names of a component that are too many are one. */
function openMinute() {
  const counts = new Map<string, Count>();
  const named = new Map<string, number>();
  function countOf({ component, store, datasource }: Place, at: number): Count {
    const key = `${component}\n${store}\n${datasource}`;
    const known = counts.get(key);
    if (known) return known;
    const names = named.get(component) ?? 0;
    if (names >= mostNamed && datasource !== '*') return countOf({ component, store, datasource: '*' }, at);
    named.set(component, names + 1);
    const none = { reads: 0, writes: 0, readBytes: 0, writtenBytes: 0, refused: 0 };
    const count = { component, store, datasource, ...none, first: at, last: at };
    counts.set(key, count);
    return count;
  }
  return { counts, countOf };
}
